"""Whether a principal may do something: role assignments asked of the store. Both planes use it."""

from __future__ import annotations

from collections.abc import Iterator

from batchlocal.domain.built_in_roles import BUILT_IN
from batchlocal.domain.roles import Assignment, Permissions, allows
from batchlocal.store import Tx

__all__ = ["Access"]

_ASSIGNMENTS, _ROLES = "Microsoft.Authorization/roleAssignments", "Microsoft.Authorization/roleDefinitions"


class Access:
    """Decides, and remembers each principal's assignments until something is written.

    ``standing`` is the object id of the principal of ``batchlocal env``: it may do everything, data actions included,
    and is never looked up.
    """

    def __init__(self, standing: str) -> None:
        self._standing = standing
        self._known: dict[str, tuple[Assignment, ...]] = {}
        self._stamp: tuple[int, int] = (0, 0)

    def is_standing(self, object_id: str) -> bool:
        """Whether a principal is the one that may do everything."""
        return object_id == self._standing

    def may(self, tx: Tx, object_id: str, action: str, scope: str, *, data: bool = False) -> bool:
        """Whether a principal may do ``action`` (a data action with ``data``) at ``scope``, an ARM id."""
        return self.is_standing(object_id) or allows(self._assignments(tx, object_id), action, scope, data=data)

    def _assignments(self, tx: Tx, object_id: str) -> tuple[Assignment, ...]:
        stamp = (id(tx.connection), tx.connection.total_changes)
        if stamp != self._stamp:
            self._stamp, self._known = stamp, {}
        if object_id not in self._known:
            self._known[object_id] = tuple(_assignments_of(tx, object_id))
        return self._known[object_id]


def _assignments_of(tx: Tx, object_id: str) -> Iterator[Assignment]:
    """What is assigned to a principal and to the groups that it is in."""
    principal = tx.principals.with_object_id(object_id)
    ids = {object_id.lower(), *(group.lower() for group in (principal.groups if principal else ()))}
    for assignment in tx.resources.of_type(_ASSIGNMENTS):
        properties = assignment.body["properties"]
        if properties["principalId"].lower() in ids:
            yield Assignment(assignment.parent.lower(), _permissions(tx, properties["roleDefinitionId"]))


def _permissions(tx: Tx, role_id: str) -> tuple[Permissions, ...]:
    name = role_id.rstrip("/").rsplit("/", 1)[-1].lower()
    if name in BUILT_IN:
        return BUILT_IN[name].permissions
    for role in tx.resources.of_type(_ROLES):
        if role.name.lower() == name:
            return tuple(Permissions.from_json(entry) for entry in role.body["properties"]["permissions"])
    return ()
