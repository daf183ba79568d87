"""The plugin's process: how it starts, what it needs to be told, whom it talks to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from batchlocal.plugin import install
from tests.conftest import Local
from tests.plugin.host import Plugin, Refused
from tests.support.orphans import orphan
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
GIVEN = {"subscriptionId": "s", "tenantId": "t", "clientId": "c", "clientSecret": "hidden-word"}
LIST = {"resourceGroupName": "g", "accountName": "a"}


def test_it_starts_without_what_only_other_programs_need() -> None:
    code = "import batchlocal.plugin.__main__, sys; print(*sys.modules)"
    started = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"azure", "msal", "pulumi_azure_native", "rich", "typer", "uvicorn", "batchlocal.app", "pulumi.resource"}
    assert heavy.isdisjoint(started.stdout.split())


def test_a_project_folder_cannot_put_modules_in_its_place(tmp_path: Path) -> None:
    for name in ("batchlocal", "grpc", "json", "asyncio"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken over')\n")
    with Plugin(tmp_path, {"PYTHONPATH": str(tmp_path)}) as plugin:
        assert plugin.inputs("resources:ResourceGroup", {"location": "westeurope"})


def test_the_executable_is_written_once(tmp_path: Path) -> None:
    first = install(tmp_path).stat()
    assert first.st_mode & 0o111
    assert install(tmp_path).stat().st_mtime_ns == first.st_mtime_ns


def test_it_can_be_run_as_a_module() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "batchlocal.plugin", "127.0.0.1:1"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert int(process.stdout.readline()) > 0
    process.terminate()
    assert process.communicate(timeout=30) == ("", None)
    assert process.returncode == 0


def test_it_ends_when_the_engine_that_started_it_was_killed() -> None:
    plugin = orphan(sys.executable, "-m", "batchlocal.plugin", "127.0.0.1:1", cwd=ROOT)
    until(lambda: not Path(f"/proc/{plugin}").exists())


def test_what_is_missing_is_named_with_the_mend(alone: Plugin) -> None:
    with pytest.raises(Refused, match=r"set ARM_TENANT_ID, ARM_CLIENT_SECRET; .*batchlocal env"):
        alone.configure(subscriptionId="s", clientId="c")


def test_an_unknown_environment_is_refused(alone: Plugin) -> None:
    with pytest.raises(Refused, match="environment 'mars' is unknown: it is public"):
        alone.configure(**GIVEN, environment="mars")


def test_only_https_is_spoken(tmp_path: Path) -> None:
    with Plugin(tmp_path, {}) as plugin:
        plugin.configure(**GIVEN, metadataHost="http://localhost:1")
        with pytest.raises(Refused, match="http://localhost:1 is not an https address"):
            plugin.invoke("batch:listBatchAccountKeys", **LIST)


def test_a_cloud_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with Plugin(tmp_path, {}) as plugin:
        plugin.configure(**GIVEN, metadataHost="localhost:1")
        with pytest.raises(Refused, match="localhost:1 does not answer"):
            plugin.invoke("batch:listBatchAccountKeys", **LIST)


def test_a_cloud_with_a_foreign_certificate_is_not_talked_to(batchlocal: Local, tmp_path: Path) -> None:
    environment = {
        name: value
        for name, value in batchlocal.environment.items()
        if name not in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
    }
    with Plugin(tmp_path, environment) as plugin:
        plugin.configure()
        with pytest.raises(Refused, match="CERTIFICATE_VERIFY_FAILED"):
            plugin.invoke("batch:listBatchAccountKeys", **LIST)


def test_a_wrong_secret_is_told_in_the_authoritys_words_and_does_not_print(batchlocal: Local, tmp_path: Path) -> None:
    with Plugin(tmp_path, batchlocal.environment) as plugin:
        plugin.configure(clientSecret="hidden-word")
        with pytest.raises(Refused, match="AADSTS7000215") as refused:
            plugin.invoke("batch:listBatchAccountKeys", **LIST)
        assert "hidden-word" not in str(refused.value)
    assert "hidden-word" not in plugin.log.read_text()


def test_the_types_table_is_what_the_script_makes() -> None:
    checked = subprocess.run(
        [sys.executable, "scripts/make_plugin_types.py", "--check"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr


def test_code_is_not_written_and_says_so(alone: Plugin) -> None:
    with pytest.raises(grpc.RpcError, match="generate-code=false") as refused:
        alone.stub.GetSchema(provider_pb2.GetSchemaRequest())
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
