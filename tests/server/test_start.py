"""What a start does before it answers: most of its time is the import of modules, so no heavy one comes in unseen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import batchlocal_command

# of the command that starts a server and waits for it
HEAVY_TO_START = {
    "asyncio",
    "cryptography",
    "email",
    "http.client",
    "jwt",
    "logging",
    "orjson",
    "sqlite3",
    "ssl",
    "yaml",
}
# of the server, until it answers; what comes later is imported by whoever needs it first
HEAVY_TO_SERVE = {
    *("azure", "certifi", "google", "grpc", "httpx", "importlib.resources", "msal", "pulumi", "pulumi_azure_native"),
    *("pydantic", "requests", "rich", "trustme", "typer", "websockets", "xml", "yaml"),
    *("batchmgmt.autoscale", "batchlocal.engine"),
}


def modules(code: str) -> set[str]:
    printed = f"{code}\nimport sys; print(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", printed], capture_output=True, text=True, check=True).stdout.split()
    )


def test_the_command_that_starts_a_server_imports_little(tmp_path: Path) -> None:
    code = f"from batchlocal.cli import main; assert main(['start', '--detach', '--data', {str(tmp_path)!r}]) == 0"
    try:
        assert not modules(code) & HEAVY_TO_START
    finally:
        batchlocal_command("stop", "--data", str(tmp_path))


def test_the_server_imports_nothing_that_its_first_answer_does_not_need() -> None:
    assert not modules("import batchlocal.server") & HEAVY_TO_SERVE
