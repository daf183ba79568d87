"""The repository of tasks: a million in a job is a normal day, so nothing here reads more than a page."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson

from batchlocal.domain.task import Task
from batchlocal.domain.usage import NOTHING, Usage
from batchlocal.store.dependencies import Dependencies

__all__ = ["TaskCounts", "TaskTimes", "Tasks"]


_TIMES = ("waited", "retries", *("ran", "user", "kernel", "reads", "writes", "bytes_read", "bytes_written"))
"""Columns of ``task_count`` in the order of TaskTimes and, after it, Usage."""

_PARKED = 1_000_000_000
"""More open dependencies than a task can have."""


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """How many tasks, or task slots, a job has in each state."""

    active: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0

    @property
    def completed(self) -> int:
        return self.succeeded + self.failed


@dataclass(frozen=True, slots=True)
class TaskTimes:
    """How long a job's tasks waited for first attempts (ticks), how often they were tried again, what all took."""

    waited: int = 0
    retries: int = 0
    usage: Usage = NOTHING


class Tasks:
    """Tasks by job key and id; ids compare without case."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute
        self.dependencies = Dependencies(connection)

    def find(self, job: str, task_id: str) -> Task | None:
        row = self._run("SELECT doc FROM task WHERE job = ? AND id_key = ?", (job, task_id.lower())).fetchone()
        return _task(row[0]) if row else None

    def add(self, task: Task) -> bool:
        """Put a new task in; False, and nothing done, when the job has one of this id."""
        added = self._run(
            "INSERT OR IGNORE INTO task (job, id_key, state, result, node, slots, instances, due, doc)"
            " VALUES (?,?,?,?,?,?,?,?,?)",
            (
                task.job,
                task.id.lower(),
                task.state,
                task.result,
                task.node,
                task.slots,
                task.instances,
                task.due,
                _doc(task),
            ),
        )
        if added.rowcount == 1 and task.properties.get("dependsOn"):
            self.dependencies.await_(task, added.lastrowid or 0)
        return added.rowcount == 1

    def put(self, task: Task) -> None:
        """Write back a task that is there."""
        self._run(
            "UPDATE task SET state = ?, result = ?, node = ?, slots = ?, due = ?, doc = ? WHERE job = ? AND id_key = ?",
            (task.state, task.result, task.node, task.slots, task.due, _doc(task), task.job, task.id.lower()),
        )

    def remove(self, job: str, task_id: str) -> None:
        """Remove a task; who depends on it, and it has not satisfied, waits on."""
        row = self._run("SELECT number FROM task WHERE job = ? AND id_key = ?", (job, task_id.lower())).fetchone()
        if row:
            self.dependencies.forget(row[0])
            self._run("DELETE FROM task WHERE number = ?", row)
            self._run("DELETE FROM satisfied WHERE job = ? AND id_key = ?", (job, task_id.lower()))

    def page(self, job: str, after: str, limit: int, states: Iterable[str] = ()) -> list[Task]:
        """Up to ``limit`` tasks with ids beyond ``after`` (lower case), by id; only those in ``states`` if given."""
        wanted = list(states)
        marks = ",".join("?" * len(wanted))
        test = f"AND state IN ({marks}) " if wanted else ""
        rows = self._run(
            f"SELECT doc FROM task WHERE job = ? AND id_key > ? {test}ORDER BY id_key LIMIT ?",
            (job, after, *wanted, limit),
        ).fetchall()
        return [_task(doc) for (doc,) in rows]

    def waiting(self, job: str, limit: int, *, gangs: bool = False) -> Iterator[Task]:
        """The next active tasks that wait for no other task, in the order in which they were added; read one by one, as
        whoever fills free slots mostly needs the first few.

        Multi-instance tasks are among them only with ``gangs``: on other pools they never run.
        """
        ordinary = "" if gangs else "AND instances = 0 "
        rows = self._run(
            "SELECT doc FROM task"
            f" WHERE job = ? AND state = 'active' AND blocked = 0 {ordinary}ORDER BY number LIMIT ?",
            (job, limit),
        ).fetchall()
        return (_task(doc) for (doc,) in rows)

    def running_on(self, node: str) -> list[Task]:
        """The tasks that a node runs now, or prepares to run."""
        rows = self._run(
            "SELECT doc FROM task WHERE node = ? AND state = 'running'"
            " UNION ALL SELECT doc FROM task WHERE node = ? AND state = 'preparing'",
            (node, node),
        ).fetchall()
        return [_task(doc) for (doc,) in rows]

    def recent_on(self, node: str, limit: int) -> list[Task]:
        """The tasks that a node runs or ran, those added last first."""
        rows = self._run(
            "SELECT doc FROM task WHERE node = ? AND node <> '' ORDER BY number DESC LIMIT ?", (node, limit)
        ).fetchall()
        return [_task(doc) for (doc,) in rows]

    def under_way(self, job: str) -> list[Task]:
        """The job's tasks that are on nodes now."""
        rows = self._run(
            "SELECT doc FROM task WHERE job = ? AND state = 'running'"
            " UNION ALL SELECT doc FROM task WHERE job = ? AND state = 'preparing'",
            (job, job),
        ).fetchall()
        return [_task(doc) for (doc,) in rows]

    def fallen_due(self, now: int, limit: int) -> list[Task]:
        """Tasks whose lifetime or whose files' retention time is over."""
        rows = self._run("SELECT doc FROM task WHERE due <= ? ORDER BY due LIMIT ?", (now, limit)).fetchall()
        return [_task(doc) for (doc,) in rows]

    def next_due(self) -> int | None:
        """When the next task falls due (ticks)."""
        due: int | None = self._run("SELECT min(due) FROM task WHERE due IS NOT NULL").fetchone()[0]
        return due

    def park(self, task: Task) -> None:
        """Keep an active task from the waiting ones for ever."""
        self._run(
            "UPDATE task SET blocked = blocked + ? WHERE job = ? AND id_key = ?", (_PARKED, task.job, task.id.lower())
        )

    def dealt_with(self, task: Task) -> None:
        """What fell due about a task was done; nothing else will."""
        self._run("UPDATE task SET due = NULL WHERE job = ? AND id_key = ?", (task.job, task.id.lower()))

    def took(self, job: str, times: TaskTimes) -> None:
        """Add an attempt to the times that are kept of a job."""
        added = ", ".join(f"{name} = {name} + ?" for name in _TIMES)
        self._run(f"UPDATE task_count SET {added} WHERE job = ?", (times.waited, times.retries, *times.usage, job))

    def times(self, job: str) -> TaskTimes:
        """What the job's tasks took so far."""
        return self._times("WHERE job = ?", job)

    def times_of_pool(self, pool: str) -> TaskTimes:
        """What the tasks of all jobs on a pool took so far."""
        return self._times("JOIN job ON job.key = task_count.job WHERE job.pool = ?", pool)

    def _times(self, which: str, *values: str) -> TaskTimes:
        sums = ", ".join(f"coalesce(sum({name}), 0)" for name in _TIMES)
        waited, retries, *used = self._run(f"SELECT {sums} FROM task_count {which}", values).fetchone()
        return TaskTimes(waited, retries, Usage(*used))

    def counts_of_pool(self, pool: str) -> TaskCounts:
        """The tasks of all jobs on a pool, by state."""
        row = self._run(
            "SELECT total(active), total(running), total(succeeded), total(failed)"
            " FROM task_count JOIN job ON job.key = task_count.job WHERE job.pool = ?",
            (pool,),
        ).fetchone()
        return TaskCounts(*map(int, row))

    def counts(self, job: str) -> tuple[TaskCounts, TaskCounts]:
        """The job's tasks, and their slots, by state."""
        row = self._run(
            "SELECT active, running, succeeded, failed, active_slots, running_slots, succeeded_slots, failed_slots"
            " FROM task_count WHERE job = ?",
            (job,),
        ).fetchone()
        return (TaskCounts(*row[:4]), TaskCounts(*row[4:])) if row else (TaskCounts(), TaskCounts())


def _doc(task: Task) -> str:
    return orjson.dumps(task).decode()


def _task(doc: str) -> Task:
    return Task(**orjson.loads(doc))
