"""Snapshots: resources, tasks, blobs and node folders go back together."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from azure.storage.blob import BlobServiceClient

from tests.conftest import batchlocal_command
from tests.control.conftest import Steered, start_steered
from tests.support.waiting import until

STORAGE_VERSION = "2023-05-01"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steered]:
    steered = start_steered(tmp_path_factory.mktemp("snapshots") / "data")
    yield steered
    batchlocal_command("stop", "--data", str(steered.local.data))


@pytest.fixture
def storage(own: Steered, monkeypatch: pytest.MonkeyPatch) -> Iterator[BlobServiceClient]:
    """A storage account's blobs."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", own.local.settings["caFile"])
    path = f"/resourceGroups/{own.group}/providers/Microsoft.Storage/storageAccounts/s{uuid.uuid4().hex[:9]}"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    assert own.arm("PUT", path, body, STORAGE_VERSION).ok
    until(
        lambda: own.arm("GET", path, version=STORAGE_VERSION).json()["properties"]["provisioningState"] == "Succeeded"
    )
    account = own.arm("GET", path, version=STORAGE_VERSION).json()
    key = own.arm("POST", f"{path}/listKeys", version=STORAGE_VERSION).json()["keys"][0]["value"]
    with BlobServiceClient(account["properties"]["primaryEndpoints"]["blob"], credential=key) as client:
        yield client


def save(own: Steered, name: str) -> None:
    assert own.control("PUT", f"/snapshots/{name}").status_code == 201


def restore(own: Steered, name: str) -> None:
    assert own.control("POST", f"/snapshots/{name}/restore").status_code == 200


def run_task(own: Steered, account: str, job: str) -> None:
    own.service("POST", account, "jobs", {"id": job, "poolInfo": {"poolId": "pool"}})
    own.service("POST", account, f"jobs/{job}/tasks", {"id": "t", "commandLine": "/bin/sh -c 'echo done'"})
    until(lambda: own.service("GET", account, f"jobs/{job}/tasks/t").json()["state"] == "completed")


def output(own: Steered, account: str, job: str) -> requests.Response:
    return own.service("GET", account, f"jobs/{job}/tasks/t/files/stdout.txt")


def test_all_goes_back_together(own: Steered, storage: BlobServiceClient) -> None:
    account = own.new_account()
    own.new_pool(account)
    run_task(own, account, "before")
    container = storage.create_container("con")
    container.upload_blob("kept", b"as it was")
    save(own, "ready")
    container.upload_blob("kept", b"changed", overwrite=True)
    container.upload_blob("new", b"x")
    run_task(own, account, "after")
    assert own.service("DELETE", account, "jobs/before").status_code == 202
    other = own.new_account()
    restore(own, "ready")
    assert own.account("GET", other).status_code == 404
    assert own.service("GET", account, "jobs/after").status_code == 404
    assert output(own, account, "before").text == "done\n"
    assert container.download_blob("kept").readall() == b"as it was"
    assert [blob.name for blob in container.list_blobs()] == ["kept"]
    run_task(own, account, "again")
    container.upload_blob("later", b"y")


def test_an_acknowledged_blob_is_in_the_snapshot(own: Steered, storage: BlobServiceClient) -> None:
    """Azurite holds writes in memory for up to two seconds; a snapshot does not wait for that."""
    container = storage.create_container("con")
    container.upload_blob("just", b"written")
    save(own, "at-once")
    container.delete_blob("just")
    restore(own, "at-once")
    assert container.download_blob("just").readall() == b"written"


def test_a_saved_running_task_runs_on_and_a_restored_one_runs_again(own: Steered, tmp_path: Path) -> None:
    account = own.new_account()
    own.new_pool(account)
    own.service("POST", account, "jobs", {"id": "j", "poolInfo": {"poolId": "pool"}})
    go, runs = tmp_path / "go", tmp_path / "runs"
    command = f"/bin/sh -c 'echo $$ >> {runs}; while [ ! -e {go} ]; do sleep 0.1; done'"
    own.service("POST", account, "jobs/j/tasks", {"id": "t", "commandLine": command})
    until(lambda: runs.exists() and bool(runs.read_text()))
    save(own, "running")
    assert own.service("GET", account, "jobs/j/tasks/t").json()["state"] == "running"
    restore(own, "running")
    until(lambda: len(runs.read_text().split()) == 2)
    first = int(runs.read_text().split()[0])
    assert not Path(f"/proc/{first}/cmdline").exists() or not Path(f"/proc/{first}/cmdline").read_bytes()
    go.touch()
    until(lambda: own.service("GET", account, "jobs/j/tasks/t").json()["state"] == "completed")
    assert own.service("GET", account, "jobs/j/tasks/t").json()["executionInfo"]["requeueCount"] == 1


