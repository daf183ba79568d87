"""The one form that every reader yields: the facts of an api-version, without prose."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

Node = dict[str, Any]
"""A schema: ``ref``, or JSON Schema's own words (type, format, enum, properties, required, items, ...)."""


@dataclass
class Document:
    """Operations and named schemas of one namespace in one api-version."""

    namespace: str
    api_version: str
    sources: list[str]
    operations: list[Node] = field(default_factory=list)
    schemas: dict[str, Node] = field(default_factory=dict)

    def prune(self) -> Document:
        """Drop the schemas that no operation reaches, and sort the rest."""
        roots = [name for operation in self.operations for name in _roots(operation)]
        reached = self._reach(roots)
        self.schemas = {name: self.schemas[name] for name in sorted(reached)}
        return self

    def render(self) -> str:
        """JSON with an operation or a schema a line, so that a new api-version reads well as a diff."""
        head = {"namespace": self.namespace, "apiVersion": self.api_version, "sources": self.sources}
        operations = ",\n".join(_compact(operation) for operation in self.operations)
        schemas = ",\n".join(f"{_compact(name)}:{_compact(node)}" for name, node in self.schemas.items())
        return f'{_compact(head)[:-1]},\n"operations":[\n{operations}\n],\n"schemas":{{\n{schemas}\n}}}}\n'

    def _reach(self, roots: Iterable[str]) -> set[str]:
        reached: set[str] = set()
        waiting = list(roots)
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += references(self.schemas[name])
        return reached


def references(node: Node) -> Iterator[str]:
    """The names of the schemas that ``node`` mentions, at any depth."""
    if "ref" in node:
        yield node["ref"]
    yield from node.get("bases", ())
    for child in children(node):
        yield from references(child)


def children(node: Node) -> Iterator[Node]:
    """The schemas directly inside ``node``."""
    yield from node.get("properties", {}).values()
    for key in ("items", "additional"):
        if isinstance(node.get(key), dict):
            yield node[key]


def _roots(operation: Node) -> Iterator[str]:
    if operation.get("body"):
        yield operation["body"]
    yield from (name for name in operation["responses"].values() if name)


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
