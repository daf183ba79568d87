"""Locks: Azure documentation, "Lock your resources to protect your infrastructure"."""

from __future__ import annotations

from typing import Literal

import pytest

from batchlocal.domain.locks import Lock, ScopeLocked, check_locks

GROUP = "/subscriptions/s/resourceGroups/g"
ACCOUNT = f"{GROUP}/providers/Microsoft.Batch/batchAccounts/a"
POOL = f"{ACCOUNT}/pools/p"


@pytest.mark.parametrize(
    ("kind", "scope", "locked", "level", "refused"),
    [
        ("delete", ACCOUNT, ACCOUNT, "CanNotDelete", True),
        ("write", ACCOUNT, ACCOUNT, "CanNotDelete", False),
        ("write", ACCOUNT, ACCOUNT, "ReadOnly", True),
        ("delete", POOL, GROUP, "CanNotDelete", True),
        ("write", POOL, GROUP.upper(), "ReadOnly", True),
        ("delete", GROUP, POOL, "CanNotDelete", True),
        ("write", GROUP, POOL, "ReadOnly", False),
        ("delete", f"{ACCOUNT}b", ACCOUNT, "ReadOnly", False),
        ("delete", ACCOUNT, f"{ACCOUNT}b", "ReadOnly", False),
    ],
)
def test_what_a_lock_holds(
    kind: Literal["write", "delete"], scope: str, locked: str, level: str, refused: bool
) -> None:
    if not refused:
        check_locks(kind, scope, [Lock(locked, level)])
        return
    with pytest.raises(ScopeLocked) as held:
        check_locks(kind, scope, [Lock(locked, level), Lock("/subscriptions/other", level)])
    assert (held.value.scope, held.value.kind, held.value.locked) == (scope, kind, locked)
