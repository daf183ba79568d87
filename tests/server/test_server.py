"""The server as a process: started, asked, killed, started again."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.conftest import Local, batchlocal_command, start_local
from tests.support.waiting import until


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Local]:
    """A server of the test's own."""
    local = start_local(tmp_path / "data")
    yield local
    batchlocal_command("stop", "--data", str(local.data))


def is_running(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for init to notice does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def pid_of(local: Local) -> int:
    return int(json.loads(local.run("status", "--json").stdout)["pid"])


def token_for(local: Local, resource: str) -> str:
    """An Entra token, asked for as any OAuth client does."""
    settings = local.settings
    form = {
        "grant_type": "client_credentials",
        "client_id": settings["clientId"],
        "client_secret": settings["clientSecret"],
        "scope": f"{resource}/.default",
    }
    url = f"{settings['authorityHost']}/{settings['tenantId']}/oauth2/v2.0/token"
    token: str = requests.post(url, data=form, verify=settings["caFile"], timeout=10).json()["access_token"]
    return token


def arm(local: Local, method: str, path: str, body: object = None) -> requests.Response:
    """One request to ARM, with a token and our CA."""
    settings = local.settings
    headers = {"Authorization": f"Bearer {token_for(local, settings['armEndpoint'])}"}
    whole = f"{settings['armEndpoint']}/subscriptions/{local.subscription}{path}"
    return requests.request(method, whole, json=body, headers=headers, verify=settings["caFile"], timeout=10)


GROUP = "/resourceGroups/kept?api-version=2024-03-01"
ACCOUNT = "/resourceGroups/kept/providers/Microsoft.Batch/batchAccounts/keptaccount"
VERSION = "?api-version=2024-07-01"


def test_what_was_acknowledged_is_there_after_a_kill(own: Local) -> None:
    assert arm(own, "PUT", GROUP, {"location": "westeurope"}).status_code == 201
    accepted = arm(own, "PUT", ACCOUNT + VERSION, {"location": "westeurope"})
    assert accepted.status_code == 202
    os.kill(pid_of(own), signal.SIGKILL)
    assert own.run("start", "--detach").returncode == 0
    until(lambda: arm(own, "GET", ACCOUNT + VERSION).json()["properties"]["provisioningState"] == "Succeeded")
    token = accepted.headers["Location"].split("/subscriptions/")[1].split("/", 1)[1]
    assert arm(own, "GET", f"/{token}").status_code == 200


def test_a_killed_server_leaves_no_process_and_its_tasks_run_again(own: Local) -> None:
    """A task that was running is requeued once, and what it had started is gone."""
    arm(own, "PUT", GROUP, {"location": "westeurope"})
    arm(own, "PUT", ACCOUNT + VERSION, {"location": "westeurope"})
    until(lambda: arm(own, "GET", ACCOUNT + VERSION).json()["properties"]["provisioningState"] == "Succeeded")
    machine = {
        "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
        "nodeAgentSkuId": "batch.node.ubuntu 24.04",
    }
    pool = {
        "vmSize": "Standard_D2s_v3",
        "deploymentConfiguration": {"virtualMachineConfiguration": machine},
        "scaleSettings": {"fixedScale": {"targetDedicatedNodes": 1}},
    }
    assert arm(own, "PUT", f"{ACCOUNT}/pools/p{VERSION}", {"properties": pool}).status_code == 200
    marks = own.data.parent / "marks"
    service = Service(own)
    service.post("jobs", {"id": "j", "poolInfo": {"poolId": "p"}})
    command = f"/bin/sh -c 'echo $$ >> {marks}; [ $(wc -l < {marks}) -gt 1 ] || sleep 600'"
    service.post("jobs/j/tasks", {"id": "t", "commandLine": command})
    until(lambda: marks.exists() and bool(marks.read_text().strip()))
    os.kill(pid_of(own), signal.SIGKILL)
    assert own.run("start", "--detach").returncode == 0
    until(lambda: service.get("jobs/j/tasks/t")["state"] == "completed")
    task = service.get("jobs/j/tasks/t")
    assert task["executionInfo"]["requeueCount"] == 1
    assert task["executionInfo"]["exitCode"] == 0
    first = int(marks.read_text().split()[0])
    assert not is_running(first)


class Service:
    """The Batch service with an Entra token."""

    def __init__(self, local: Local) -> None:
        self._local = local
        self._token = token_for(local, "https://batch.core.windows.net/")

    def post(self, path: str, body: object) -> None:
        assert self._send("POST", path, body).status_code == 201

    def get(self, path: str) -> dict[str, object]:
        return self._send("GET", path).json()

    def _send(self, method: str, path: str, body: object = None) -> requests.Response:
        url = f"{self._local.settings['armEndpoint']}/keptaccount/{path}?api-version=2024-07-01.20.0"
        headers = {"Authorization": f"Bearer {self._token}"}
        ca = self._local.settings["caFile"]
        return requests.request(method, url, json=body, headers=headers, verify=ca, timeout=10)


def test_starting_again_keeps_port_and_credentials(own: Local) -> None:
    assert own.run("stop").returncode == 0
    assert own.run("status").returncode == 1
    assert own.run("start", "--detach").returncode == 0
    again = json.loads(own.run("env", "--format", "json").stdout)
    assert again == own.settings


def test_a_second_start_finds_the_first(own: Local) -> None:
    again = own.run("start", "--detach")
    assert again.returncode == 0
    assert own.settings["armEndpoint"] in again.stdout


def test_stop_ends_the_server_and_whoever_has_its_old_pid_lives(own: Local) -> None:
    pid = own.pid
    with subprocess.Popen(["sleep", "60"]) as bystander:
        told = json.loads((own.data / "server.json").read_text())
        (own.data / "server.json").write_text(json.dumps({**told, "pid": bystander.pid}))
        stopped = own.run("stop")
        assert (stopped.returncode, bystander.poll(), is_running(pid)) == (0, None, False)
        bystander.kill()


@pytest.mark.slow
def test_a_reset_leaves_a_server_that_does_not_answer_its_store(own: Local) -> None:
    os.kill(own.pid, signal.SIGSTOP)
    reset = subprocess.Popen([sys.executable, "-m", "batchlocal", "reset", "--data", str(own.data)])
    with pytest.raises(subprocess.TimeoutExpired):  # nothing is done without it
        reset.wait(4)
    os.kill(own.pid, signal.SIGCONT)
    assert reset.wait(30) == 0
    assert arm(own, "PUT", GROUP, {"location": "westeurope"}).status_code == 201
    os.kill(own.pid, signal.SIGKILL)
    assert own.run("start", "--detach").returncode == 0
    assert arm(own, "GET", GROUP).status_code == 200


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        refused = batchlocal_command("start", "--detach", "--port", str(port), "--data", str(tmp_path / "d"))
    assert refused.returncode == 1
    assert str(port) in refused.stderr
    assert "Traceback" not in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_without_a_server_env_says_what_to_do(tmp_path: Path) -> None:
    refused = batchlocal_command("env", "--data", str(tmp_path / "none"))
    assert refused.returncode == 1
    assert "batchlocal start" in refused.stderr
    assert batchlocal_command("status", "--json", "--data", str(tmp_path / "none")).returncode == 1


def test_a_shell_that_evaluates_env_has_what_clients_read(own: Local) -> None:
    text = own.run("env", "--format", "shell").stdout
    script = f"{text}\nprintenv ARM_METADATA_HOSTNAME AZURE_CLIENT_ID ARM_SUBSCRIPTION_ID SSL_CERT_FILE; which {PLUGIN}"
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.splitlines()
    settings = own.settings
    known = [settings["metadataHost"], settings["clientId"], settings["subscriptionId"], settings["caBundle"]]
    assert said == [*known, f"{settings['pluginPath']}/{PLUGIN}"]


PLUGIN = "pulumi-resource-azure-native"


def test_secrets_lie_in_private_files_and_nowhere_else(own: Local) -> None:
    secret = own.settings["clientSecret"]
    holders = [file for file in own.data.rglob("*") if file.is_file() and secret in file.read_text(errors="ignore")]
    assert [file.name for file in holders] == ["credentials.json"]
    of_the_folder = [file for file in own.data.iterdir() if file.is_file()]
    assert {"batchlocal.sqlite", "server.log", "start.log"} <= {file.name for file in of_the_folder}
    assert [file for file in (*holders, *of_the_folder, own.data) if file.stat().st_mode & 0o077] == []
    arguments = Path(f"/proc/{pid_of(own)}/cmdline").read_bytes().decode()
    assert secret not in shlex.quote(arguments)


def test_reset_forgets_resources_and_keeps_who_we_are(own: Local) -> None:
    assert arm(own, "PUT", GROUP, {"location": "westeurope"}).status_code == 201
    assert own.run("reset").returncode == 0
    assert arm(own, "GET", GROUP).status_code == 404
    assert json.loads(own.run("env", "--format", "json").stdout) == own.settings


def test_the_control_api_needs_its_own_token(own: Local) -> None:
    url = f"{own.settings['controlEndpoint']}/status"
    assert requests.get(url, verify=own.settings["caFile"], timeout=10).status_code == 401
    headers = {"Authorization": f"Bearer {(own.data / 'identity' / 'control.token').read_text()}"}
    assert requests.get(url, headers=headers, verify=own.settings["caFile"], timeout=10).json()["ready"] is True
