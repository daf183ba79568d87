"""The triggers that note service events: in the transaction of the change itself, so that a kill loses none.

Every event is counted by the minute, for metrics; its pool or task is kept only where the account has a diagnostic
setting that might ask for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["TRIGGERS"]

_NOW: Final = "(julianday('now') - 2440587.5) * 86400"  # seconds since 1970; older SQLites have no unixepoch()
_MINUTE: Final = f"CAST({_NOW} / 60 AS INTEGER)"
_HAS_SETTING: Final = (
    "EXISTS (SELECT 1 FROM resource WHERE parent = {account} AND type = 'microsoft.insights/diagnosticsettings')"
)

# In tests new[x] and old[x] are members of the pool's or task's document after and before the change.
_POOL: Final = {
    "PoolCreateEvent": "old.doc IS NULL",
    # the article: a resize start follows at once if the target is greater than 0
    "PoolResizeStartEvent": (
        "new[allocation_state] = 'resizing' AND new[state] = 'active' AND CASE WHEN old.doc IS NULL"
        " THEN new[target_dedicated] + new[target_low_priority] > 0 ELSE new[version] <> old[version] END"
    ),
    "PoolResizeCompleteEvent": "old[allocation_state] <> 'steady' AND new[allocation_state] = 'steady'",
    "PoolDeleteStartEvent": "old[state] = 'active' AND new[state] = 'deleting'",
    "PoolAutoScaleEvent": (
        "new[auto_scale_run.timestamp] IS NOT NULL"
        " AND new[auto_scale_run.timestamp] IS NOT old[auto_scale_run.timestamp]"
    ),
}
_TASK: Final = {
    "TaskStartEvent": "NEW.state = 'running'",
    "TaskCompleteEvent": "NEW.state = 'completed'",
    "TaskFailEvent": "NEW.state = 'completed' AND NEW.result <> 'success'",
    "TaskRequeueEvent": "NEW.state = 'active' AND new[requeues] > old[requeues]",
}
_JOB: Final = {
    "JobStartEvent": "old.state IS NULL",
    "JobDisableStartEvent": "old.state = 'active' AND NEW.state IN ('disabling', 'disabled')",
    "JobDisableCompleteEvent": "old.state IN ('active', 'disabling') AND NEW.state = 'disabled'",
    "JobTerminateStartEvent": (
        "old.state NOT IN ('terminating', 'completed') AND NEW.state IN ('terminating', 'completed')"
    ),
    "JobTerminateCompleteEvent": "old.state <> 'completed' AND NEW.state = 'completed'",
    "JobDeleteStartEvent": "old.state <> 'deleting' AND NEW.state = 'deleting'",
}


_MEMBER: Final = re.compile(r"\b(new|old)\[([\w.]+)\]")


def _extracted(member: re.Match[str]) -> str:
    return f"json_extract({member[1]}.doc, '$.{member[2]}')"


def _candidates(kinds: Mapping[str, str]) -> str:
    """The event kinds, and which of them hold."""
    names = ", ".join(f"('{kind}')" for kind in kinds)
    tests = " ".join(f"WHEN '{kind}' THEN {_MEMBER.sub(_extracted, test)}" for kind, test in kinds.items())
    return f"(VALUES {names}) AS kind WHERE CASE kind.column1 {tests} END"


def _counted(account: str, source: str, candidates: str) -> str:
    return (
        f"INSERT INTO event_count (account, kind, minute, count) SELECT {account}, kind.column1, {_MINUTE}, 1"
        f" FROM {source} {candidates} ON CONFLICT DO UPDATE SET count = count + 1;"
    )


def _kept(account: str, doc: str, job: str, source: str, candidates: str) -> str:
    return (
        "INSERT INTO service_event (account, kind, at, doc, job)"
        f" SELECT {account}, kind.column1, {_NOW}, {doc}, {job}"
        f" FROM {source} {candidates} AND {_HAS_SETTING.format(account=account)};"
    )


def _trigger(name: str, event: str, *statements: str) -> str:
    return f"CREATE TRIGGER {name} {event} BEGIN {' '.join(statements)} END;"


_OLD_POOL: Final = "(SELECT (SELECT doc FROM pool WHERE key = NEW.key) AS doc) AS old,"
_OLD_JOB: Final = "(SELECT (SELECT state FROM job WHERE key = NEW.key) AS state) AS old,"
_OF_JOB: Final = "job,"
_JOB_FACTS: Final = (
    "json_object('id', json_extract(job.doc, '$.id'), 'pool', job.pool,"
    " 'manager', json_extract(job.doc, '$.properties.jobManagerTask.id'))"
)
_TASKS: Final = f"{_candidates(_TASK)} AND job.key = NEW.job"
_DELETED_POOL: Final = "(VALUES ('PoolDeleteCompleteEvent')) AS kind WHERE true"
_DELETED_JOB: Final = "(VALUES ('JobDeleteCompleteEvent')) AS kind WHERE true"

TRIGGERS: Final = "\n".join(
    (
        _trigger(
            "events_of_pool",
            "BEFORE INSERT ON pool",
            _counted("NEW.account", _OLD_POOL, _candidates(_POOL)),
            _kept("NEW.account", "NEW.doc", "'{}'", _OLD_POOL, _candidates(_POOL)),
        ),
        _trigger(
            "events_of_deleted_pool",
            "AFTER DELETE ON pool",
            _counted("OLD.account", "", _DELETED_POOL),
            _kept("OLD.account", "OLD.doc", "'{}'", "", _DELETED_POOL),
        ),
        _trigger(
            "events_of_task",
            "AFTER UPDATE OF state ON task WHEN OLD.state <> NEW.state",
            _counted("job.account", _OF_JOB, _TASKS),
            _kept("job.account", "NEW.doc", _JOB_FACTS, _OF_JOB, _TASKS),
        ),
        _trigger("events_of_job", "BEFORE INSERT ON job", _counted("NEW.account", _OLD_JOB, _candidates(_JOB))),
        _trigger("events_of_deleted_job", "AFTER DELETE ON job", _counted("OLD.account", "", _DELETED_JOB)),
    )
)
"""Released as they stand: a change is a new migration that drops a trigger and makes it anew."""
