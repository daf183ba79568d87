"""The repository of open task dependencies: what it costs to satisfy one does not grow with the job.

A task's ``blocked`` column counts its open dependencies; at 0 it is among the waiting tasks.
"""

from __future__ import annotations

import sqlite3

from batchlocal.domain.task import Task

__all__ = ["Dependencies"]


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
        self._run(
            "INSERT INTO dependency_range (job, last, first, dependent, open) VALUES (?,?,?,?,?)",
            (job, last, first, number, still),
        )
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
        self._run(
            "UPDATE dependency_range SET open = open - 1 WHERE job = ? AND last >= ? AND first <= ?",
            (job, number, number),
        )
        found = self._run(
            "DELETE FROM dependency_range WHERE job = ? AND last >= ? AND first <= ? AND open = 0 RETURNING dependent",
            (job, number, number),
        ).fetchall()
        self._release(found)

    def _release(self, dependants: list[tuple[int]]) -> None:
        for dependent in dependants:
            self._run("UPDATE task SET blocked = blocked - 1 WHERE number = ?", dependent)

    def forget(self, number: int) -> None:
        """The task that waits is deleted."""
        self._run("DELETE FROM dependency WHERE dependent = ?", (number,))
        self._run("DELETE FROM dependency_range WHERE dependent = ?", (number,))
