"""The repository of open task dependencies: what it costs to satisfy one does not grow with the job.

A task's ``blocked`` column counts its open dependencies; at 0 it is among the waiting tasks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from batchlocal.domain.task import Task

__all__ = ["Dependencies"]

_LEVELS = 32
"""Ids in ranges are 32-bit integers (the API description), so no block is larger than all of them."""


class Dependencies:
    """Who waits for whom in a job, until it is satisfied."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def await_(self, task: Task, number: int) -> None:
        """Note what a new task waits for; ``number`` is its row's."""
        ids, ranges = task.dependencies
        blocked = sum(self._await_id(task.job, one, number) for one in ids)
        blocked += sum(self._await_range(task.job, first, last, number) for first, last in set(ranges))
        if blocked:
            self._run("UPDATE task SET blocked = ? WHERE number = ?", (blocked, number))

    def _await_id(self, job: str, task_id: str, number: int) -> int:
        if self._run("SELECT 1 FROM satisfied WHERE job = ? AND id_key = ?", (job, task_id)).fetchone():
            return 0
        self._run("INSERT INTO dependency (job, id_key, dependent) VALUES (?,?,?)", (job, task_id, number))
        return 1

    def _await_range(self, job: str, first: int, last: int, number: int) -> int:
        known: int = self._run(
            "SELECT count(*) FROM satisfied_number WHERE job = ? AND number BETWEEN ? AND ?", (job, first, last)
        ).fetchone()[0]
        still = last - first + 1 - known
        if not still:
            return 0
        added = self._run("INSERT INTO dependency_range (job, dependent, open) VALUES (?,?,?)", (job, number, still))
        for level, block in _blocks(first, last):
            self._run("INSERT INTO dependency_block VALUES (?,?,?,?)", (job, level, block, added.lastrowid))
        return 1

    def satisfy(self, task: Task) -> None:
        """A task has completed in a way that lets its dependants go on; the first time counts."""
        added = self._run("INSERT OR IGNORE INTO satisfied (job, id_key) VALUES (?,?)", (task.job, task.id.lower()))
        if added.rowcount == 1:
            found = self._run(
                "DELETE FROM dependency WHERE job = ? AND id_key = ? RETURNING dependent", (task.job, task.id.lower())
            ).fetchall()
            self._release(found)
        if task.id.isascii() and task.id.isdigit():
            self._satisfy_number(task.job, int(task.id))

    def _satisfy_number(self, job: str, number: int) -> None:
        """Leading zeros do not count: 4, 04 and 004 are one (article batch-task-dependencies)."""
        if number >= 2**63:
            return
        added = self._run("INSERT OR IGNORE INTO satisfied_number (job, number) VALUES (?,?)", (job, number))
        if added.rowcount != 1:
            return
        if self._run("SELECT 1 FROM dependency_block WHERE job = ? LIMIT 1", (job,)).fetchone() is None:
            return
        for level in range(_LEVELS):
            found = self._run(
                "SELECT range FROM dependency_block WHERE job = ? AND level = ? AND block = ?",
                (job, level, number >> level),
            ).fetchall()
            for (one,) in found:
                self._close_one(one)

    def _close_one(self, range_id: int) -> None:
        """One number of a range is satisfied; the last one releases who waits."""
        self._run("UPDATE dependency_range SET open = open - 1 WHERE id = ?", (range_id,))
        found = self._run(
            "DELETE FROM dependency_range WHERE id = ? AND open = 0 RETURNING dependent", (range_id,)
        ).fetchall()
        if found:
            self._run("DELETE FROM dependency_block WHERE range = ?", (range_id,))
            self._release(found)

    def _release(self, dependants: list[tuple[int]]) -> None:
        for dependent in dependants:
            self._run("UPDATE task SET blocked = blocked - 1 WHERE number = ?", dependent)

    def forget(self, number: int) -> None:
        """The task that waits is deleted."""
        self._run("DELETE FROM dependency WHERE dependent = ?", (number,))
        found = self._run("DELETE FROM dependency_range WHERE dependent = ? RETURNING id", (number,)).fetchall()
        for one in found:
            self._run("DELETE FROM dependency_block WHERE range = ?", one)


def _blocks(first: int, last: int) -> Iterator[tuple[int, int]]:
    """A range as the fewest blocks of 2^level numbers, each starting at a multiple of its size."""
    level, end = 0, last + 1
    while first < end:
        if first & 1:
            yield level, first
            first += 1
        if end & 1:
            end -= 1
            yield level, end
        level, first, end = level + 1, first >> 1, end >> 1
