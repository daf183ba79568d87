"""Containers by a real Docker daemon; skipped where none answers."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.batch import BatchClient
from azure.batch import models as service

from tests.conftest import Local, start_local
from tests.server.batch import an_account, environment_of
from tests.support.waiting import until


def docker(*words: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["docker", *words], capture_output=True, check=False, timeout=60, **options)


def has_docker() -> bool:
    return shutil.which("docker") is not None and docker("version").returncode == 0


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not has_docker(), reason="no Docker daemon answers on this machine"),
]
OPTIONS = ("--task-users", "own") if os.geteuid() == 0 else ()
PROGRAMS = ("sh", "id", "cat", "sleep", "env", "touch")


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """An image made of a few of this machine's programs and what they are linked to; nothing is downloaded."""
    name = f"batchlocal-test-{uuid.uuid4().hex[:6]}"
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", dereference=True) as archive:
        programs = {f"bin/{program}": str(shutil.which(program)) for program in PROGRAMS}
        files = programs | {one.lstrip("/"): one for file in programs.values() for one in libraries(file)}
        for folder in sorted({str(parent) for inside in files for parent in Path(inside).parents}):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for inside, file in files.items():
            archive.add(file, inside)
    made = docker("import", "--change", "WORKDIR /bin", "-", name, input=content.getvalue())
    assert made.returncode == 0, made.stderr
    yield name
    docker("rmi", "--force", name)


def libraries(program: str) -> list[str]:
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    return [word for line in listed.splitlines() for word in line.split() if word.startswith("/")]


