"""A server killed while tasks run: none is lost, none runs on, none stays stuck, none meets another's files."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from azure.batch import BatchClient
from azure.batch import models as service

from tests.conftest import start_local
from tests.server.batch import an_account, environment_of
from tests.support.waiting import until

# Each run of a task adds a line to its own file of marks when it begins and when it ends.
COMMAND = (
    "/bin/sh -c 'echo begun >> {marks}/$AZ_BATCH_TASK_ID; echo $AZ_BATCH_TASK_ID > mine;"
    " sleep {seconds}; echo ended >> {marks}/$AZ_BATCH_TASK_ID'"
)


def fill(batch: BatchClient, command: str, tasks: int, nodes: int, slots: int, size: str) -> None:
    """A pool, and a job of so many tasks on it."""
    machine = service.VirtualMachineConfiguration(
        image_reference=service.BatchVmImageReference(publisher="canonical", offer="ubuntu-24_04-lts", sku="server"),
        node_agent_sku_id="batch.node.ubuntu 24.04",
    )
    batch.create_pool(
        service.BatchPoolCreateOptions(
            id="pool", vm_size=size, virtual_machine_configuration=machine,
            target_dedicated_nodes=nodes, task_slots_per_node=slots,
        )
    )  # fmt: skip
    batch.create_job(service.BatchJobCreateOptions(id="job", pool_info=service.BatchPoolInfo(pool_id="pool")))
    made = [service.BatchTaskCreateOptions(id=f"t{number}", command_line=command) for number in range(tasks)]
    for first in range(0, tasks, 100):
        batch.create_task_collection("job", service.BatchTaskGroup(task_values=made[first : first + 100]))


def of_the_marks(marks: Path) -> list[str]:
    """The command lines of processes that still work on a test's tasks."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(marks) in line:
            found.append(line.decode())
    return found


@pytest.mark.parametrize(
    ("tasks", "nodes", "slots", "size", "seconds"),
    [
        pytest.param(20, 2, 8, "standard_d2s_v3", 2, id="small"),
        pytest.param(2000, 15, 128, "standard_d32s_v3", 60, id="large", marks=pytest.mark.slow),
    ],
)
def test_tasks_of_a_killed_server_are_completed_once_or_requeued(
    tmp_path: Path, tasks: int, nodes: int, slots: int, size: str, seconds: int
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    local = start_local(tmp_path / "data")
    with environment_of(local):
        endpoint, credential = an_account(local)
        with BatchClient(endpoint, credential) as batch:
            fill(batch, COMMAND.format(marks=marks, seconds=seconds), tasks, nodes, slots, size)
            busy = min(tasks, nodes * slots)
            until(lambda: batch.get_job_task_counts("job").task_counts.running >= busy * 0.9, 300)
            os.kill(int(local.run("status", "--json").stdout.split('"pid": ')[1].split(",")[0]), signal.SIGKILL)
            assert of_the_marks(marks), "no task was running when the server was killed"
            local = start_local(tmp_path / "data")
            try:
                until(lambda: batch.get_job_task_counts("job").task_counts.completed == tasks, 60 + seconds * 6)
                ended = list(batch.list_tasks("job"))
            finally:
                local.run("stop")
    assert of_the_marks(marks) == []
    assert {task.execution_info.exit_code for task in ended} == {0}
    assert sum(task.execution_info.requeue_count for task in ended) >= busy * 0.5
    for task in ended:
        runs = (marks / task.id).read_text().split()
        requeues = task.execution_info.requeue_count
        assert runs.count("begun") <= 1 + requeues, task.id
        assert 1 <= runs.count("ended") <= 1 + requeues, task.id
        folder = tmp_path / "data/nodes/killed/pool" / task.node_info.node_id / "workitems/job/job-1" / task.id
        assert (folder / "wd" / "mine").read_text().strip() == task.id
        assert [file.name for file in (folder / "wd").iterdir()] == ["mine"]
