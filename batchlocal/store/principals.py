"""The repository of further principals: applications with secrets and federated credentials."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

__all__ = ["FederatedCredential", "Principal", "Principals"]


@dataclass(frozen=True, slots=True)
class FederatedCredential:
    """Whose signed statements stand in for a secret: tokens of ``issuer`` for ``subject`` and one of ``audiences``."""

    name: str
    issuer: str
    subject: str
    audiences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Principal:
    """An application's service principal. ``secret_hash`` is a SHA-256 in hex, empty without a secret; ``groups`` are
    object ids of groups that it is in."""

    name: str
    client_id: str
    object_id: str
    secret_hash: str = field(default="", repr=False)
    groups: tuple[str, ...] = ()
    credentials: tuple[FederatedCredential, ...] = ()


class Principals:
    """Principals by name; names, client and object ids compare without case."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def put(self, principal: Principal) -> None:
        doc = orjson.dumps(asdict(principal)).decode()
        key = (principal.name.lower(), principal.client_id.lower(), principal.object_id.lower(), doc)
        self._run("INSERT OR REPLACE INTO principal (name, client_id, object_id, doc) VALUES (?,?,?,?)", key)

    def find(self, name: str) -> Principal | None:
        return self._one("name", name)

    def with_client_id(self, client_id: str) -> Principal | None:
        return self._one("client_id", client_id)

    def with_object_id(self, object_id: str) -> Principal | None:
        return self._one("object_id", object_id)

    def _one(self, column: str, value: str) -> Principal | None:
        row = self._run(f"SELECT doc FROM principal WHERE {column} = ?", (value.lower(),)).fetchone()
        return _principal(row[0]) if row else None

    def every(self) -> Iterator[Principal]:
        """By name."""
        return (_principal(doc) for (doc,) in self._run("SELECT doc FROM principal ORDER BY name").fetchall())

    def remove(self, name: str) -> None:
        self._run("DELETE FROM principal WHERE name = ?", (name.lower(),))

    def trust(self, issuer: str, keys: dict[str, Any]) -> None:
        """Keep the JSON web key set of an issuer whose tokens may stand in for secrets."""
        row = (issuer, orjson.dumps(keys).decode())
        self._run("INSERT OR REPLACE INTO issuer (issuer, keys) VALUES (?,?)", row)

    def keys_of(self, issuer: str) -> dict[str, Any] | None:
        """The JSON web key set of an issuer; None for one that is not known."""
        row = self._run("SELECT keys FROM issuer WHERE issuer = ?", (issuer,)).fetchone()
        found: dict[str, Any] | None = orjson.loads(row[0]) if row else None
        return found


def _principal(doc: str) -> Principal:
    values = orjson.loads(doc)
    credentials = [
        FederatedCredential(**{**one, "audiences": tuple(one["audiences"])}) for one in values["credentials"]
    ]
    return Principal(**{**values, "groups": tuple(values["groups"]), "credentials": tuple(credentials)})
