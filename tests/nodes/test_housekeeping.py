"""What falls due about tasks is done to those that are still as they were."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from batchlocal.datafolder import DataFolder
from batchlocal.domain import job as jobs
from batchlocal.domain import task as tasks
from batchlocal.domain.task import Ended, Task
from batchlocal.nodes.folders import task_folders
from batchlocal.nodes.housekeeping import look_after_tasks
from batchlocal.platform import Platform
from batchlocal.store import Store

JOB = jobs.create("account", "j", {"poolInfo": {"poolId": "p"}}, 1)
NODE = "/x/batchaccounts/account/pools/p/nodes/n"
LATER = 1 << 62


@dataclass
class Machine:
    """What housekeeping has of a platform."""

    data: DataFolder
    store: Store
    work: asyncio.Event = field(default_factory=asyncio.Event)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(DataFolder(tmp_path), Store(tmp_path / "store.db"))
    with made.store.write() as tx:
        tx.jobs.put(JOB)
    yield made
    made.store.close()


def failed_task(machine: Machine, name: str) -> Task:
    """A task that failed on the node, with its folder."""
    created = tasks.create(JOB.key, name, {"commandLine": "x"}, JOB.properties, 1)
    begun = tasks.begin(created, NODE, "n", 2, state="running")
    ended = tasks.attempt_ended(begun, Ended.exited(1), 3)
    with machine.store.write() as tx:
        assert tx.tasks.add(created)
        tx.tasks.put(ended)
    folder(machine, name).mkdir(parents=True)
    return ended


def folder(machine: Machine, name: str) -> Path:
    return task_folders(machine.data, NODE, JOB, name).root


def test_a_task_that_is_reactivated_meanwhile_keeps_its_files(machine: Machine) -> None:
    failed_task(machine, "first")
    again = failed_task(machine, "second")

    async def reactivate_while_the_first_is_removed() -> None:
        looking = asyncio.create_task(look_after_tasks(cast("Platform", machine), LATER))
        await asyncio.sleep(0)
        with machine.store.write() as tx:
            tx.tasks.put(tasks.reactivate(again, 4))
        assert await looking == 2

    asyncio.run(reactivate_while_the_first_is_removed())
    assert not folder(machine, "first").exists()
    assert folder(machine, "second").exists()
    task = machine.store.read.tasks.find(JOB.key, "second")
    assert task is not None
    assert (task.state, task.expired) == ("active", False)