def test_a_preparation_that_a_restore_cuts_off_is_made_again_and_has_not_failed(own: Steered, tmp_path: Path) -> None:
    account = own.new_account()
    assert own.new_pool(account).ok
    until(lambda: own.node_states(account) == ["idle"])
    began, go = tmp_path / "began", tmp_path / "go"
    wait = f"/bin/sh -c 'touch {began}; while ! test -e {go}; do sleep 0.05; done'"
    own.service(
        "POST", account, "jobs", {"id": "j", "poolInfo": {"poolId": "pool"}, "jobPreparationTask": prepare(wait)}
    )
    own.service("POST", account, "jobs/j/tasks", {"id": "t", "commandLine": "/bin/true"})
    until(began.exists)
    save(own, "preparing")
    restore(own, "preparing")
    go.touch()
    until(lambda: own.service("GET", account, "jobs/j/tasks/t").json()["state"] == "completed")
    (status,) = own.service("GET", account, "jobs/j/jobpreparationandreleasetaskstatus").json()["value"]
    assert status["jobPreparationTaskExecutionInfo"]["exitCode"] == 0


def prepare(command: str) -> dict[str, object]:
    return {"id": "prepare", "commandLine": command, "waitForSuccess": True, "constraints": {"maxTaskRetryCount": 0}}


def test_what_was_owed_is_owed_again(own: Steered) -> None:
    own.control("PUT", "/time", {"mode": "manual"})
    try:
        name = f"o{uuid.uuid4().hex[:8]}"
        own.account("PUT", name, body={"location": "westeurope"})
        save(own, "owing")
        own.control("POST", "/time/advance", {"seconds": 20})
        restore(own, "owing")
        assert own.account("GET", name).json()["properties"]["provisioningState"] == "Creating"
    finally:
        own.control("PUT", "/time", {"mode": "scaled", "pace": 0.02})
    until(lambda: own.account("GET", name).json()["properties"]["provisioningState"] == "Succeeded")


def test_reset_forgets_all_but_who_we_are_and_snapshots(own: Steered, storage: BlobServiceClient) -> None:
    container = storage.create_container("con")
    container.upload_blob("b", b"x")
    account = own.new_account()
    save(own, "before-reset")
    assert own.control("POST", "/reset").json() == {"reset": True}
    assert own.arm("GET", f"/resourceGroups/{own.group}", version="2024-03-01").status_code == 404
    assert own.arm("GET", "/resourceGroups", version="2024-03-01").json()["value"] == []
    assert not list((own.local.data / "nodes").iterdir())
    restore(own, "before-reset")
    assert own.account("GET", account).status_code == 200
    assert container.download_blob("b").readall() == b"x"


@pytest.mark.slow
def test_a_restore_that_was_killed_is_finished_at_the_next_start(tmp_path: Path) -> None:
    """The mark is there before anything is touched; whoever starts on the folder does the whole exchange again."""
    own = start_steered(tmp_path / "data")
    try:
        account = own.new_account()
        save(own, "ready")
        own.account("DELETE", account)
        until(lambda: own.account("GET", account).status_code == 404)
        os.kill(int(own.local.run("status", "--json").stdout.split('"pid": ')[1].split(",")[0]), signal.SIGKILL)
        (own.local.data / "restoring").write_text("ready")
        (own.local.data / "batchlocal.sqlite").write_bytes(b"half a file")
        assert own.local.run("start", "--detach").returncode == 0
        assert own.account("GET", account).status_code == 200
        assert not (own.local.data / "restoring").exists()
    finally:
        batchlocal_command("stop", "--data", str(own.local.data))


def test_snapshots_are_listed_replaced_and_removed(own: Steered) -> None:
    save(own, "twice")
    save(own, "twice")
    names = [snapshot["name"] for snapshot in own.control("GET", "/snapshots").json()["value"]]
    assert names.count("twice") == 1
    assert own.control("DELETE", "/snapshots/twice").status_code == 204
    assert own.control("POST", "/snapshots/twice/restore").status_code == 404
    assert own.control("DELETE", "/snapshots/twice").status_code == 404
    for wrong in ("%2e%2e", ".draft", "a b"):
        assert own.control("PUT", f"/snapshots/{wrong}").status_code == 400
    assert not list((own.local.data / "snapshots").glob(".draft"))


def test_the_commands_save_and_restore(own: Steered) -> None:
    run = own.local.run
    assert run("snapshot", "save", "by-command").stdout.startswith("snapshot by-command is saved: ")
    assert "by-command" in run("snapshot", "list").stdout
    assert run("snapshot", "restore", "by-command").stdout == "all is as it was in snapshot by-command\n"
    missing = run("snapshot", "restore", "none")
    assert missing.returncode == 1
    assert missing.stderr.startswith("batchlocal: There is no snapshot 'none'; there are: ")
    assert run("snapshot", "remove", "by-command").returncode == 0
