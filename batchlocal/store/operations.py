"""Long-running operations of ARM: what a poll is answered from."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

import orjson

__all__ = ["LongRunningOperation", "LongRunningOperations"]

Status = Literal["InProgress", "Succeeded", "Failed"]


@dataclass(frozen=True, slots=True)
class LongRunningOperation:
    """One accepted request: ``id`` as in its operation URL, ``subject`` the key of the resource it works on.

    ``error`` is ``{"code", "message", "status"}`` when it failed.
    """

    id: str
    subscription: str
    subject: str
    status: Status
    started: int
    error: dict[str, Any] | None = None


class LongRunningOperations:
    """The repository of long-running operations."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def put(self, operation: LongRunningOperation) -> None:
        self._run(
            "INSERT OR REPLACE INTO long_running_operation (id, subscription, subject, status, result, started)"
            " VALUES (?,?,?,?,?,?)",
            (
                operation.id,
                operation.subscription.lower(),
                operation.subject,
                operation.status,
                orjson.dumps(operation.error).decode(),
                operation.started,
            ),
        )

    def find(self, operation_id: str) -> LongRunningOperation | None:
        row = self._run(
            "SELECT id, subscription, subject, status, started, result FROM long_running_operation WHERE id = ?",
            (operation_id,),
        ).fetchone()
        if row is None:
            return None
        return LongRunningOperation(row[0], row[1], row[2], row[3], row[4], orjson.loads(row[5]))

    def finish(self, operation_id: str, error: dict[str, Any] | None = None) -> None:
        """The operation ended: well, or with an error to show to those who poll."""
        self._run(
            "UPDATE long_running_operation SET status = ?, result = ? WHERE id = ?",
            ("Failed" if error else "Succeeded", orjson.dumps(error).decode(), operation_id),
        )
