"""The repository of service events: those to deliver, their counts by the minute, and the logs of workspaces."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

__all__ = ["ServiceEvent", "ServiceEvents"]

_KEPT_MINUTES = 30 * 24 * 60  # metrics have a rolling history of 30 days (article batch-diagnostics)


@dataclass(frozen=True, slots=True)
class ServiceEvent:
    """An event that has not been delivered. ``at`` is in seconds since 1970; ``doc`` is the pool or task as stored."""

    number: int
    account: str
    kind: str
    at: float
    doc: dict[str, Any]
    job: dict[str, Any]


class ServiceEvents:
    """Written by triggers (``event_triggers``) and by ``note``, read by whoever delivers and by metrics."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def note(self, account: str, kind: str, doc: dict[str, Any], job: dict[str, Any] | None = None) -> None:
        """Keep an event that no trigger sees, where the account (by key) has a setting that might ask for it."""
        self._run(
            "INSERT INTO service_event (account, kind, at, doc, job) SELECT ?, ?, ?, ?, ? WHERE"
            " EXISTS (SELECT 1 FROM resource WHERE parent = ? AND type = 'microsoft.insights/diagnosticsettings')",
            (account, kind, time.time(), orjson.dumps(doc).decode(), orjson.dumps(job or {}).decode(), account),
        )

    def waiting(self, limit: int) -> list[ServiceEvent]:
        """The next events to deliver, in order."""
        rows = self._run(
            "SELECT number, account, kind, at, doc, job FROM service_event ORDER BY number LIMIT ?", (limit,)
        ).fetchall()
        return [
            ServiceEvent(number, account, kind, at, orjson.loads(doc), orjson.loads(job))
            for number, account, kind, at, doc, job in rows
        ]

    def delivered(self, events: Iterable[ServiceEvent]) -> None:
        """Forget events."""
        for event in events:
            self._run("DELETE FROM service_event WHERE number = ?", (event.number,))

    def counts(self, account: str, kinds: Iterable[str], start: int, end: int) -> dict[tuple[str, int], int]:
        """Counts by kind and minute (since 1970), of minutes in ``[start, end)``."""
        wanted = list(kinds)
        rows = self._run(
            "SELECT kind, minute, count FROM event_count WHERE account = ? AND minute >= ? AND minute < ?"
            f" AND kind IN ({','.join('?' * len(wanted))})",
            (account, start, end, *wanted),
        ).fetchall()
        return {(kind, minute): count for kind, minute, count in rows}

    def sample(self, account: str, minute: int, values: dict[str, int]) -> None:
        """Keep an account's gauges of a minute."""
        for kind, value in values.items():
            self._run(
                "INSERT OR REPLACE INTO event_count (account, kind, minute, count) VALUES (?,?,?,?)",
                (account, kind, minute, value),
            )

    def forget_old(self, minute: int) -> None:
        """Forget what metrics no longer show."""
        self._run("DELETE FROM event_count WHERE minute < ?", (minute - _KEPT_MINUTES,))

    def log(self, workspace: str, record: dict[str, Any]) -> None:
        """Add a record to a workspace's log (by the workspace's key)."""
        self._run(
            "INSERT INTO workspace_log (workspace, record) VALUES (?,?)", (workspace, orjson.dumps(record).decode())
        )

    def logged(self, workspace: str, table: str, operation: str, limit: int) -> list[dict[str, Any]]:
        """A workspace's last records of a table whose operation or metric fits a glob, oldest first."""
        name = "coalesce(json_extract(record, '$.OperationName'), json_extract(record, '$.MetricName'))"
        rows = self._run(
            "SELECT record FROM workspace_log WHERE workspace = ? AND json_extract(record, '$.Type') = ?"
            f" AND {name} GLOB ? ORDER BY number DESC LIMIT ?",
            (workspace, table, operation, limit),
        ).fetchall()
        return [orjson.loads(record) for (record,) in reversed(rows)]
