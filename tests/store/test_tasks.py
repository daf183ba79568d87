"""What the repository of tasks promises beyond keeping them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batchlocal.domain import job as jobs
from batchlocal.domain import task as tasks
from batchlocal.domain.task import LIFETIME_SECONDS, Ended, Task
from batchlocal.store import Store

JOB = jobs.create("account", "j", {"poolInfo": {"poolId": "p"}, "usesTaskDependencies": True}, 1)
TICKS = 10_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "store.db")
    with made.write() as tx:
        tx.jobs.put(JOB)
    yield made
    made.close()


def add(store: Store, name: str, **properties: Any) -> Task:
    task = tasks.create(JOB.key, name, {"commandLine": "x", **properties}, JOB.properties, 1)
    with store.write() as tx:
        assert tx.tasks.add(task)
    return task


def waiting(store: Store) -> list[str]:
    return [task.id for task in store.read.tasks.waiting(JOB.key, 100)]


def test_a_task_over_180_days_is_due_and_never_waits_again(store: Store) -> None:
    add(store, "old")
    end = 1 + LIFETIME_SECONDS * TICKS
    assert store.read.tasks.next_due() == end
    assert store.read.tasks.fallen_due(end - 1, 10) == []
    (old,) = store.read.tasks.fallen_due(end, 10)
    with store.write() as tx:
        tx.tasks.put(tasks.expire(old))
        tx.tasks.park(old)
    assert waiting(store) == []
    assert store.read.tasks.next_due() is None
    kept = store.read.tasks.find(JOB.key, "old")
    assert kept is not None
    assert kept.state == "active", "it is left in the state in which it was"


def test_files_are_due_when_their_retention_is_over(store: Store) -> None:
    task = tasks.begin(add(store, "t", constraints={"retentionTime": "PT1H"}), "account/pools/p/nodes/n", "n", 5)
    ended = tasks.attempt_ended(task, Ended.exited(0), 10)
    with store.write() as tx:
        tx.tasks.put(ended)
    assert store.read.tasks.next_due() == 10 + 3600 * TICKS
    with store.write() as tx:
        tx.tasks.dealt_with(ended)
    assert store.read.tasks.next_due() is None


def test_satisfying_a_dependency_costs_the_same_in_a_long_chain(store: Store) -> None:
    """Each task waits for the one before it, by id and by a range: the first go as fast as the last."""
    length, part = 4_000, 500
    with store.write() as tx:
        for number in range(length):
            before = {"taskIds": [str(number - 1)], "taskIdRanges": [{"start": number - 1, "end": number - 1}]}
            sent = {"commandLine": "x", **({"dependsOn": before} if number else {})}
            tx.tasks.add(tasks.create(JOB.key, str(number), sent, JOB.properties, 1))
    seconds = []
    for start in range(0, length, part):
        began = time.process_time()
        with store.write() as tx:
            for number in range(start, start + part):
                (task,) = tx.tasks.waiting(JOB.key, 5)
                assert task.id == str(number)
                done = tasks.attempt_ended(tasks.begin(task, "n", "n", 2), Ended.exited(0), 3)
                tx.tasks.put(done)
                tx.tasks.dependencies.satisfy(done)
        seconds.append(time.process_time() - began)
    assert max(seconds[0], seconds[-1]) < 3 * min(seconds)


@pytest.mark.parametrize(("first", "last"), [(1, 1), (0, 15), (3, 9), (7, 1000), (2**31 - 3, 2**31 - 1)])
def test_a_range_is_satisfied_by_each_of_its_numbers_and_no_other(store: Store, first: int, last: int) -> None:
    add(store, "waits", dependsOn={"taskIdRanges": [{"start": first, "end": last}]})
    for number in [first - 1, last + 1, *range(first, last + 1)]:
        assert "waits" not in waiting(store)
        if number >= 0:
            done = tasks.create(JOB.key, f"0{number}", {"commandLine": "x"}, JOB.properties, 1)
            with store.write() as tx:
                tx.tasks.dependencies.satisfy(done)
    assert waiting(store) == ["waits"]


def test_a_deleted_task_no_longer_satisfies_those_added_later(store: Store) -> None:
    first = add(store, "first")
    with store.write() as tx:
        tx.tasks.dependencies.satisfy(first)
    add(store, "goes", dependsOn={"taskIds": ["first"]})
    with store.write() as tx:
        tx.tasks.remove(JOB.key, "first")
    add(store, "waits", dependsOn={"taskIds": ["first"]})
    assert waiting(store) == ["goes"]
