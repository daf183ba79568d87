"""What a principal may do: roles, their scopes, and the one function that decides.

Azure documentation, "Understand Azure role definitions" and "Understand scope for Azure RBAC": a role allows what its
actions match and its notActions do not; dataActions likewise, apart from them; ``*`` stands for any text, slashes
included; case does not matter; an assignment holds at its scope and below; several roles add up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

__all__ = ["Assignment", "Permissions", "RoleDefinition", "allows"]


@dataclass(frozen=True, slots=True)
class Permissions:
    """Patterns of what is allowed at ARM (``actions``) and at a service itself (``data_actions``)."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Permissions:
        """Read an entry of a role definition's ``permissions``."""
        names = ("actions", "notActions", "dataActions", "notDataActions")
        return cls(*(tuple(str(one) for one in body.get(name) or ()) for name in names))

    def as_json(self) -> dict[str, list[str]]:
        return {
            "actions": list(self.actions),
            "notActions": list(self.not_actions),
            "dataActions": list(self.data_actions),
            "notDataActions": list(self.not_data_actions),
        }

    def allow(self, action: str, *, data: bool) -> bool:
        """Whether an action such as ``Microsoft.Batch/batchAccounts/read`` is allowed."""
        given = self.data_actions if data else self.actions
        taken = self.not_data_actions if data else self.not_actions
        return _matches(action, given) and not _matches(action, taken)


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A role: its GUID, its name, what it is for, what it allows."""

    id: str
    name: str
    description: str
    permissions: tuple[Permissions, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a principal may do at a scope: an ARM id in lower case, ``/`` for everything."""

    scope: str
    permissions: tuple[Permissions, ...]


def allows(assignments: Iterable[Assignment], action: str, scope: str, *, data: bool = False) -> bool:
    """Whether any of a principal's assignments allows an action at a scope."""
    place = f"{scope.rstrip('/').lower()}/"
    return any(
        place.startswith(f"{one.scope.rstrip('/')}/")
        and any(entry.allow(action, data=data) for entry in one.permissions)
        for one in assignments
    )


def _matches(action: str, patterns: tuple[str, ...]) -> bool:
    return bool(patterns) and _compiled(patterns).fullmatch(action) is not None


@lru_cache(maxsize=256)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(one).replace(r"\*", ".*") for one in patterns), re.IGNORECASE)
