"""Which user a task runs as (article batch-user-accounts; REST reference, UserIdentity)."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from batchlocal.domain.pool import Pool

__all__ = ["ANYBODY", "TaskUser", "TaskUsers", "user_of"]

_FIRST: Final = 2_000_000
_MANY: Final = 1_000_000
ANYBODY: Final = _FIRST + _MANY
"""A number beside those of tasks, by which to try what they may."""

_IDENTITIES: Final = {  # PoolNonAdmin and TaskNonAdmin as printed by tasks on Azure; the others follow them
    ("pool", "nonadmin"): "PoolNonAdmin",
    ("pool", "admin"): "PoolAdmin",
    ("task", "nonadmin"): "TaskNonAdmin",
    ("task", "admin"): "TaskAdmin",
}


@dataclass(frozen=True)
class TaskUsers:
    """Who tasks run as on this server: users of their ``own``, or the server's; ``reason`` says why root's has none."""

    own: bool = False
    reason: str = ""


@dataclass(frozen=True)
class TaskUser:
    """A task's user: its name on Azure's nodes, its kind (AZ_BATCH_TASK_USER_IDENTITY, '' for a named one), its
    number here (None for an elevated one, which is root) and that of the group of all users of its node."""

    name: str
    identity: str
    number: int | None
    group: int


def user_of(pool: Pool, node: str, task: str, identity: Mapping[str, Any] | None) -> TaskUser:
    """The user of a task; ``node`` and ``task`` are keys.

    An automatic user is the node's, shared by its tasks, or with the scope ``task`` the task's own. A named one is the
    pool's, elevated as the pool's ``userAccounts`` say; the uid and gid that its ``linuxUserConfiguration`` may name
    are not taken, for they may be those of somebody of this machine.
    """
    asked = identity or {}
    group = _number(node)
    if name := asked.get("username"):
        known = (one for one in pool.properties.get("userAccounts") or [] if one["name"] == name)
        account: Mapping[str, Any] = next(known, {})
        elevated = str(account.get("elevationLevel", "nonadmin")).lower() == "admin"
        return TaskUser(str(name), "", None if elevated else _number(f"{node}#{name}"), group)
    automatic = asked.get("autoUser") or {}
    scope = str(automatic.get("scope") or "pool").lower()
    level = str(automatic.get("elevationLevel") or "nonadmin").lower()
    number = _number(task if scope == "task" else node)
    return TaskUser(_name(task, scope, number), _IDENTITIES[scope, level], None if level == "admin" else number, group)


def _name(task: str, scope: str, number: int) -> str:
    """``_azbatch``, ``_azbatchtask_start`` and ``_azbatchtask_1``, as tasks on Azure have printed them."""
    if scope == "pool":
        return "_azbatch"
    return f"_azbatchtask_{'start' if task.endswith('/startup') else number - _FIRST}"


def _number(whose: str) -> int:
    """A number that no user of this machine has."""
    return _FIRST + zlib.crc32(whose.encode()) % _MANY
