"""Builds typed operations and schemas from a table's JSON, with an older version's differences applied."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from batchlocal.specs.differences import Difference
from batchlocal.specs.model import Constraints, Operation, Parameter, Property, Schema

__all__ = ["SchemaBuilder", "build_operation", "build_parameters"]

Node = Mapping[str, Any]

_OBJECT_KEYS = ("properties", "bases", "additional", "required")


class SchemaBuilder:
    """Builds one named schema and what it refers to.

    Args:
        raw: all schemas of the table, by name.
        older: the differences of the version, newest first.
        built: finished schemas, which are reused and not changed.
    """

    def __init__(self, raw: Mapping[str, Node], older: tuple[Difference, ...], built: Mapping[str, Schema]) -> None:
        self._raw = raw
        self._older = older
        self._built = built
        self.made: dict[str, Schema] = {}

    def named(self, name: str) -> Schema:
        """The schema called ``name``; raises KeyError where there is none."""
        found = self._built.get(name) or self.made.get(name)
        if found is None:
            raw = self._raw[name]
            found = self.made[name] = Schema(name)  # before its properties, which may lead back to it
            self._fill(found, raw)
        return found

    def _node(self, raw: Node, name: str) -> Schema:
        """An unnamed schema inside another one; ``name`` only tells where."""
        if "ref" in raw:
            return self.named(raw["ref"])
        schema = Schema(name)
        self._fill(schema, raw)
        return schema

    def _fill(self, schema: Schema, raw: Node) -> None:
        schema.type = raw.get("type") or ("object" if any(key in raw for key in _OBJECT_KEYS) else "any")
        schema.constraints = _constraints(raw)
        for one in self._properties(schema.name, raw):
            schema.properties[one.name] = one
            schema.folded[one.name.lower()] = one
            schema.shown[one.canonical] = one
        for older in self._older:
            schema.left_out.update(older.defaults.get(schema.name, {}))
        if "items" in raw:
            schema.items = self._node(raw["items"], f"{schema.name}[]")
        if "additional" in raw:
            additional = {} if raw["additional"] is True else raw["additional"]
            schema.additional = self._node(additional, f"{schema.name}{{}}")

    def _properties(self, owner: str, raw: Node) -> Iterator[Property]:
        for base in raw.get("bases", ()):
            yield from self._properties(base, self._raw[base])
        required = raw.get("required", ())
        absent, renamed, nodes = self._as_of_version(owner, raw.get("properties", {}))
        values = {name: value for older in self._older for name, value in older.values.get(owner, {}).items()}
        cased = {name: made for older in self._older for name, made in older.cased.get(owner, {}).items()}
        for name, node in nodes.items():
            if name not in absent:
                yield Property(
                    name=renamed.get(name, name),
                    canonical=name,
                    schema=self._node(node, f"{owner}.{name}"),
                    required=name in required,
                    read_only=node.get("readOnly", False),
                    secret=node.get("secret", False),
                    mutability=frozenset(node.get("mutability", ())),
                    always=values.get(name),
                    cased=cased.get(name),
                )

    def _as_of_version(self, owner: str, nodes: Node) -> tuple[set[str], dict[str, str], dict[str, Node]]:
        """What the version lacks, what it calls otherwise, and its properties with those retired since."""
        absent: set[str] = set()
        renamed: dict[str, str] = {}
        all_nodes = dict(nodes)
        for difference in self._older:
            absent.update(difference.absent.get(owner, ()))
            renamed.update(difference.renamed.get(owner, {}))
            all_nodes.update(difference.retired.get(owner, {}))
            absent.difference_update(difference.retired.get(owner, ()))
        return absent, renamed, all_nodes


def build_operation(raw: Node, statuses: Mapping[str, int]) -> Operation:
    """An operation from its JSON.

    Args:
        statuses: success statuses, by operation id, that the version answers with instead of the table's.
    """
    responses: dict[int, str | None] = {int(status): name for status, name in raw["responses"].items()}
    if raw["id"] in statuses:
        responses = {statuses[raw["id"]]: next(iter(responses.values()))}
    return Operation(
        id=raw["id"],
        method=raw["method"],
        path=raw["path"],
        body=raw.get("body"),
        body_required=raw.get("bodyRequired", False),
        responses=responses,
        long_running=raw.get("longRunning"),
        pageable=raw.get("pageable", False),
    )


def build_parameters(raw: Node) -> tuple[Parameter, ...]:
    """The parameters of an operation from its JSON."""
    return tuple(_parameter(one) for one in raw["parameters"])


def _parameter(raw: Node) -> Parameter:
    kind = raw.get("type", "string")
    return Parameter(raw["name"], raw["in"], kind, raw.get("required", False), _constraints(raw))


def _constraints(raw: Node) -> Constraints:
    pattern = raw.get("pattern")
    return Constraints(
        format=raw.get("format"),
        enum=tuple(raw.get("enum", ())),
        open=raw.get("open", False),
        pattern=re.compile(pattern) if pattern else None,
        min_length=raw.get("minLength", raw.get("minItems")),
        max_length=raw.get("maxLength", raw.get("maxItems")),
        minimum=raw.get("minimum"),
        maximum=raw.get("maximum"),
        default=raw.get("default"),
    )
