"""Holds every answer to Microsoft's description of its operation: what is there, of which type, in which spelling.

Stricter than batchlocal is with what it is sent: names and enum values exactly as described, no number in quotes, no
null, no secret, nothing that the api-version does not have.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import requests

from batchlocal import specs

DESCRIBED = ("Microsoft.Batch", "Microsoft.Storage")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z")
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}
# The description of 2024-07-01 marks them as secret, and Azure answers with them: they are what was asked for.
ASKED_FOR = re.compile(
    r"StorageAccounts_(ListKeys|RegenerateKey|ListAccountSAS|ListServiceSAS)|BatchAccount_(GetKeys|RegenerateKey)"
    r"|LocalUsers_(ListKeys|RegeneratePassword)|ApplicationPackage_\w+"
)
# What recordings show otherwise than the descriptions have it: properties, spellings, and bodies of a status.
BEYOND = {"NetworkRuleSet.ipv6Rules"}
SPELT = {"keys[].permissions"}
BODIES = {("PrivateEndpointConnection_Update", 202): "PrivateEndpointConnection"}


@dataclass
class Seen:
    """Answers so far: statuses by api-version and operation, ``Schema.property`` of what was shown by api-version."""

    statuses: dict[tuple[str, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    properties: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


@cache
def _operations(namespace: str, version: str) -> list[tuple[str, re.Pattern[str], specs.Operation]]:
    found = []
    for operation in specs.operations(namespace, version):
        pieces = re.split(r"\{\w+\}", operation.path)
        pattern = re.compile("[^/]+".join(map(re.escape, pieces)), re.IGNORECASE)
        found.append((operation.method, pattern, operation))
    return found


def operation_of(method: str, path: str, version: str) -> tuple[specs.Table, specs.Operation] | None:
    """The described operation of a request; None for a poll, and for what no description has."""
    for namespace in DESCRIBED:
        if version in specs.known_versions(namespace):
            for known, pattern, operation in _operations(namespace, version):
                if known == method and pattern.fullmatch(path):
                    return specs.table_for(namespace, version), operation
    return None


def problems(answer: requests.Response, method: str, path: str, version: str, seen: Seen) -> list[str]:
    """What of an answer differs from its operation's description."""
    found = operation_of(method, path, version)
    if found is None:
        return []
    table, operation = found
    seen.statuses[version, operation.id].add(answer.status_code)
    if answer.status_code >= 400:
        return [f"{operation.id}: {text}" for text in _error_problems(answer)]
    if answer.status_code not in operation.responses:
        return [f"{operation.id}: status {answer.status_code}, described are {sorted(operation.responses)}"]
    schema = operation.responses[answer.status_code] or BODIES.get((operation.id, answer.status_code))
    if schema is None or answer.status_code == 204:
        return [f"{operation.id}: a body, described is none: {answer.text[:80]}"] if answer.content else []
    if not answer.headers["Content-Type"].startswith("application/json"):
        return [f"{operation.id}: Content-Type {answer.headers['Content-Type']}"]
    may_tell = bool(ASKED_FOR.fullmatch(operation.id))
    checking = _Checking(table, may_tell=may_tell, partial="$select" in answer.url)
    texts = list(checking.value(table.schema(schema), answer.json(), ""))
    seen.properties[version] |= checking.shown
    return [f"{operation.id}: {text}" for text in texts]


def _error_problems(answer: requests.Response) -> Iterator[str]:
    body = answer.json()
    if body.keys() != {"error"}:
        yield f"an error has {sorted(body)} at its top"
        return
    error = body["error"]
    if not error.keys() <= {"code", "message", "target", "details"}:
        yield f"an error has {sorted(error)}"
    for one in (error, *error.get("details", [])):
        if not (isinstance(one.get("code"), str) and isinstance(one.get("message"), str) and one["message"]):
            yield "an error without code or message"
    if re.search(r"\{\w+\}", error.get("message", "")):
        yield f"a wording that was not filled in: {error['message']}"


class _Checking:
    def __init__(self, table: specs.Table, *, may_tell: bool, partial: bool) -> None:
        self._newer, self._may_tell, self._partial = table.newer, may_tell, partial
        self.shown: set[str] = set()

    def value(self, schema: specs.Schema, value: Any, path: str) -> Iterator[str]:
        if schema.type == "any":
            return
        is_number_for_text = isinstance(value, bool) and schema.type in ("integer", "number")
        if not isinstance(value, TYPES[schema.type]) or is_number_for_text:
            yield f"{path} is no {schema.type}: {value!r:.60}"
        elif schema.type == "object":
            yield from self._object(schema, value, path)
        elif schema.type == "array":
            for item in value:
                if schema.items is not None:
                    yield from self.value(schema.items, item, f"{path}[]")
        else:
            yield from self._scalar(schema, value, path)

    def _object(self, schema: specs.Schema, value: dict[str, Any], path: str) -> Iterator[str]:
        for name, inner in value.items():
            where = f"{path}.{name}".lstrip(".")
            known = schema.properties.get(name)
            if known is None and schema.additional is not None:
                yield from self.value(schema.additional, inner, f"{path}{{}}")
            elif known is None:
                if not schema.free_form and not self._newer and f"{schema.name}.{name}" not in BEYOND:
                    yield f"{where} is no property of {schema.name}"
            else:
                self.shown.add(f"{schema.name}.{name}")
                if known.secret and not self._may_tell:
                    yield f"{where} is a secret"
                if known.cased is None:
                    yield from self.value(known.schema, inner, where)
        if not self._partial:
            missing = (one.name for one in schema.properties.values() if one.required and one.name not in value)
            yield from (f"{path}.{name} is missing".lstrip(".") for name in missing)

    @staticmethod
    def _scalar(schema: specs.Schema, value: Any, path: str) -> Iterator[str]:
        limits = schema.constraints
        if path in SPELT:
            return
        if limits.enum and value not in limits.enum and not limits.open:
            yield f"{path} is {value!r}, none of {limits.enum}"
        if limits.enum and limits.open and value not in limits.enum and value.lower() in map(str.lower, limits.enum):
            yield f"{path} is spelt {value!r}, described as {limits.enum}"
        if limits.format == "date-time" and not DATE.fullmatch(value):
            yield f"{path} is no UTC date and time: {value!r}"
