"""Tasks as users of their own, which only root's server can have."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.batch import BatchClient
from azure.batch import models as service

from tests.conftest import Local, batchlocal_command, start_local
from tests.server.batch import an_account, environment_of
from tests.support.waiting import until

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start processes of other users")
LINUX = ("canonical", "ubuntu-24_04-lts", "server", "batch.node.ubuntu 24.04")
WINDOWS = ("microsoftwindowsserver", "windowsserver", "2022-datacenter", "batch.node.windows amd64")
USERS = [
    service.UserAccount(name="ada", password="not-shown-0"),
    service.UserAccount(name="boss", password="not-shown-1", elevation_level="admin"),
]
OWN = service.UserIdentity(auto_user=service.AutoUserSpecification(scope="task"))
ADMIN = service.UserIdentity(auto_user=service.AutoUserSpecification(elevation_level="admin"))


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that every user can pass through; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def local(open_folder: Path) -> Iterator[Local]:
    local = start_local(open_folder / "data", "--task-users", "own")
    with environment_of(local):
        yield local
    local.run("stop")


@pytest.fixture(scope="module")
def batch(local: Local) -> Iterator[BatchClient]:
    """A client of an account with a Linux and a Windows pool, and a job of the pool's name on each."""
    endpoint, credential = an_account(local)
    with BatchClient(endpoint, credential) as client:
        leave = "sh -c 'echo here > left; setsid sleep 600 & echo $! > service'"
        for name, image in (("linux", LINUX), ("windows", WINDOWS)):
            make_pool(
                client, name, image, start_task=service.BatchStartTask(command_line=leave) if name == "linux" else None
            )
        yield client


def make_pool(client: BatchClient, name: str, image: tuple[str, str, str, str], **options: object) -> None:
    publisher, offer, sku, agent = image
    reference = service.BatchVmImageReference(publisher=publisher, offer=offer, sku=sku)
    client.create_pool(
        service.BatchPoolCreateOptions(
            id=name,
            vm_size="standard_d4s_v3",
            virtual_machine_configuration=service.VirtualMachineConfiguration(
                image_reference=reference, node_agent_sku_id=agent
            ),
            target_dedicated_nodes=1,
            task_slots_per_node=8,
            user_accounts=USERS if name == "linux" else None,
            **options,
        )
    )
    prepare = (
        service.BatchJobPreparationTask(command_line="/bin/sh -c 'echo prepared > made'") if name == "linux" else None
    )
    pool = service.BatchPoolInfo(pool_id=name)
    client.create_job(service.BatchJobCreateOptions(id=name, pool_info=pool, job_preparation_task=prepare))


def run(
    batch: BatchClient, task: str, command: str, identity: service.UserIdentity | None = None, **more: object
) -> int | None:
    """The exit code of a task of this id, once it is completed."""
    job = str(more.pop("job", "linux"))
    options = service.BatchTaskCreateOptions(id=task, command_line=command, user_identity=identity, **more)
    batch.create_task(job, options)
    until(lambda: batch.get_task(job, task).state == "completed", 60)
    code: int | None = batch.get_task(job, task).execution_info.exit_code
    return code


def said(batch: BatchClient, task: str, job: str = "linux") -> list[str]:
    return b"".join(batch.download_task_file(job, task, "stdout.txt")).decode().split()


@only_root
def test_tasks_run_as_users_of_their_own_and_see_no_secrets(local: Local, batch: BatchClient) -> None:
    command = f"/bin/sh -c 'id -u; echo x > made; cat {local.data}/batchlocal.sqlite {local.data}/identity/* || exit 7'"
    named = [service.UserIdentity(username=name) for name in ("ada", "boss")]
    kinds = {"a": None, "b": None, "own": OWN, "admin": ADMIN, "ada": named[0], "boss": named[1]}
    codes = {name: run(batch, f"users-{name}", command, identity) for name, identity in kinds.items()}
    users = {name: int(said(batch, f"users-{name}")[0]) for name in kinds}
    assert codes == {"a": 7, "b": 7, "own": 7, "admin": 0, "ada": 7, "boss": 0}
    assert users["admin"] == users["boss"] == 0
    assert users["a"] == users["b"]
    assert len({users["a"], users["own"], users["ada"], 0}) == 4


@only_root
def test_tasks_share_what_they_may_and_no_more(batch: BatchClient) -> None:
    assert run(batch, "share-a", "/bin/sh -c 'echo a > mine; echo a > $AZ_BATCH_NODE_SHARED_DIR/a'") == 0
    look = (
        "cat $AZ_BATCH_NODE_STARTUP_DIR/wd/left $AZ_BATCH_JOB_PREP_WORKING_DIR/made $AZ_BATCH_NODE_SHARED_DIR/a;"
        "echo b > $AZ_BATCH_NODE_SHARED_DIR/b && ! touch $AZ_BATCH_NODE_STARTUP_DIR/wd/more;"
        "cat ../../share-a/wd/mine || echo closed"
    )
    for name, identity in (("share-own", OWN), ("share-ada", service.UserIdentity(username="ada"))):
        assert run(batch, name, f"/bin/sh -c '{look}'", identity) == 0
        assert said(batch, name) == ["here", "prepared", "a", "closed"]


@only_root
def test_a_task_finds_its_user_in_its_environment(batch: BatchClient) -> None:
    show = "/bin/sh -c 'echo $USER $AZ_BATCH_TASK_USER $AZ_BATCH_TASK_USER_IDENTITY; test $HOME = $PWD && test -O .'"
    assert run(batch, "environment", show) == 0
    assert said(batch, "environment") == ["_azbatch", "_azbatch", "PoolNonAdmin"]
    assert run(batch, "environment-ada", show, service.UserIdentity(username="ada")) == 0
    assert said(batch, "environment-ada") == ["ada", "ada"]


