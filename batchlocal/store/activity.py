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

    def between(
        self, subscription: str, start: int, end: int, before: tuple[int, int] | None = None
    ) -> Iterator[tuple[tuple[int, int], dict[str, Any]]]:
        """Events of a subscription in ``[start, end]`` (ticks), newest first, each with its place; ``before`` is the
        place of the last one that was seen."""
        at, number = before or (end, 2**62)
        rows = self._run(
            "SELECT at, id, event FROM activity WHERE subscription = ? AND at BETWEEN ? AND ?"
            " AND (at, id) < (?, ?) ORDER BY at DESC, id DESC",
            (subscription.lower(), start, end, at, number),
        )
        return (((at, number), orjson.loads(event)) for at, number, event in rows.fetchall())