@pytest.fixture(scope="module")
def local() -> Iterator[Local]:
    """A server in a folder that every user can pass through, so that root's tasks have users of their own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        local = start_local(Path(folder) / "data", *OPTIONS)
        with environment_of(local):
            yield local
        local.run("stop")


@pytest.fixture(scope="module")
def batch(local: Local, image: str) -> Iterator[BatchClient]:
    """A client of an account with a pool for containers and its job."""
    endpoint, credential = an_account(local)
    with BatchClient(endpoint, credential) as client:
        make_pool(client, "pool", container_image_names=[image])
        client.create_job(service.BatchJobCreateOptions(id="job", pool_info=service.BatchPoolInfo(pool_id="pool")))
        yield client


def make_pool(client: BatchClient, name: str, start_task: service.BatchStartTask | None = None, **more: Any) -> None:
    reference = service.BatchVmImageReference(publisher="microsoft-dsvm", offer="ubuntu-hpc", sku="2204")
    machine = service.VirtualMachineConfiguration(
        image_reference=reference,
        node_agent_sku_id="batch.node.ubuntu 22.04",
        container_configuration=service.BatchContainerConfiguration(type="dockerCompatible", **more),
    )
    client.create_pool(
        service.BatchPoolCreateOptions(
            id=name,
            vm_size="standard_d4s_v3",
            virtual_machine_configuration=machine,
            target_dedicated_nodes=1,
            task_slots_per_node=4,
            start_task=start_task,
        )
    )


def run(
    batch: BatchClient, command: str, settings: service.BatchTaskContainerSettings, **more: Any
) -> service.BatchTask:
    """A task in a container, completed."""
    task = f"t{uuid.uuid4().hex[:6]}"
    batch.create_task(
        "job", service.BatchTaskCreateOptions(id=task, command_line=command, container_settings=settings, **more)
    )
    until(lambda: batch.get_task("job", task).state == "completed", 60)
    return batch.get_task("job", task)


def said(batch: BatchClient, task: service.BatchTask) -> str:
    return b"".join(batch.download_task_file("job", str(task.id), "stdout.txt")).decode()


def test_a_task_runs_in_its_image_where_batch_says(batch: BatchClient, image: str) -> None:
    settings = service.BatchTaskContainerSettings(image_name=image, container_run_options="--rm --hostname inside")
    look = "cat /proc/sys/kernel/hostname; pwd; echo $AZ_BATCH_TASK_ID $MINE; test ! -e /root; echo x > made; exit 5"
    task = run(
        batch,
        f"/bin/sh -c '{look}'",
        settings,
        environment_settings=[service.EnvironmentSetting(name="MINE", value="two words")],
    )
    assert task.execution_info.exit_code == 5
    host, where, name, *mine = said(batch, task).split()
    assert (host, name, mine) == ("inside", task.id, ["two", "words"])
    assert where.endswith(f"job-1/{task.id}/wd")
    assert b"".join(batch.download_task_file("job", task.id, "wd/made")) == b"x\n"
    assert not docker("ps", "--all", "--quiet", "--filter", f"ancestor={image}").stdout


def test_the_images_own_directory_and_chosen_mounts(batch: BatchClient, image: str) -> None:
    mounts = [service.ContainerHostBatchBindMountEntry(source="Shared", is_read_only=True)]
    settings = service.BatchTaskContainerSettings(
        image_name=image, working_directory="containerImageDefault", container_host_batch_bind_mounts=mounts
    )
    look = "pwd; test -d $AZ_BATCH_NODE_SHARED_DIR && ! touch $AZ_BATCH_NODE_SHARED_DIR/x; test ! -d $AZ_BATCH_TASK_DIR"
    task = run(batch, f"/bin/sh -c '{look}'", settings)
    assert (task.execution_info.exit_code, said(batch, task)) == (0, "/bin\n")


def test_a_container_is_its_tasks_user(batch: BatchClient, image: str) -> None:
    settings = service.BatchTaskContainerSettings(image_name=image)
    elevated = service.UserIdentity(auto_user=service.AutoUserSpecification(elevation_level="admin"))
    users = [said(batch, run(batch, "id -u", settings, user_identity=one)) for one in (None, elevated)]
    if os.geteuid() == 0:
        assert int(users[0]) > 0
        assert int(users[1]) == 0
    else:
        assert {int(user) for user in users} == {os.geteuid()}


def test_a_container_ends_when_its_time_is_over(batch: BatchClient, image: str) -> None:
    settings = service.BatchTaskContainerSettings(image_name=image)
    limit = service.BatchTaskConstraints(max_wall_clock_time="PT2S")
    task = run(batch, "/bin/sh -c 'sleep 600; true'", settings, constraints=limit)
    assert task.execution_info.failure_info.code == "TaskEnded"
    until(lambda: not docker("ps", "--all", "--quiet", "--filter", f"ancestor={image}").stdout, 20)


def test_images_that_are_not_there_and_options_that_are_none_fail_as_on_azure(batch: BatchClient, image: str) -> None:
    missing = service.BatchTaskContainerSettings(image_name="localhost:1/none:1")
    failure = run(batch, "/bin/true", missing).execution_info.failure_info
    assert failure.code == "ContainerInvalidImage"
    wrong = service.BatchTaskContainerSettings(image_name=image, container_run_options="--no-such-option")
    failure = run(batch, "/bin/true", wrong).execution_info.failure_info
    assert failure.code == "ContainerInvalidSettings"
    assert "--no-such-option" in failure.details[0].value
    # a command may end with Docker's own code
    assert (
        run(
            batch, "/bin/sh -c 'exit 125'", service.BatchTaskContainerSettings(image_name=image)
        ).execution_info.exit_code
        == 125
    )


def test_credentials_of_a_registry_are_used_and_told_to_nobody(batch: BatchClient, local: Local) -> None:
    registry = service.ContainerRegistryReference(
        username="ada", password="never-shown-2", registry_server="localhost:1"
    )
    settings = service.BatchTaskContainerSettings(image_name="localhost:1/private:1", registry=registry)
    task = run(batch, "/bin/true", settings)
    assert task.execution_info.failure_info.code == "ContainerInvalidImage"
    assert "never-shown-2" not in str(task.as_dict())
    assert b"never-shown-2" not in local.data.joinpath("server.log").read_bytes()


def test_a_pools_images_are_fetched_before_its_nodes_are_idle(batch: BatchClient, image: str) -> None:
    make_pool(batch, "missing", container_image_names=[image, "localhost:1/none:1"])
    until(lambda: [node.state for node in batch.list_nodes("missing")] == ["unusable"], 60)
    (node,) = batch.list_nodes("missing")
    (error,) = node.errors
    assert error.code == "ContainerInvalidImage"
    assert error.error_details[0].value == "localhost:1/none:1"
    batch.begin_delete_pool("missing")


def test_a_start_task_runs_in_a_container(batch: BatchClient, image: str) -> None:
    settings = service.BatchTaskContainerSettings(image_name=image)
    command = "/bin/sh -c 'test ! -e /root && echo inside > $AZ_BATCH_NODE_SHARED_DIR/x'"
    make_pool(batch, "start", service.BatchStartTask(command_line=command, container_settings=settings))
    until(lambda: [node.state for node in batch.list_nodes("start")] == ["idle"], 60)
    (node,) = batch.list_nodes("start")
    assert b"".join(batch.download_node_file("start", node.id, "shared/x")) == b"inside\n"
    batch.begin_delete_pool("start")


def test_containers_of_a_killed_server_end(batch: BatchClient, local: Local, image: str) -> None:
    settings = service.BatchTaskContainerSettings(image_name=image)
    once = "$AZ_BATCH_NODE_SHARED_DIR/once"
    command = f"/bin/sh -c 'test ! -e {once} || exit 0; touch {once}; sleep 600'"
    batch.create_task(
        "job", service.BatchTaskCreateOptions(id="killed", command_line=command, container_settings=settings)
    )
    until(lambda: len(docker("ps", "--quiet", "--filter", f"ancestor={image}").stdout.split()) == 1, 60)
    (container,) = docker("ps", "--quiet", "--filter", f"ancestor={image}").stdout.decode().split()
    until(lambda: any(local.data.glob("nodes/*/pool/*/shared/once")), 20)
    os.kill(local.pid, signal.SIGKILL)
    start_local(local.data, *OPTIONS)
    until(lambda: docker("inspect", container).returncode != 0, 20)
    until(lambda: batch.get_task("job", "killed").state == "completed", 60)
    assert batch.get_task("job", "killed").execution_info.exit_code == 0