@only_root
def test_processes_of_other_users_end_with_their_task(batch: BatchClient) -> None:
    command = "/bin/sh -c 'setsid sleep 600 & echo $!; sleep 600'"
    limit = service.BatchTaskConstraints(max_wall_clock_time="PT1S")
    assert run(batch, "late", command, OWN, constraints=limit) is None
    pid = int(said(batch, "late")[0])
    until(lambda: not Path(f"/proc/{pid}").exists(), 10)


@only_root
def test_an_attempt_cannot_make_the_next_one_write_elsewhere(batch: BatchClient, open_folder: Path) -> None:
    precious = open_folder / "precious"
    precious.write_text("kept")
    trap = f"/bin/sh -c 'rm ../stdout.txt; ln -s {precious} ../stdout.txt; exit 1'"
    again = service.BatchTaskConstraints(max_task_retry_count=1)
    assert run(batch, "trap", trap, constraints=again) == 1
    assert precious.read_text() == "kept"


@only_root
def test_outputs_are_of_files_that_the_task_could_read(local: Local, batch: BatchClient) -> None:
    secret = next((local.data / "identity").iterdir())
    output = service.OutputFile(
        file_pattern="*.txt",
        destination=service.OutputFileDestination(
            container=service.OutputFileBlobContainerDestination(container_url="https://localhost:1/none?sig=x")
        ),
        upload_options=service.OutputFileUploadConfiguration(upload_condition="taskcompletion"),
    )
    assert run(batch, "outputs", f"/bin/sh -c 'ln -s {secret} found.txt'", output_files=[output]) == 0
    assert batch.get_task("linux", "outputs").execution_info.failure_info is None  # nothing was there to upload


@only_root
def test_the_stand_in_for_windows_is_the_tasks_user_too(local: Local, batch: BatchClient) -> None:
    command = f'cmd /c "echo mine>made.txt & type made.txt & type {local.data}/batchlocal.sqlite"'
    assert run(batch, "windows", command, job="windows") == 1
    assert said(batch, "windows", "windows") == ["mine"]


@pytest.mark.slow
@only_root
def test_a_killed_server_leaves_no_process_of_other_users(open_folder: Path) -> None:
    folder = open_folder / "killed"
    local = start_local(folder, "--task-users", "own")
    with environment_of(local):
        endpoint, credential = an_account(local)
        with BatchClient(endpoint, credential) as client:
            make_pool(client, "linux", LINUX)
            command = "/bin/sh -c 'setsid sleep 600 & echo $!; test -e $AZ_BATCH_NODE_SHARED_DIR/x || sleep 600'"
            client.create_task("linux", service.BatchTaskCreateOptions(id="task", command_line=command))
            until(lambda: client.get_task("linux", "task").state == "running" and bool(said(client, "task")), 60)
            pid = int(said(client, "task")[0])
            os.kill(local.pid, signal.SIGKILL)
            node = next(folder.glob("nodes/*/linux/*"))
            (node / "shared" / "x").touch()
            start_local(folder, "--task-users", "own")
            try:
                until(lambda: client.get_task("linux", "task").state == "completed", 60)
                assert client.get_task("linux", "task").execution_info.requeue_count == 1
                until(lambda: not Path(f"/proc/{pid}").exists(), 10)
                client.begin_delete_pool("linux")
                until(lambda: not node.exists(), 60)
            finally:
                local.run("stop")


def whom(folder: Path) -> tuple[str, str, str]:
    """What a start on a folder prints, whom its tasks run as by its status, and why."""
    started = batchlocal_command("start", "--detach", "--data", str(folder))
    try:
        status = json.loads(batchlocal_command("status", "--json", "--data", str(folder)).stdout)
    finally:
        batchlocal_command("stop", "--data", str(folder))
    return started.stdout, status["taskUsers"], status["taskUsersReason"]


@only_root
def test_root_gives_tasks_users_of_their_own_where_it_can(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = open_folder / "bin"
    programs.mkdir()
    (programs / "python3").write_text("#!/bin/sh\n")
    (programs / "python3").chmod(0o755)
    if node := shutil.which("node"):  # runs linked storage
        (programs / "node").symlink_to(node)
    monkeypatch.setenv("PATH", str(programs))
    folder = open_folder / "auto"
    said, users, _ = whom(folder)
    assert "users of their own" not in said
    assert users == "own"
    (programs / "python3").chmod(0o700)
    _, users, reason = whom(folder)
    assert users == "server"
    assert "python3 is out of their reach" in reason
    open_folder.chmod(0o700)
    try:
        said, users, reason = whom(folder)
        refused = batchlocal_command("start", "--detach", "--data", str(folder), "--task-users", "own")
    finally:
        open_folder.chmod(0o755)
    assert "tasks run as root, not as users of their own:" in said
    assert users == "server"
    assert f"{open_folder} is closed to other users (mode 0700); choose another data folder" in reason
    assert folder.stat().st_mode & 0o777 == 0o700
    assert refused.returncode == 1
    assert "is closed to other users" in refused.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may")
def test_only_root_can_give_tasks_users_of_their_own(tmp_path: Path) -> None:
    refused = batchlocal_command("start", "--detach", "--data", str(tmp_path), "--task-users", "own")
    assert refused.returncode == 1
    assert "only root" in refused.stderr
