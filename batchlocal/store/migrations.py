"""The store's schema, as small named steps; a step that has been released is never edited."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

__all__ = ["StoreTooNew", "migrate"]

Step = Callable[[sqlite3.Connection], object]
STEPS: list[tuple[str, str]] = []


class StoreTooNew(Exception):
    """The data folder was written by a newer batchlocal."""


def _step(name: str, sql: str) -> None:
    STEPS.append((name, sql))


_step(
    "0001 resources of ARM",
    """
    CREATE TABLE resource (
      key TEXT PRIMARY KEY,             -- the id in lower case: ids compare without case and keep their spelling
      id TEXT NOT NULL,
      type TEXT NOT NULL,               -- lower case, e.g. microsoft.batch/batchaccounts
      subscription TEXT NOT NULL,
      resource_group TEXT NOT NULL,     -- lower case; '' above groups
      parent TEXT NOT NULL,             -- key of the enclosing resource; '' for a top-level one
      name TEXT NOT NULL,
      body TEXT NOT NULL,               -- JSON: what GET may show
      hidden TEXT NOT NULL,             -- JSON: keys and inner facts, never shown as such
      created INTEGER NOT NULL,         -- ticks
      modified INTEGER NOT NULL         -- ticks
    ) WITHOUT ROWID;
    CREATE INDEX resource_by_type ON resource (type, subscription, name COLLATE NOCASE);
    CREATE INDEX resource_by_group ON resource (subscription, resource_group, key);
    CREATE INDEX resource_by_parent ON resource (parent, type, name COLLATE NOCASE) WHERE parent <> '';
    """,
)
_step(
    "0002 effects owed",
    """
    CREATE TABLE effect (
      id INTEGER PRIMARY KEY,
      due INTEGER NOT NULL,             -- ticks
      kind TEXT NOT NULL,
      subject TEXT NOT NULL,            -- key of what it is about
      payload TEXT NOT NULL,            -- JSON
      cause TEXT NOT NULL               -- id of the request behind it
    );
    CREATE INDEX effect_by_due ON effect (due);
    CREATE INDEX effect_by_subject ON effect (subject, kind);
    """,
)
_step(
    "0003 long-running operations",
    """
    CREATE TABLE long_running_operation (
      id TEXT PRIMARY KEY,
      subscription TEXT NOT NULL,
      subject TEXT NOT NULL,            -- key of the resource
      status TEXT NOT NULL,             -- InProgress, Succeeded, Failed
      result TEXT NOT NULL,             -- JSON: the refusal's code and message when Failed, else null
      started INTEGER NOT NULL
    ) WITHOUT ROWID;
    """,
)
_step(
    "0004 activity log",
    """
    CREATE TABLE activity (
      id INTEGER PRIMARY KEY,
      subscription TEXT NOT NULL,
      resource_group TEXT NOT NULL,
      at INTEGER NOT NULL,              -- ticks
      event TEXT NOT NULL               -- JSON, as the Insights API shows it
    );
    CREATE INDEX activity_by_time ON activity (subscription, at);
    """,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a store to the present schema, each step in a transaction of its own.

    Raises:
        StoreTooNew: the store knows steps that this version does not.
    """
    done: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if done > len(STEPS):
        raise StoreTooNew(f"the data folder's store has schema {done}, this batchlocal knows {len(STEPS)}")
    for number, (_, sql) in enumerate(STEPS[done:], start=done + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {sql}; PRAGMA user_version = {number}; COMMIT;")
