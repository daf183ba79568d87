"""What falls due about tasks: the end of their lifetime, and of the time for which their files are kept."""

from __future__ import annotations

import asyncio
import logging

from batchlocal.datafolder import remove_tree
from batchlocal.domain import task as tasks
from batchlocal.domain.task import Task
from batchlocal.nodes.folders import task_folders
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.store import Tx
from batchlocal.store.effects import Effect

__all__ = ["keep_house", "look_after_tasks", "remove_task_files"]

_log = logging.getLogger(__name__)
_LONGEST_SLEEP = 1.0
_AT_ONCE = 200


async def keep_house(platform: Platform) -> None:
    """Look after tasks for ever; cancel to stop."""
    while True:
        now = platform.clock.now()
        try:
            found = await look_after_tasks(platform, now)
        except Exception:
            _log.exception("what has fallen due about tasks could not be done; it is tried again")
            found = 0
        due = platform.store.read.tasks.next_due()
        wait = _LONGEST_SLEEP if due is None else (due - now) / moments.TICKS_PER_SECOND
        await asyncio.sleep(0 if found == _AT_ONCE else min(_LONGEST_SLEEP, max(0.05, wait)))


async def look_after_tasks(platform: Platform, now: int) -> int:
    """Do what has fallen due by ``now`` (ticks), a few hundred tasks at most; how many there were."""
    found = platform.store.read.tasks.fallen_due(now, _AT_ONCE)
    for task in found:
        if not _is_unchanged(platform.store.read, task):
            continue
        if task.state == "completed":
            await _remove_folder(platform, task.node, task.job, task.id)
            with platform.store.write() as tx:
                if _is_unchanged(tx, task):
                    tx.tasks.dealt_with(task)
        else:
            _expire(platform, task)
    return len(found)


def _is_unchanged(tx: Tx, task: Task) -> bool:
    """Whether nothing has happened to a task since it was found: others go on while folders are removed."""
    return tx.tasks.find(task.job, task.id) == task


def _expire(platform: Platform, task: Task) -> None:
    """A task that has outlived the longest lifetime is ended, and left in the state in which it was."""
    with platform.store.write() as tx:
        tx.tasks.put(tasks.expire(task))
        tx.tasks.park(task)
    platform.work.set()


async def remove_task_files(platform: Platform, effect: Effect) -> None:
    """A task was deleted: its folder goes with it."""
    job = effect.subject.rpartition("/tasks/")[0]
    await _remove_folder(platform, effect.payload["node"], job, effect.payload["id"])
    with platform.store.write() as tx:
        tx.effects.settle(effect)


async def _remove_folder(platform: Platform, node: str, job: str, task_id: str) -> None:
    """Remove a task's folder (keys of node and job); those of a job that has gone went with it."""
    found = platform.store.read.jobs.find(job)
    if found is not None:
        folder = task_folders(platform.data, node, found, task_id).root
        await asyncio.to_thread(remove_tree, folder)
