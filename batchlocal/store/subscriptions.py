"""The repository of further subscriptions; the data folder's own is always there and stands not in it."""

from __future__ import annotations

import sqlite3

__all__ = ["Subscriptions"]


class Subscriptions:
    """Subscriptions by id (lower case), with their display names."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def name_of(self, subscription: str) -> str | None:
        """The display name, None when there is no such subscription."""
        row = self._run("SELECT name FROM subscription WHERE id = ?", (subscription.lower(),)).fetchone()
        return row[0] if row else None

    def every(self) -> list[tuple[str, str]]:
        """Ids and display names, oldest first."""
        return self._run("SELECT id, name FROM subscription ORDER BY created, id").fetchall()

    def add(self, subscription: str, name: str, created: int) -> None:
        self._run("INSERT INTO subscription (id, name, created) VALUES (?,?,?)", (subscription.lower(), name, created))

    def remove(self, subscription: str) -> bool:
        """False when there was none."""
        return self._run("DELETE FROM subscription WHERE id = ?", (subscription.lower(),)).rowcount == 1
