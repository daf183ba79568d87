"""Reads Swagger 2.0 documents, following references between files."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from spec_sources.document import Document, Node

_KEPT = (
    "type", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "default",
)  # fmt: skip
_RENAMED = {"readOnly": "readOnly", "x-ms-secret": "secret", "x-ms-mutability": "mutability"}


class OpenApiReader:
    """Collects the operations and schemas of the files of one namespace and api-version.

    Args:
        root: the folder that holds ``common-types`` and the namespaces' folders.
        files: paths below ``root``; an earlier file's name for a schema wins over a later one's.
    """

    def __init__(self, root: Path, namespace: str, api_version: str, files: list[str]) -> None:
        self._root = root
        self._files = [root / name for name in files]
        self._labels: dict[tuple[Path, str], str] = {}
        self._document = Document(namespace, api_version, list(files))

    def read(self) -> Document:
        """All operations of the files, and the schemas they reach."""
        for file in self._files:
            for name in _load(file).get("definitions", {}):
                self._label(file, name)
        for file in self._files:
            for path, methods in _load(file)["paths"].items():
                shared = methods.get("parameters", [])
                for method, operation in methods.items():
                    if method != "parameters":
                        self._document.operations.append(self._operation(file, path, method, operation, shared))
        return self._document.prune()

    def _operation(self, file: Path, path: str, method: str, operation: Node, shared: list[Node]) -> Node:
        parameters = [self._resolve(file, raw) for raw in [*shared, *operation.get("parameters", [])]]
        body = next(((where, raw) for where, raw in parameters if raw["in"] == "body"), None)
        made: Node = {
            "id": operation["operationId"],
            "method": method.upper(),
            "path": path,
            "parameters": [_parameter(raw) for _, raw in parameters if raw["in"] != "body"],
            "responses": self._responses(file, operation),
        }
        if body:
            made["body"] = self._name_of(body[0], body[1]["schema"])
            made["bodyRequired"] = bool(body[1].get("required"))
        if operation.get("x-ms-long-running-operation"):
            options = operation.get("x-ms-long-running-operation-options", {})
            made["longRunning"] = options.get("final-state-via", "location")
        if "x-ms-pageable" in operation:
            made["pageable"] = True
        return made

    def _responses(self, file: Path, operation: Node) -> dict[str, str | None]:
        answers: dict[str, str | None] = {}
        for status, response in operation["responses"].items():
            if status != "default":
                schema = response.get("schema")
                answers[status] = self._name_of(file, schema) if schema and "$ref" in schema else None
        return answers

    def _resolve(self, file: Path, raw: Node) -> tuple[Path, Node]:
        if "$ref" not in raw:
            return file, raw
        target, name = self._split(file, raw["$ref"])
        return target, _load(target)["parameters"][name]

    def _split(self, file: Path, reference: str) -> tuple[Path, str]:
        """A reference's file and last name; Microsoft's repository layout is folded onto ours."""
        where, _, pointer = reference.partition("#")
        name = pointer.rsplit("/", 1)[1]
        if not where:
            return file, name
        if "common-types/" in where:
            return self._root / "common-types" / where.split("common-types/", 1)[1], name
        return (file.parent / where).resolve(), name

    def _name_of(self, file: Path, schema: Node) -> str:
        target, name = self._split(file, schema["$ref"])
        label = self._label(target, name)
        if label not in self._document.schemas:
            self._document.schemas[label] = {}
            self._document.schemas[label] = self._schema(target, _load(target)["definitions"][name])
        return label

    def _label(self, file: Path, name: str) -> str:
        """A name within this table; two files' schemas of one name are told apart by their folder."""
        key = (file.resolve(), name)
        if key not in self._labels:
            taken = name in self._labels.values()
            self._labels[key] = f"{name}.{file.parent.name}.{file.stem}" if taken else name
        return self._labels[key]

    def _schema(self, file: Path, raw: Node) -> Node:
        made: Node = {"ref": self._name_of(file, raw)} if "$ref" in raw else {}
        made |= {key: raw[key] for key in _KEPT if key in raw}
        made |= {ours: raw[theirs] for theirs, ours in _RENAMED.items() if raw.get(theirs)}
        if "enum" in raw:
            made["enum"] = list(raw["enum"])
            made |= {"open": True} if raw.get("x-ms-enum", {}).get("modelAsString") else {}
        if "allOf" in raw:
            made["bases"] = [self._name_of(file, base) for base in raw["allOf"]]
        if raw.get("properties"):
            made["properties"] = {name: self._schema(file, node) for name, node in raw["properties"].items()}
        if raw.get("required"):
            made["required"] = list(raw["required"])
        if "items" in raw:
            made["items"] = self._schema(file, raw["items"])
        if raw.get("additionalProperties"):
            additional = raw["additionalProperties"]
            made["additional"] = True if additional is True else self._schema(file, additional)
        return made


def _parameter(raw: Node) -> Node:
    made = {"name": raw["name"], "in": raw["in"]} | {key: raw[key] for key in _KEPT if key in raw}
    if "enum" in raw:
        made["enum"] = list(raw["enum"])
    if raw.get("required"):
        made["required"] = True
    return made


@cache
def _load(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))
