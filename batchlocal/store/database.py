"""The store: one SQLite file in WAL mode, one writer, answered only after commit.

All calls come from the server's event loop thread and never await inside a transaction, so transactions are
serial by construction. ``synchronous=NORMAL`` survives a killed process: what was committed is in the file
(see docs/decisions on the store).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from batchlocal.store.activity import ActivityLog
from batchlocal.store.checkpoints import Checkpoints
from batchlocal.store.effects import Effects
from batchlocal.store.job_nodes import JobNodes
from batchlocal.store.job_schedules import JobSchedules
from batchlocal.store.jobs import Jobs
from batchlocal.store.migrations import migrate
from batchlocal.store.nodes import Nodes
from batchlocal.store.operations import LongRunningOperations
from batchlocal.store.pools import Pools
from batchlocal.store.principals import Principals
from batchlocal.store.quotas import Quotas
from batchlocal.store.resources import Resources
from batchlocal.store.service_events import ServiceEvents
from batchlocal.store.subscriptions import Subscriptions
from batchlocal.store.tasks import Tasks

__all__ = ["Store", "Tx"]


class Tx:
    """One transaction's repositories, a noun each, made when first asked for."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @cached_property
    def resources(self) -> Resources:
        return Resources(self.connection)

    @cached_property
    def effects(self) -> Effects:
        return Effects(self.connection)

    @cached_property
    def operations(self) -> LongRunningOperations:
        return LongRunningOperations(self.connection)

    @cached_property
    def pools(self) -> Pools:
        return Pools(self.connection)

    @cached_property
    def nodes(self) -> Nodes:
        return Nodes(self.connection)

    @cached_property
    def jobs(self) -> Jobs:
        return Jobs(self.connection)

    @cached_property
    def job_schedules(self) -> JobSchedules:
        return JobSchedules(self.connection)

    @cached_property
    def job_nodes(self) -> JobNodes:
        return JobNodes(self.connection)

    @cached_property
    def tasks(self) -> Tasks:
        return Tasks(self.connection)

    @cached_property
    def service_events(self) -> ServiceEvents:
        return ServiceEvents(self.connection)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        return Subscriptions(self.connection)

    @cached_property
    def principals(self) -> Principals:
        return Principals(self.connection)

    @cached_property
    def quotas(self) -> Quotas:
        return Quotas(self.connection)

    @cached_property
    def activity(self) -> ActivityLog:
        return ActivityLog(self.connection)


class Store:
    """The store's file, opened and migrated."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
            "PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 0;"
        )
        file.chmod(0o600)
        migrate(self._connection)
        self._tx = Tx(self._connection)
        self._checkpoints = Checkpoints(file)

    @property
    def read(self) -> Tx:
        """Repositories for single reads, outside any transaction."""
        return self._tx

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction: committed when the block ends, undone when it raises."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._tx
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # on some errors, of a full disk for one, SQLite has ended it itself
                self._connection.execute("ROLLBACK")
            raise
        self._checkpoints.committed(self._connection)

    def close(self) -> None:
        self._checkpoints.close()
        self._connection.close()
