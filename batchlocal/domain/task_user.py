"""Which user a task runs as (article batch-user-accounts; REST reference, UserIdentity)."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, Final

from batchlocal.domain.pool import Pool

__all__ = ["user_id"]

_FIRST: Final = 2_000_000
_MANY: Final = 1_000_000


def user_id(pool: Pool, node: str, task: str, identity: Mapping[str, Any] | None) -> int | None:
    """The number of a task's user, None for an elevated one; ``node`` and ``task`` are keys.

    An automatic user is the node's, shared by its tasks, or with the scope ``task`` the task's own. A named one is the
    pool's, elevated as the pool's ``userAccounts`` say.
    """
    asked = identity or {}
    if name := asked.get("username"):
        known = (one for one in pool.properties.get("userAccounts") or [] if one["name"] == name)
        account: Mapping[str, Any] = next(known, {})
        level = str(account.get("elevationLevel", "nonadmin"))
        whose = f"{node}#{name}"
    else:
        automatic = asked.get("autoUser") or {}
        level = str(automatic.get("elevationLevel") or "nonadmin")
        whose = task if str(automatic.get("scope") or "pool").lower() == "task" else node
    return None if level.lower() == "admin" else _FIRST + zlib.crc32(whose.encode()) % _MANY
