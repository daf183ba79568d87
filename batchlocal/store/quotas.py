"""The repository of quotas that were set for a subscription; those of an account lie with the account."""

from __future__ import annotations

import sqlite3
from typing import Any

import orjson

__all__ = ["Quotas"]


class Quotas:
    """Quotas by subscription id; what was never set is absent."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def of(self, subscription: str) -> dict[str, Any]:
        row = self._run("SELECT doc FROM quota WHERE subscription = ?", (subscription.lower(),)).fetchone()
        found: dict[str, Any] = orjson.loads(row[0]) if row else {}
        return found

    def put(self, subscription: str, values: dict[str, Any]) -> None:
        doc = orjson.dumps(values).decode()
        self._run("INSERT OR REPLACE INTO quota (subscription, doc) VALUES (?,?)", (subscription.lower(), doc))
