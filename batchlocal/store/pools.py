"""The repository of pools."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import asdict

import orjson

from batchlocal.domain.pool import AllocationState, Pool, ResizeError

__all__ = ["Pools"]


class Pools:
    """Pools by key: the account's key, ``/pools/``, the id in lower case."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def find(self, key: str) -> Pool | None:
        row = self._run("SELECT doc FROM pool WHERE key = ?", (key,)).fetchone()
        return _pool(row[0]) if row else None

    def put(self, pool: Pool) -> None:
        self._run(
            "INSERT OR REPLACE INTO pool (key, account, doc) VALUES (?,?,?)",
            (pool.key, pool.account, orjson.dumps(asdict(pool)).decode()),
        )

    def remove(self, key: str) -> None:
        self._run("DELETE FROM pool WHERE key = ?", (key,))

    def of_account(self, account: str) -> Iterator[Pool]:
        """An account's pools, by id."""
        rows = self._run("SELECT doc FROM pool WHERE account = ? ORDER BY key", (account,)).fetchall()
        return (_pool(doc) for (doc,) in rows)

    def page(self, account: str, after: str, limit: int) -> list[Pool]:
        """Up to ``limit`` pools of an account with keys beyond ``after``, by id."""
        rows = self._run(
            "SELECT doc FROM pool WHERE account = ? AND key > ? ORDER BY key LIMIT ?", (account, after, limit)
        ).fetchall()
        return [_pool(doc) for (doc,) in rows]

    def count(self, account: str) -> int:
        """How many pools an account has, those that are being deleted too."""
        count: int = self._run("SELECT count(*) FROM pool WHERE account = ?", (account,)).fetchone()[0]
        return count

    def every(self) -> Iterator[Pool]:
        """All pools of all accounts."""
        return (_pool(doc) for (doc,) in self._run("SELECT doc FROM pool ORDER BY key").fetchall())


def _pool(doc: str) -> Pool:
    values = orjson.loads(doc)
    values["allocation_state"] = AllocationState(values["allocation_state"])
    values["resize_errors"] = tuple(ResizeError(**error) for error in values["resize_errors"])
    return Pool(**values)
