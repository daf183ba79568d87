"""Brings bodies into the form that is kept, and back into the form that a caller's api-version shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from batchlocal.specs import scalars
from batchlocal.specs.model import Property, Schema
from batchlocal.specs.tables import Table, table_for
from batchlocal.specs.validation import ANNOTATION

__all__ = ["clean", "create_only_paths", "read_only_paths", "respelt", "secret_paths", "visible"]


def clean(table: Table, schema_name: str, value: Any, *, nulls: bool = False) -> Any:
    """A copy of a checked request body, as it is kept.

    Names are the table's own (an older version's are translated), read-only and unknown properties are gone, numbers
    and booleans have their type, enum values their case. Null properties are dropped, and kept with ``nulls``, for
    operations where null removes a value.
    """
    return _Cleaning(table, nulls=nulls).value(table.schema(schema_name), value)


def visible(namespace: str, api_version: str, schema_name: str, value: Any) -> Any:
    """A copy of a response body, as ``api_version`` shows it: what it lacks is left out, what it renames is renamed.

    A secret that callers sent is never given back (recorded: keys of mounts, passwords of registries and users).

    ``schema_name`` is a schema of that version (an operation's ``responses``); ``value`` has canonical names.
    """
    table = table_for(namespace, api_version)
    return _shown(table.schema(schema_name), value, keep=table.newer)


def secret_paths(table: Table, schema_name: str) -> tuple[str, ...]:
    """Where secrets stand, as ``properties.userAccounts[].password``; ``{}`` stands for names of any choice."""
    return tuple(_paths(table.schema(schema_name), lambda known: known.secret))


def create_only_paths(table: Table, schema_name: str) -> tuple[str, ...]:
    """The properties that can be given at creation only, written as in ``secret_paths``."""
    return tuple(_paths(table.schema(schema_name), lambda known: known.create_only))


def read_only_paths(table: Table, schema_name: str) -> tuple[str, ...]:
    """The properties that only the service sets, written as in ``secret_paths``; nothing below them is listed."""
    return tuple(_paths(table.schema(schema_name), lambda known: known.read_only))


def respelt(schema: Schema, value: Any) -> Any:
    """A copy with names and enum values as ``schema`` spells them, whatever their case; what it does not know stays."""
    if isinstance(value, list) and schema.items is not None:
        items = schema.items
        return [respelt(items, item) for item in value]
    if isinstance(value, str):
        return scalars.canonical(schema.constraints, value)
    if not isinstance(value, dict) or schema.type != "object" or schema.free_form:
        return value
    made = {}
    for name, inner in value.items():
        known = schema.find(name, fold=True)
        if known is not None:
            made[known.name] = respelt(known.schema, inner)
        else:
            made[name] = inner if schema.additional is None else respelt(schema.additional, inner)
    return made


class _Cleaning:
    def __init__(self, table: Table, *, nulls: bool) -> None:
        self._fold = table.fold
        self._newer = table.newer
        self._nulls = nulls

    def value(self, schema: Schema, value: Any) -> Any:
        if isinstance(value, dict) and schema.type == "object":
            return value if schema.free_form else dict(self._members(schema, value))
        if isinstance(value, list) and schema.items is not None:
            items = schema.items
            return [self.value(items, item) for item in value]
        if schema.type in ("object", "array") or value is None:
            return value
        try:
            return scalars.canonical(schema.constraints, scalars.read(schema.type, value))
        except scalars.NotOfType:
            return value

    def _members(self, schema: Schema, value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, inner in value.items():
            known = schema.find(name, fold=self._fold)
            if inner is None and not self._nulls:
                continue
            if known is not None:
                if not known.read_only:
                    yield known.canonical, self.value(known.schema, inner)
            elif schema.additional is not None:
                yield name, self.value(schema.additional, inner)
            elif self._newer:
                yield name, inner
        for name, meant in schema.left_out.items():
            known = schema.shown.get(name)
            if known is not None and value.get(known.name) is None:
                yield name, deepcopy(meant)


def _shown(schema: Schema, value: Any, *, keep: bool) -> Any:
    if isinstance(value, list) and schema.items is not None:
        return [_shown(schema.items, item, keep=keep) for item in value]
    if not isinstance(value, dict) or schema.type != "object" or schema.free_form:
        return value
    made = {}
    for name, inner in value.items():
        known = schema.shown.get(name)
        if known is not None and known.secret and not known.read_only:
            continue
        if known is not None:
            shown = _shown(known.schema, inner, keep=keep) if known.always is None else known.always
            made[known.name] = shown if known.cased is None else known.cased(str(shown))
        elif schema.additional is not None:
            made[name] = _shown(schema.additional, inner, keep=keep)
        elif keep or name.startswith(ANNOTATION):
            made[name] = inner
    return made


def _paths(schema: Schema, wanted: Callable[[Property], bool], above: tuple[Schema, ...] = ()) -> Iterator[str]:
    if schema in above:
        return
    above = (*above, schema)
    if schema.items is not None:
        yield from (f"[]{_joined(path)}" for path in _paths(schema.items, wanted, above))
    if schema.additional is not None:
        yield from (f"{{}}{_joined(path)}" for path in _paths(schema.additional, wanted, above))
    for known in schema.properties.values():
        if wanted(known):
            yield known.canonical
        else:
            yield from (f"{known.canonical}{_joined(path)}" for path in _paths(known.schema, wanted, above))


def _joined(path: str) -> str:
    return path if path.startswith("[") else f".{path}"
