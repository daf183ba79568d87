"""The repository of jobs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import orjson

from batchlocal.domain.job import Job

__all__ = ["Jobs"]


_OF_JOB = (
    *("task", "task_count", "dependency", "dependency_range", "dependency_block"),
    *("satisfied", "satisfied_number", "job_node"),
)


class Jobs:
    """Jobs by key: the account's key, ``/jobs/``, the id in lower case."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def find(self, key: str) -> Job | None:
        row = self._run("SELECT doc FROM job WHERE key = ?", (key,)).fetchone()
        return _job(row[0]) if row else None

    def put(self, job: Job) -> None:
        self._run(
            "INSERT OR REPLACE INTO job (key, account, pool, schedule, state, priority, created, doc)"
            " VALUES (?,?,?,?,?,?,?,?)",
            (job.key, job.account, job.pool, job.schedule, job.state, job.priority, job.created, _doc(job)),
        )

    def remove_tasks(self, key: str, limit: int) -> bool:
        """Remove up to ``limit`` of a job's tasks; whether there are more."""
        gone = self._run(
            "DELETE FROM task WHERE number IN (SELECT number FROM task WHERE job = ? LIMIT ?)", (key, limit)
        )
        return gone.rowcount == limit

    def remove(self, key: str) -> None:
        """Remove a job with its tasks, their dependencies, its counts and what is known of it on nodes."""
        for table in _OF_JOB:
            self._run(f"DELETE FROM {table} WHERE job = ?", (key,))
        self._run("DELETE FROM job WHERE key = ?", (key,))

    def page(self, account: str, after: str, limit: int) -> list[Job]:
        """Up to ``limit`` jobs of an account with keys beyond ``after``, by id."""
        rows = self._run(
            "SELECT doc FROM job WHERE account = ? AND key > ? ORDER BY key LIMIT ?", (account, after, limit)
        ).fetchall()
        return [_job(doc) for (doc,) in rows]

    def of_account(self, account: str) -> Iterator[Job]:
        """All jobs of an account."""
        rows = self._run("SELECT doc FROM job WHERE account = ? ORDER BY key", (account,)).fetchall()
        return (_job(doc) for (doc,) in rows)

    def count_open(self, account: str) -> int:
        """How many jobs an account has that are neither completed nor being deleted."""
        row = self._run(
            "SELECT count(*) FROM job WHERE account = ? AND state NOT IN ('completed', 'deleting')", (account,)
        ).fetchone()
        count: int = row[0]
        return count

    def of_schedule(self, schedule: str) -> list[Job]:
        """The jobs that a schedule has made, by id."""
        rows = self._run("SELECT doc FROM job WHERE schedule = ? ORDER BY key", (schedule,)).fetchall()
        return [_job(doc) for (doc,) in rows]

    def of_pool(self, pool: str) -> list[Job]:
        """The jobs that run on a pool."""
        rows = self._run("SELECT doc FROM job WHERE pool = ? ORDER BY key", (pool,)).fetchall()
        return [_job(doc) for (doc,) in rows]

    def unsettled(self) -> list[Job]:
        """The jobs of all accounts that are on their way from one state to another."""
        rows = self._run(
            "SELECT doc FROM job WHERE state <> 'active' AND state <> 'completed' AND state <> 'disabled'"
        ).fetchall()
        return [_job(doc) for (doc,) in rows]

    def waiting_on(self, pool: str) -> Iterator[Job]:
        """A pool's active jobs that have active tasks: highest priority first, then oldest."""
        rows = self._run(
            "SELECT job.doc FROM job JOIN task_count ON task_count.job = job.key AND task_count.active > 0"
            " WHERE job.pool = ? AND job.state = 'active' ORDER BY job.priority DESC, job.created",
            (pool,),
        )
        return (_job(doc) for (doc,) in rows)


def _doc(job: Job) -> str:
    return orjson.dumps(job).decode()


def _job(doc: str) -> Job:
    return Job(**orjson.loads(doc))
