"""The repository of tasks: a million in a job is a normal day, so nothing here reads more than a page."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import orjson

from batchlocal.domain.task import Task

__all__ = ["TaskCounts", "Tasks"]


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


class Tasks:
    """Tasks by job key and id; ids compare without case."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def find(self, job: str, task_id: str) -> Task | None:
        row = self._run("SELECT doc FROM task WHERE job = ? AND id_key = ?", (job, task_id.lower())).fetchone()
        return _task(row[0]) if row else None

    def add(self, task: Task) -> bool:
        """Put a new task in; False, and nothing done, when the job has one of this id."""
        added = self._run(
            "INSERT OR IGNORE INTO task (job, id_key, state, result, node, slots, doc) VALUES (?,?,?,?,?,?,?)",
            (task.job, task.id.lower(), task.state, task.result, task.node, task.slots, _doc(task)),
        )
        return added.rowcount == 1

    def put(self, task: Task) -> None:
        """Write back a task that is there."""
        self._run(
            "UPDATE task SET state = ?, result = ?, node = ?, slots = ?, doc = ? WHERE job = ? AND id_key = ?",
            (task.state, task.result, task.node, task.slots, _doc(task), task.job, task.id.lower()),
        )

    def remove(self, job: str, task_id: str) -> None:
        self._run("DELETE FROM task WHERE job = ? AND id_key = ?", (job, task_id.lower()))

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

    def waiting(self, job: str, limit: int) -> list[Task]:
        """The next active tasks, in the order in which they were added."""
        rows = self._run(
            "SELECT doc FROM task WHERE job = ? AND state = 'active' ORDER BY number LIMIT ?", (job, limit)
        ).fetchall()
        return [_task(doc) for (doc,) in rows]

    def running_on(self, node: str) -> list[Task]:
        """The tasks that a node runs now."""
        rows = self._run("SELECT doc FROM task WHERE node = ? AND state = 'running'", (node,)).fetchall()
        return [_task(doc) for (doc,) in rows]

    def recent_on(self, node: str, limit: int) -> list[Task]:
        """The tasks that a node runs or ran, those added last first."""
        rows = self._run(
            "SELECT doc FROM task WHERE node = ? AND node <> '' ORDER BY number DESC LIMIT ?", (node, limit)
        ).fetchall()
        return [_task(doc) for (doc,) in rows]

    def unfinished(self, job: str) -> list[Task]:
        """The job's tasks that have not completed."""
        rows = self._run("SELECT doc FROM task WHERE job = ? AND state <> 'completed'", (job,)).fetchall()
        return [_task(doc) for (doc,) in rows]

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
    return orjson.dumps(asdict(task)).decode()


def _task(doc: str) -> Task:
    return Task(**orjson.loads(doc))
