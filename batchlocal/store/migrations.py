"""The store's schema, as small named steps; a step that has been released is never edited."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from batchlocal.store.event_triggers import TRIGGERS

__all__ = ["StoreTooNew", "check_known", "migrate"]

Step = Callable[[sqlite3.Connection], object]
STEPS: list[tuple[str, str]] = []


class StoreTooNew(Exception):
    """The data folder was written by a newer batchlocal."""


def _step(name: str, sql: str) -> None:
    STEPS.append((name, sql))


def _counted(row: str, sign: str) -> str:
    """One row's share of its job's counts, added or taken away."""
    kinds = {
        "active": f"{row}.state IN ('active', 'preparing')",
        "running": f"{row}.state = 'running'",
        "succeeded": f"{row}.state = 'completed' AND {row}.result = 'success'",
        "failed": f"{row}.state = 'completed' AND {row}.result <> 'success'",
    }
    parts = [f"{kind} = {kind} {sign} ({test})" for kind, test in kinds.items()]
    parts += [f"{kind}_slots = {kind}_slots {sign} ({test}) * {row}.slots" for kind, test in kinds.items()]
    return f"UPDATE task_count SET {', '.join(parts)} WHERE job = {row}.job; "


_CHILD_COUNT_TRIGGERS = """
    CREATE TRIGGER child_count_insert AFTER INSERT ON resource WHEN NEW.parent <> '' BEGIN
      INSERT INTO child_count VALUES (NEW.parent, NEW.type, 1) ON CONFLICT DO UPDATE SET count = count + 1;
    END;
    CREATE TRIGGER child_count_delete AFTER DELETE ON resource WHEN OLD.parent <> '' BEGIN
      UPDATE child_count SET count = count - 1 WHERE parent = OLD.parent AND type = OLD.type;
      DELETE FROM child_count WHERE parent = OLD.parent AND type = OLD.type AND count = 0;
    END;
    """

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

_step(
    "0005 pools and their nodes",
    """
    CREATE TABLE pool (
      key TEXT PRIMARY KEY,
      account TEXT NOT NULL,
      doc TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX pool_by_account ON pool (account, key);
    CREATE TABLE node (
      key TEXT PRIMARY KEY,
      pool TEXT NOT NULL,
      doc TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX node_by_pool ON node (pool, key);
    """,
)
_step(
    "0006 jobs, tasks, and task counts that are kept rather than counted",
    """
    CREATE TABLE job (
      key TEXT PRIMARY KEY,
      account TEXT NOT NULL,
      pool TEXT NOT NULL,
      state TEXT NOT NULL,
      priority INTEGER NOT NULL,
      created INTEGER NOT NULL,
      doc TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX job_by_account ON job (account, key);
    CREATE INDEX job_by_pool ON job (pool, state, priority DESC, created);
    CREATE TABLE task (
      number INTEGER PRIMARY KEY,       -- the order in which tasks were added
      job TEXT NOT NULL,
      id_key TEXT NOT NULL,             -- the id in lower case
      state TEXT NOT NULL,
      result TEXT NOT NULL,
      node TEXT NOT NULL,               -- key of the node it runs or ran on
      slots INTEGER NOT NULL,
      doc TEXT NOT NULL,
      UNIQUE (job, id_key)
    );
    CREATE INDEX task_waiting ON task (job, number) WHERE state = 'active';
    CREATE INDEX task_by_state ON task (job, state, id_key);
    CREATE INDEX task_running ON task (node) WHERE state = 'running';
    CREATE TABLE task_count (
      job TEXT PRIMARY KEY,
      active INTEGER NOT NULL DEFAULT 0, running INTEGER NOT NULL DEFAULT 0,
      succeeded INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
      active_slots INTEGER NOT NULL DEFAULT 0, running_slots INTEGER NOT NULL DEFAULT 0,
      succeeded_slots INTEGER NOT NULL DEFAULT 0, failed_slots INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    """
    + "".join(
        f"""
    CREATE TRIGGER task_count_{event.split()[0].lower()} AFTER {event} ON task BEGIN
      INSERT OR IGNORE INTO task_count (job) VALUES ({rows[0][0]}.job);
      {"".join(_counted(row, sign) for row, sign in rows)}
    END;"""
        for event, rows in (
            ("INSERT", [("NEW", "+")]),
            ("DELETE", [("OLD", "-")]),
            ("UPDATE OF state, result, slots", [("OLD", "-"), ("NEW", "+")]),
        )
    ),
)
_step(
    "0007 quotas of subscriptions; the jobs that count against an account's",
    """
    CREATE TABLE quota (
      subscription TEXT PRIMARY KEY,
      doc TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX job_open ON job (account) WHERE state NOT IN ('completed', 'deleting');
    """,
)
_step(
    "0008 an effect's id is never another's: a dropped one may still be settled by who performs it",
    """
    ALTER TABLE effect RENAME TO effect_before;
    DROP INDEX effect_by_due;
    DROP INDEX effect_by_subject;
    CREATE TABLE effect (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      due INTEGER NOT NULL,
      kind TEXT NOT NULL,
      subject TEXT NOT NULL,
      payload TEXT NOT NULL,
      cause TEXT NOT NULL
    );
    INSERT INTO effect SELECT * FROM effect_before;
    DROP TABLE effect_before;
    CREATE INDEX effect_by_due ON effect (due);
    CREATE INDEX effect_by_subject ON effect (subject, kind);
    """,
)
_step(
    "0009 the tasks that a node ran",
    "CREATE INDEX task_of_node ON task (node, number) WHERE node <> ''",
)
_step(
    "0010 task dependencies, multi-instance tasks, what falls due about tasks; job schedules; jobs' own tasks on nodes",
    """
    ALTER TABLE task ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;   -- dependencies that are still open
    ALTER TABLE task ADD COLUMN instances INTEGER NOT NULL DEFAULT 0; -- nodes it needs at once; 0 for an ordinary task
    ALTER TABLE task ADD COLUMN due INTEGER;                          -- ticks: end of its lifetime, or of its files
    DROP INDEX task_waiting;
    CREATE INDEX task_waiting ON task (job, number) WHERE state = 'active' AND blocked = 0;
    CREATE INDEX task_preparing ON task (node) WHERE state = 'preparing';
    CREATE INDEX task_due ON task (due) WHERE due IS NOT NULL;

    CREATE TABLE dependency (           -- on one task, by id; a row goes when it is satisfied
      job TEXT NOT NULL,
      id_key TEXT NOT NULL,
      dependent INTEGER NOT NULL,       -- number of the task that waits
      PRIMARY KEY (job, id_key, dependent)
    ) WITHOUT ROWID;
    CREATE INDEX dependency_by_dependent ON dependency (dependent);
    CREATE TABLE dependency_range (     -- on all tasks whose ids are the numbers of a range; a row goes at 0 open
      id INTEGER PRIMARY KEY,
      job TEXT NOT NULL,
      dependent INTEGER NOT NULL,
      open INTEGER NOT NULL             -- how many of its numbers are not satisfied
    );
    CREATE INDEX dependency_range_by_dependent ON dependency_range (dependent);
    CREATE INDEX dependency_range_by_job ON dependency_range (job);
    CREATE TABLE dependency_block (     -- a range as blocks of 2^level numbers: who has a number is found by its blocks
      job TEXT NOT NULL,
      level INTEGER NOT NULL,
      block INTEGER NOT NULL,           -- the block's first number, shifted right by the level
      range INTEGER NOT NULL,           -- id of the range
      PRIMARY KEY (job, level, block, range)
    ) WITHOUT ROWID;
    CREATE INDEX dependency_block_by_range ON dependency_block (range);
    CREATE TABLE satisfied (            -- what completed tasks have satisfied, in jobs that use dependencies
      job TEXT NOT NULL,
      id_key TEXT NOT NULL,
      PRIMARY KEY (job, id_key)
    ) WITHOUT ROWID;
    CREATE TABLE satisfied_number (
      job TEXT NOT NULL,
      number INTEGER NOT NULL,
      PRIMARY KEY (job, number)
    ) WITHOUT ROWID;

    ALTER TABLE job ADD COLUMN schedule TEXT NOT NULL DEFAULT '';     -- key of the schedule that made it
    CREATE INDEX job_by_schedule ON job (schedule, created) WHERE schedule <> '';
    CREATE INDEX job_unsettled ON job (state) WHERE state <> 'active' AND state <> 'completed' AND state <> 'disabled';
    CREATE TABLE job_schedule (
      key TEXT PRIMARY KEY,
      account TEXT NOT NULL,
      doc TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX job_schedule_by_account ON job_schedule (account, key);
    CREATE TABLE job_node (             -- preparation and release of a job on one node
      job TEXT NOT NULL,
      node TEXT NOT NULL,
      doc TEXT NOT NULL,
      PRIMARY KEY (job, node)
    ) WITHOUT ROWID;
    CREATE INDEX job_node_by_node ON job_node (node);

    ALTER TABLE task_count ADD COLUMN ran INTEGER NOT NULL DEFAULT 0;     -- ticks that attempts took
    ALTER TABLE task_count ADD COLUMN waited INTEGER NOT NULL DEFAULT 0;  -- ticks before first attempts
    ALTER TABLE task_count ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;
    """,
)
_step(
    "0011 further subscriptions",
    """
    CREATE TABLE subscription (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,               -- display name
      created INTEGER NOT NULL          -- ticks
    ) WITHOUT ROWID;
    """,
)
_step(
    "0012 further principals",
    """
    CREATE TABLE principal (
      name TEXT PRIMARY KEY,            -- all three in lower case
      client_id TEXT NOT NULL UNIQUE,
      object_id TEXT NOT NULL UNIQUE,
      doc TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE issuer (
      issuer TEXT PRIMARY KEY,          -- the iss of its tokens
      keys TEXT NOT NULL                -- JSON: its JSON web key set
    ) WITHOUT ROWID;
    """,
)
_step(
    "0013 service events, counted by the minute and kept until they are delivered; the logs of workspaces",
    """
    CREATE TABLE service_event (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      account TEXT NOT NULL,
      kind TEXT NOT NULL,               -- as Azure Monitor's operationName
      at REAL NOT NULL,                 -- seconds since 1970
      doc TEXT NOT NULL,                -- JSON: the pool or task as stored
      job TEXT NOT NULL                 -- JSON: of a task its job's id, pool and manager task
    );
    CREATE TABLE event_count (
      account TEXT NOT NULL,
      kind TEXT NOT NULL,               -- an event's kind, or a gauge's name
      minute INTEGER NOT NULL,          -- since 1970
      count INTEGER NOT NULL,
      PRIMARY KEY (account, kind, minute)
    ) WITHOUT ROWID;
    CREATE TABLE workspace_log (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      workspace TEXT NOT NULL,
      record TEXT NOT NULL              -- JSON: a row of AzureDiagnostics
    );
    CREATE INDEX workspace_log_of ON workspace_log (workspace, number);
    """
    + TRIGGERS,
)
_step(
    "0014 what tasks take of processors, and what they read and write",
    """
    ALTER TABLE task_count ADD COLUMN user INTEGER NOT NULL DEFAULT 0;    -- ticks
    ALTER TABLE task_count ADD COLUMN kernel INTEGER NOT NULL DEFAULT 0;  -- ticks
    ALTER TABLE task_count ADD COLUMN reads INTEGER NOT NULL DEFAULT 0;   -- calls
    ALTER TABLE task_count ADD COLUMN writes INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE task_count ADD COLUMN bytes_read INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE task_count ADD COLUMN bytes_written INTEGER NOT NULL DEFAULT 0;
    """,
)
_step(
    "0015 children found and counted by their parent, however many there are",
    """
    DROP INDEX resource_by_parent;      -- was partial, and no query implied its condition
    CREATE INDEX resource_by_parent ON resource (parent, type, name COLLATE NOCASE);
    CREATE TABLE child_count (
      parent TEXT NOT NULL,
      type TEXT NOT NULL,
      count INTEGER NOT NULL,
      PRIMARY KEY (parent, type)
    ) WITHOUT ROWID;
    INSERT INTO child_count SELECT parent, type, count(*) FROM resource WHERE parent <> '' GROUP BY parent, type;
    """
    + _CHILD_COUNT_TRIGGERS,
)
_step(
    "0016 resources in the order they came, so that a write touches few pages",
    """
    CREATE TABLE resource_by_rowid (    -- columns as in step 0001
      number INTEGER PRIMARY KEY,
      key TEXT NOT NULL UNIQUE,         -- finds what lies in a group or below a resource, too: ids begin with theirs
      id TEXT NOT NULL,
      type TEXT NOT NULL,
      subscription TEXT NOT NULL,
      resource_group TEXT NOT NULL,
      parent TEXT NOT NULL,
      name TEXT NOT NULL,
      body TEXT NOT NULL,
      hidden TEXT NOT NULL,
      created INTEGER NOT NULL,
      modified INTEGER NOT NULL
    );
    INSERT INTO resource_by_rowid
      SELECT NULL, key, id, type, subscription, resource_group, parent, name, body, hidden, created, modified
      FROM resource ORDER BY created;
    DROP TABLE resource;                -- its indexes and triggers go with it
    PRAGMA legacy_alter_table = ON;     -- triggers of other tables name the table that is not there right now
    ALTER TABLE resource_by_rowid RENAME TO resource;
    PRAGMA legacy_alter_table = OFF;
    CREATE INDEX resource_by_type ON resource (type, subscription, name COLLATE NOCASE);
    CREATE INDEX resource_by_parent ON resource (parent, type, name COLLATE NOCASE);
    """
    + _CHILD_COUNT_TRIGGERS,
)


def check_known(connection: sqlite3.Connection) -> int:
    """How many steps a store has had.

    Raises:
        StoreTooNew: more than this version knows.
    """
    done: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if done > len(STEPS):
        raise StoreTooNew(f"the data folder's store has schema {done}, this batchlocal knows {len(STEPS)}")
    return done


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a store to the present schema, each step in a transaction of its own.

    Raises:
        StoreTooNew: the store knows steps that this version does not.
    """
    done = check_known(connection)
    for number, (_, sql) in enumerate(STEPS[done:], start=done + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {sql}; PRAGMA user_version = {number}; COMMIT;")
