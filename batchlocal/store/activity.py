"""The activity log: what was asked of ARM, by whom, with what outcome. Service-level calls never come here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import orjson

__all__ = ["ActivityLog"]


class ActivityLog:
    """The repository of activity log events, in the Insights API's shape."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def add(self, subscription: str, resource_group: str, at: int, event: dict[str, Any]) -> None:
        self._run(
            "INSERT INTO activity (subscription, resource_group, at, event) VALUES (?,?,?,?)",
            (subscription.lower(), resource_group.lower(), at, orjson.dumps(event).decode()),
        )

    def between(self, subscription: str, start: int, end: int) -> Iterator[dict[str, Any]]:
        """Events of a subscription in ``[start, end)`` (ticks), newest first."""
        rows = self._run(
            "SELECT event FROM activity WHERE subscription = ? AND at >= ? AND at < ? ORDER BY at DESC, id DESC",
            (subscription.lower(), start, end),
        ).fetchall()
        return (orjson.loads(event) for (event,) in rows)
