"""The store's one writer goes on after a write that failed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from batchlocal.store import Store
from batchlocal.store.resources import Resource


def put(store: Store, name: str, also: str = "") -> None:
    """Write a resource, and run some statements in the same transaction."""
    with store.write() as tx:
        tx.resources.put(Resource(f"/r/{name}", "t", "s", "g", name))
        for statement in filter(None, also.split("; ")):
            tx.connection.execute(statement)


def test_a_commit_that_fails_fails_no_later_one(tmp_path: Path) -> None:
    """What a commit refuses here a full disk may refuse too."""
    store = Store(tmp_path / "store.db")
    store.read.connection.executescript("CREATE TABLE child (parent REFERENCES owner DEFERRABLE INITIALLY DEFERRED)")
    store.read.connection.executescript("CREATE TABLE owner (id PRIMARY KEY)")
    with pytest.raises(sqlite3.IntegrityError):
        put(store, "lost", also="INSERT INTO child VALUES (1)")
    put(store, "after")
    assert store.read.resources.find("/r/lost") is None
    assert store.read.resources.find("/r/after") is not None
    store.close()


def test_a_transaction_that_the_database_has_undone_tells_its_own_error(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.db")
    with pytest.raises(sqlite3.OperationalError, match="nonsense"):
        put(store, "lost", also="ROLLBACK; nonsense")  # SQLite ends a transaction by itself when it cannot write
    put(store, "after")
    store.close()
