"""Locks: what may not be done to a resource, and to what lies around it.

Azure documentation, "Lock your resources to protect your infrastructure": a lock at a scope holds for everything below
it; CanNotDelete refuses deletions, ReadOnly refuses changes too, actions (POST) among them; a scope with a locked
resource in it cannot be deleted either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from batchlocal.domain.refusals import Refusal

__all__ = ["LEVELS", "Lock", "ScopeLocked", "check_locks"]

Level = Literal["CanNotDelete", "ReadOnly"]
LEVELS: tuple[Level, ...] = ("CanNotDelete", "ReadOnly")


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on a scope (an ARM id)."""

    scope: str
    level: str


@dataclass(eq=False)
class ScopeLocked(Refusal):
    """Locks stand against it; ``locked`` are their scopes."""

    scope: str
    kind: str
    locked: str


def check_locks(kind: Literal["write", "delete"], scope: str, locks: Iterable[Lock]) -> None:
    """Refuse to write (change, act on) or delete ``scope`` when a lock forbids it.

    Raises:
        ScopeLocked
    """
    holding = [lock.scope for lock in locks if _holds(kind, scope, lock)]
    if holding:
        raise ScopeLocked(scope, kind, ",".join(holding))


def _holds(kind: str, scope: str, lock: Lock) -> bool:
    if _is_within(scope, lock.scope):
        return kind == "delete" or lock.level == "ReadOnly"
    return kind == "delete" and _is_within(lock.scope, scope)


def _is_within(inner: str, outer: str) -> bool:
    return f"{inner}/".lower().startswith(f"{outer}/".lower())
