"""ARM resources: groups, accounts, applications, anything that has a resource id."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

__all__ = ["Resource", "Resources"]

Body = dict[str, Any]


@dataclass(slots=True)
class Resource:
    """One stored resource.

    ``body`` is what a GET may show apart from ``id``, ``name`` and ``type`` (tags, location, properties, ...), in the
    newest api-version's shape; ``hidden`` holds keys and inner facts. ``created`` and ``modified`` are ticks; the
    resource's ETag is drawn from ``modified``.
    """

    id: str
    type: str
    subscription: str
    resource_group: str
    name: str
    parent: str = ""
    body: Body = field(default_factory=dict)
    hidden: Body = field(default_factory=dict, repr=False)
    created: int = 0
    modified: int = 0

    @property
    def key(self) -> str:
        return self.id.lower()


_COLUMNS = "id, type, subscription, resource_group, name, parent, body, hidden, created, modified"
_CHANGED = ", ".join(f"{name} = excluded.{name}" for name in ("id", "name", "body", "hidden", "created", "modified"))


class Resources:
    """The repository of ARM resources; keys are ids in lower case."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def find(self, resource_id: str) -> Resource | None:
        row = self._run(f"SELECT {_COLUMNS} FROM resource WHERE key = ?", (resource_id.lower(),)).fetchone()
        return _resource(row) if row else None

    def put(self, resource: Resource) -> None:
        """Keep a resource; of one that is there the type and the parent, which its key tells too, stay."""
        self._run(
            f"INSERT INTO resource (key, {_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)"
            f" ON CONFLICT DO UPDATE SET {_CHANGED}",
            (
                resource.key,
                resource.id,
                resource.type.lower(),
                resource.subscription.lower(),
                resource.resource_group.lower(),
                resource.name,
                resource.parent.lower(),
                orjson.dumps(resource.body).decode(),
                orjson.dumps(resource.hidden).decode(),
                resource.created,
                resource.modified,
            ),
        )

    def remove(self, resource_id: str) -> None:
        """Remove a resource and everything below it."""
        key = resource_id.lower()
        self._run("DELETE FROM resource WHERE key = ? OR (key > ? AND key < ?)", (key, f"{key}/", f"{key}0"))

    def named(self, resource_type: str, name: str) -> Resource | None:
        """The one resource of a type with a globally unique name, whatever its group or subscription."""
        row = self._run(
            f"SELECT {_COLUMNS} FROM resource WHERE type = ? AND name = ? COLLATE NOCASE LIMIT 1",
            (resource_type.lower(), name),
        ).fetchone()
        return _resource(row) if row else None

    def of_type(
        self, resource_type: str, *, subscription: str | None = None, resource_group: str | None = None
    ) -> Iterator[Resource]:
        """Resources of a type, by name; of one subscription or group when given."""
        sql, values = f"SELECT {_COLUMNS} FROM resource WHERE type = ?", [resource_type.lower()]
        if subscription is not None:
            sql, values = f"{sql} AND subscription = ?", [*values, subscription.lower()]
        if resource_group is not None:
            sql, values = f"{sql} AND resource_group = ?", [*values, resource_group.lower()]
        rows = self._run(f"{sql} ORDER BY name COLLATE NOCASE, key", values).fetchall()
        return map(_resource, rows)

    def children(self, parent_id: str, resource_type: str) -> Iterator[Resource]:
        """The resources of a type right below a parent, by name."""
        rows = self._run(
            f"SELECT {_COLUMNS} FROM resource WHERE parent = ? AND type = ? ORDER BY name COLLATE NOCASE",
            (parent_id.lower(), resource_type.lower()),
        ).fetchall()
        return map(_resource, rows)

    def count_children(self, parent_id: str, resource_type: str) -> int:
        """How many resources of a type are right below a parent; kept, not counted."""
        key = (parent_id.lower(), resource_type.lower())
        row = self._run("SELECT count FROM child_count WHERE parent = ? AND type = ?", key).fetchone()
        return row[0] if row else 0

    def in_group(self, subscription: str, resource_group: str) -> Iterator[Resource]:
        """Everything in a resource group except the group itself, parents before children."""
        group = f"/subscriptions/{subscription}/resourcegroups/{resource_group}".lower()
        rows = self._run(
            f"SELECT {_COLUMNS} FROM resource WHERE key > ? AND key < ? ORDER BY key", (f"{group}/", f"{group}0")
        ).fetchall()
        return map(_resource, rows)


def _resource(row: tuple[Any, ...]) -> Resource:
    resource_id, kind, subscription, group, name, parent, body, hidden, created, modified = row
    return Resource(
        resource_id,
        kind,
        subscription,
        group,
        name,
        parent,
        orjson.loads(body),
        orjson.loads(hidden),
        created,
        modified,
    )
