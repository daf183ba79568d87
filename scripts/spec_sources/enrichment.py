"""Carries facts from one description of a service to another that lacks them."""

from __future__ import annotations

from collections.abc import Sequence

from spec_sources.document import Document, Node

CONSTRAINTS = (
    "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "secret",
)  # fmt: skip


def enrich(document: Document, other: Document, facts: Sequence[str]) -> None:
    """Copy ``facts`` (words of the schema notation) wherever both have the same property of the same operation.

    The schemas' names may differ: the walk goes by method and path, then by property.
    """
    _Enrichment(document, other, facts).apply()


class _Enrichment:
    def __init__(self, document: Document, other: Document, facts: Sequence[str]) -> None:
        self._document, self._other, self._facts = document, other, facts
        self._seen: set[tuple[str, str]] = set()

    def apply(self) -> None:
        known = {(operation["method"], operation["path"]): operation for operation in self._other.operations}
        for operation in self._document.operations:
            other = known.get((operation["method"], operation["path"]))
            if other is None:
                continue
            pairs = [(operation.get("body"), other.get("body"))]
            pairs += [(name, other["responses"].get(status)) for status, name in operation["responses"].items()]
            for mine, theirs in pairs:
                if mine and theirs:
                    self._named(mine, theirs)

    def _named(self, mine: str, theirs: str) -> None:
        if (mine, theirs) not in self._seen:
            self._seen.add((mine, theirs))
            self._node(self._document.schemas[mine], self._other.schemas[theirs])

    def _node(self, mine: Node, theirs: Node) -> None:
        source = {**self._other.schemas[theirs["ref"]], **theirs} if "ref" in theirs else theirs
        if "ref" in mine:
            if "ref" in theirs:
                self._named(mine["ref"], theirs["ref"])
        elif mine.get("type") == source.get("type") and "enum" not in mine:
            mine |= {key: source[key] for key in self._facts if key in source}
        for name, node in mine.get("properties", {}).items():
            if name in source.get("properties", {}):
                self._node(node, source["properties"][name])
        if "items" in mine and "items" in source:
            self._node(mine["items"], source["items"])
