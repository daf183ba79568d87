"""The repository of job schedules."""

from __future__ import annotations

import sqlite3

import orjson

from batchlocal.domain.schedule import JobSchedule

__all__ = ["JobSchedules"]


class JobSchedules:
    """Job schedules by key: the account's key, ``/jobschedules/``, the id in lower case."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def find(self, key: str) -> JobSchedule | None:
        row = self._run("SELECT doc FROM job_schedule WHERE key = ?", (key,)).fetchone()
        return _schedule(row[0]) if row else None

    def put(self, schedule: JobSchedule) -> None:
        self._run(
            "INSERT OR REPLACE INTO job_schedule (key, account, doc) VALUES (?,?,?)",
            (schedule.key, schedule.account, orjson.dumps(schedule).decode()),
        )

    def remove(self, key: str) -> None:
        self._run("DELETE FROM job_schedule WHERE key = ?", (key,))

    def count_open(self, account: str) -> int:
        """How many schedules an account has that are neither completed nor being deleted."""
        count: int = self._run(
            "SELECT count(*) FROM job_schedule WHERE account = ?"
            " AND json_extract(doc, '$.state') NOT IN ('completed', 'deleting')",
            (account,),
        ).fetchone()[0]
        return count

    def remove_all(self, account: str) -> None:
        """Remove an account's schedules."""
        self._run("DELETE FROM job_schedule WHERE account = ?", (account,))

    def page(self, account: str, after: str, limit: int) -> list[JobSchedule]:
        """Up to ``limit`` schedules of an account with keys beyond ``after``, by id."""
        rows = self._run(
            "SELECT doc FROM job_schedule WHERE account = ? AND key > ? ORDER BY key LIMIT ?", (account, after, limit)
        ).fetchall()
        return [_schedule(doc) for (doc,) in rows]


def _schedule(doc: str) -> JobSchedule:
    return JobSchedule(**orjson.loads(doc))
