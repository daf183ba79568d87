"""What benchmarks share: a batchlocal of their own, and az CLI in a folder that is kept."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
import venv
from collections.abc import Callable
from pathlib import Path

__all__ = ["beside_az", "client_environment", "local", "sign_in", "token"]

AZ = "azure-cli==2.91.0"


def beside_az(measure: Callable[[Path, Path | None], int]) -> int:
    """Measure on a batchlocal of its own, given its data folder and az, which is None where it cannot be installed."""
    az = _installed_az()  # before anything else: pip must not meet the variables of batchlocal's clients
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        local("start", "--detach", root)
        try:
            return measure(root, az)
        finally:
            local("stop", root)


def local(*arguments: object) -> str:
    *words, root = arguments
    command = [sys.executable, "-m", "batchlocal", *map(str, words), "--data", str(root)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def client_environment(root: Path) -> dict[str, str]:
    lines = local("env", "--format", "dotenv", root).splitlines()
    return {name: json.loads(value) for name, value in (line.split("=", 1) for line in lines)}


def _installed_az() -> Path | None:
    """az, installed in a folder that is kept; None where it cannot be installed."""
    home = Path(os.environ.get("BENCH_CACHE") or Path.home() / ".cache" / "batchmgmt-bench") / AZ
    az = home / "bin" / "az"
    if not az.exists():
        print(f"installing {AZ} into {home} (once, about 80 s)", flush=True)
        venv.create(home, with_pip=True)
        installing = [str(home / "bin" / "python"), "-m", "pip", "install", "-q", AZ]
        if subprocess.run(installing, check=False).returncode:
            return None
    return az


def sign_in(az: Path, root: Path, environment: dict[str, str]) -> None:
    """Sign az in to the batchlocal, with a configuration of its own."""
    environment["AZURE_CONFIG_DIR"] = str(root / "azure")
    environment["AZURE_CORE_COLLECT_TELEMETRY"] = "false"
    origin = f"https://{environment['ARM_METADATA_HOSTNAME']}"
    identity = ["-u", environment["AZURE_CLIENT_ID"], "-p", environment["AZURE_CLIENT_SECRET"]]
    for arguments in (
        ["cloud", "register", "-n", "bench", "--endpoint-resource-manager", origin],
        ["cloud", "set", "-n", "bench"],
        ["login", "--service-principal", *identity, "-t", environment["AZURE_TENANT_ID"]],
    ):
        subprocess.run([str(az), *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)


def token(settings: dict[str, str], context: ssl.SSLContext, resource: str = "") -> str:
    """An access token for a resource, or else for ARM, by what `batchlocal env --format json` says."""
    form = {
        "grant_type": "client_credentials",
        "client_id": settings["clientId"],
        "client_secret": settings["clientSecret"],
        "scope": f"{resource or settings['armEndpoint']}/.default",
    }
    url = f"{settings['authorityHost']}/{settings['tenantId']}/oauth2/v2.0/token"
    with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode(), context=context) as answer:
        return str(json.load(answer)["access_token"])
