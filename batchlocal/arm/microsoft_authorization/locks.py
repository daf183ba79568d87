"""Management locks, and that they hold: every change of anything asks here first."""

from __future__ import annotations

from typing import Literal

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.kept import KeptType, Values, serve
from batchlocal.arm.microsoft_authorization.provider import PROVIDER
from batchlocal.arm.shapes import InvalidValue
from batchlocal.domain.locks import LEVELS, Lock, ScopeLocked, check_locks
from batchlocal.store.resources import Resource

__all__ = ["check_unlocked"]

_LOCK_TYPE = "Microsoft.Authorization/locks"
_KINDS: dict[str, Literal["write", "delete"]] = {
    "PUT": "write",
    "PATCH": "write",
    "POST": "write",
    "DELETE": "delete",
}

CATALOGUE[ScopeLocked] = gateway(
    409,
    "ScopeLocked",
    "The scope '{scope}' cannot perform {kind} operation because following scope(s) are locked: '{locked}'. Please"
    " remove the lock and try again.",
)


def check_unlocked(call: ArmCall) -> None:
    """Refuse a change that a lock stands against; locks themselves can always be made and taken away.

    Raises:
        ScopeLocked
    """
    kind = _KINDS.get(call.request.method)
    if kind is None or call.id.type.lower() == _LOCK_TYPE.lower():
        return
    locks = [Lock(lock.parent, lock.body["properties"]["level"]) for lock in call.tx.resources.of_type(_LOCK_TYPE)]
    if locks:
        check_locks(kind, str(call.id), locks)


def _complete(_: ArmCall, lock: Resource, __: Values | None) -> None:
    level: str = lock.body["properties"]["level"]
    known = {one.lower(): one for one in LEVELS}
    if level.lower() not in known:
        raise InvalidValue("properties.level", f"It must be {' or '.join(LEVELS)}.")
    lock.body["properties"]["level"] = known[level.lower()]


serve(
    PROVIDER,
    KeptType(
        _LOCK_TYPE,
        "ManagementLocks",
        extends=True,
        envelope=("properties", "id", "type", "name"),
        shape={"level": str, "notes": str},
        required=("properties.level",),
        complete=_complete,
    ),
)
