"""Tasks that ask for a container: with Docker, without, and on the host."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from azure.batch import BatchClient
from azure.batch import models as service

from tests.conftest import start_local
from tests.server.batch import an_account, environment_of
from tests.support.waiting import until

# Stands where Docker's client would: its daemon answers, and an image is the host itself.
DOCKER = """#!/bin/sh
echo "$@" >> {log}
case "$1" in run) ;; *) exit 0 ;; esac
shift
while :; do
  case "$1" in
    --name|--workdir|--volume|--env|--label|--user|--cidfile) [ "$1" = --workdir ] && cd "$2"; shift 2 ;;
    --*) shift ;;
    *) shift; exec "$@" ;;
  esac
done
"""
NO_DOCKER = "#!/bin/sh\nexit 1\n"
SETTINGS = service.BatchTaskContainerSettings(image_name="ubuntu:24.04", container_run_options="--memory=1g")


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in front of the PATH that the server will have, and its docker."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder / "docker"


@contextmanager
def a_task_in_a_container(data: Path, command: str, *options: str) -> Iterator[tuple[BatchClient, service.BatchTask]]:
    local = start_local(data, *options)
    try:
        with environment_of(local):
            endpoint, credential = an_account(local)
            with BatchClient(endpoint, credential) as batch:
                machine = service.VirtualMachineConfiguration(
                    image_reference=service.BatchVmImageReference(
                        publisher="microsoft-dsvm", offer="ubuntu-hpc", sku="2204"
                    ),
                    node_agent_sku_id="batch.node.ubuntu 22.04",
                    container_configuration=service.BatchContainerConfiguration(type="dockerCompatible"),
                )
                batch.create_pool(
                    service.BatchPoolCreateOptions(
                        id="pool",
                        vm_size="standard_d2s_v3",
                        virtual_machine_configuration=machine,
                        target_dedicated_nodes=1,
                    )
                )
                pool = service.BatchPoolInfo(pool_id="pool")
                batch.create_job(service.BatchJobCreateOptions(id="job", pool_info=pool))
                batch.create_task(
                    "job",
                    service.BatchTaskCreateOptions(id="task", command_line=command, container_settings=SETTINGS),
                )
                until(lambda: batch.get_task("job", "task").state == "completed", 30)
                yield batch, batch.get_task("job", "task")
    finally:
        local.run("stop")


def text(batch: BatchClient, file: str) -> str:
    return b"".join(batch.download_task_file("job", "task", file)).decode()


def test_with_docker_a_task_runs_in_its_image(tmp_path: Path, on_path: Path) -> None:
    log = tmp_path / "docker.log"
    on_path.write_text(DOCKER.format(log=log))
    on_path.chmod(0o755)
    command = "/bin/sh -c 'pwd; echo $AZ_BATCH_TASK_ID; exit 5'"
    with a_task_in_a_container(tmp_path / "data", command) as (batch, task):
        assert task.execution_info.exit_code == 5
        where, name = text(batch, "stdout.txt").split()
    assert (where.endswith("job-1/task/wd"), name) == (True, "task")
    ran = next(line for line in log.read_text().splitlines() if line.startswith("run "))
    assert "--memory=1g ubuntu:24.04 /bin/sh -c" in ran
    assert "--env AZ_BATCH_TASK_ID" in ran
    assert "--env PATH" not in ran
    made = ran.split("--name ")[1].split()[0]
    assert f"rm --force {made}" in log.read_text()


def test_without_docker_a_task_fails_as_on_nodes_without_a_runtime(tmp_path: Path, on_path: Path) -> None:
    on_path.write_text(NO_DOCKER)
    on_path.chmod(0o755)
    with a_task_in_a_container(tmp_path / "data", "/bin/true") as (_, task):
        assert task.execution_info.failure_info.code == "ContainerPoolNotSupported"
        assert "--containers simulate" in task.execution_info.failure_info.message


def test_simulated_containers_run_on_the_host_and_say_so(tmp_path: Path) -> None:
    with a_task_in_a_container(tmp_path / "data", "/bin/echo here", "--containers", "simulate") as (batch, task):
        assert task.execution_info.exit_code == 0
        assert text(batch, "stdout.txt") == "here\n"
        assert "run on the host, not in a container of ubuntu:24.04" in text(batch, "stderr.txt")
