"""Lays the body types of a later api-version, as Bicep publishes them, over an earlier OpenAPI document.

Bicep's types have no list results, PATCH bodies or parameters; those stay as the earlier document has them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from spec_sources.document import Document, Node

_REQUIRED, _READ_ONLY, _WRITE_ONLY = 1, 2, 4
_SCALARS = {"BooleanType": {"type": "boolean"}, "IntegerType": {"type": "integer"}, "AnyType": {}}


def overlay(document: Document, types_file: Path) -> None:
    """Change ``document``'s schemas to what ``types_file`` says of the objects that both know by name."""
    _Overlay(document, json.loads(types_file.read_text("utf-8"))).apply()


class _Overlay:
    def __init__(self, document: Document, types: list[Node]) -> None:
        self._schemas = document.schemas
        self._types = types
        self._names = {name.lower(): name for name in document.schemas}

    def apply(self) -> None:
        for raw in self._types:
            known = self._names.get(raw.get("name", "").lower())
            if raw["$type"] == "ObjectType" and known and raw["properties"]:
                self._schemas[known] = self._merged(self._schemas[known], raw)

    def _merged(self, known: Node, raw: Node) -> Node:
        """``known`` with the later version's properties: kept, changed, added and dropped."""
        if "bases" in known:
            return known  # a resource's envelope, which Bicep spells out with ARM's own properties
        before = known.get("properties", {})
        properties = {}
        for name, details in raw["properties"].items():
            properties[name] = self._property(before.get(name), details)
        required = [name for name, details in raw["properties"].items() if details["flags"] & _REQUIRED]
        merged = {key: value for key, value in known.items() if key not in ("properties", "required")}
        return merged | {"properties": properties} | ({"required": required} if required else {})

    def _property(self, before: Node | None, details: Node) -> Node:
        after = self._node(details["type"])
        if before is None:
            made = after | ({"readOnly": True} if details["flags"] & _READ_ONLY else {})
            return made | ({"secret": True} if details["flags"] & _WRITE_ONLY else {})
        known = self._enum(before)
        if "enum" in after and set(after["enum"]) != set(known):
            return {key: value for key, value in before.items() if key != "ref"} | after
        return before

    def _enum(self, node: Node) -> list[str]:
        values: list[str] = self._schemas[node["ref"]].get("enum", []) if "ref" in node else node.get("enum", [])
        return values

    def _node(self, reference: Node) -> Node:
        raw = self._types[int(reference["$ref"].removeprefix("#/"))]
        kind = raw["$type"]
        if kind == "UnionType":
            return self._union(raw)
        if kind == "ObjectType":
            return self._object(raw)
        if kind == "ArrayType":
            return {"type": "array", "items": self._node(raw["itemType"])}
        if kind == "StringLiteralType":
            return {"type": "string", "enum": [raw["value"]]}
        if kind == "StringType":
            return {"type": "string"} | {key: raw[key] for key in ("minLength", "maxLength", "pattern") if key in raw}
        ranges = {ours: raw[theirs] for theirs, ours in _RANGES if theirs in raw}
        return dict(_SCALARS[kind]) | ranges

    def _union(self, raw: Node) -> Node:
        members: list[Any] = [self._types[int(element["$ref"].removeprefix("#/"))] for element in raw["elements"]]
        values = [member["value"] for member in members if member["$type"] == "StringLiteralType"]
        is_open = any(member["$type"] == "StringType" for member in members)
        return {"type": "string", "enum": values} | ({"open": True} if is_open else {})

    def _object(self, raw: Node) -> Node:
        if raw["name"].lower() in self._names:
            return {"ref": self._names[raw["name"].lower()]}
        name = self._names[raw["name"].lower()] = raw["name"]
        made: Node = {"type": "object"}
        self._schemas[name] = made
        made |= self._merged(made, raw)
        if "additionalProperties" in raw:
            made["additional"] = self._node(raw["additionalProperties"])
        return {"ref": name}


_RANGES = (("minValue", "minimum"), ("maxValue", "maximum"))
