"""The log is brought into the database while it is written, and does not grow for ever under steady load."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from batchlocal.store import Store
from batchlocal.store.checkpoints import Checkpoints
from batchlocal.store.resources import Resource
from tests.support.waiting import until

PAGE = 4096  # bytes


def test_commits_are_brought_into_the_database_without_the_writers_doing(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.db")
    for number in range(128):
        with store.write() as tx:
            tx.resources.put(Resource(f"/r/{number}", "t", "s", "g", f"{number}"))
    copy = tmp_path / "without the log.db"

    def are_in_the_database() -> bool:
        copy.write_bytes((tmp_path / "store.db").read_bytes())
        try:
            with closing(sqlite3.connect(copy)) as connection:
                (count,) = connection.execute("SELECT count(*) FROM resource").fetchone()
        except sqlite3.DatabaseError:  # copied while it was written
            return False
        return int(count) == 128

    until(are_in_the_database, seconds=20)
    store.close()


def test_under_steady_load_the_log_starts_again_from_its_front(tmp_path: Path) -> None:
    file, log = tmp_path / "store.db", tmp_path / "store.db-wal"
    writer = sqlite3.connect(file, isolation_level=None)
    writer.executescript("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (v)")
    checkpoints = Checkpoints(file, every=1, most_pages=50)
    written = 0

    def started_again() -> bool:
        nonlocal written
        for _ in range(500):
            writer.execute("INSERT INTO t VALUES (zeroblob(4000))")
            checkpoints.committed(writer)
            written += 1
        return log.stat().st_size < written * PAGE / 2

    until(started_again, seconds=20)
    checkpoints.close()
    writer.close()


def test_a_checkpoint_that_fails_is_told_and_not_the_last(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "store.db"
    file.write_bytes(b"no database" * 100)
    checkpoints = Checkpoints(file, every=1)
    with closing(sqlite3.connect(":memory:")) as writer:
        checkpoints.committed(writer)
        until(lambda: "could not be brought" in caplog.text)
        caplog.clear()
        checkpoints.committed(writer)
        until(lambda: "could not be brought" in caplog.text)
    checkpoints.close()
