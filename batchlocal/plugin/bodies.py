"""Between a program's inputs and ARM's bodies: lifted properties, sets, ids."""

from __future__ import annotations

import re
from typing import Any

from batchlocal.plugin.types import ResourceType
from batchlocal.plugin.values import secret

__all__ = ["covers", "inputs_of", "outputs_of", "path_of", "refreshed", "to_body"]

Values = dict[str, Any]


def path_of(kind: ResourceType, inputs: Values, subscription: str) -> str:
    """The resource's ARM path."""
    values = {**inputs, "subscriptionId": inputs.get("subscriptionId") or subscription}
    return re.sub(r"\{(\w+)\}", lambda found: str(values[found.group(1)]), kind.path)


def to_body(kind: ResourceType, inputs: Values) -> Values:
    """The body of a PUT: the envelope's properties on top, all others under ``properties``."""
    body: Values = {}
    properties: Values = {}
    for name in kind.inputs:
        if name in inputs:
            (body if name in kind.envelope else properties)[name] = _sets_as_maps(kind, name, inputs[name])
    return {**body, "properties": properties} if properties else body


def _sets_as_maps(kind: ResourceType, path: str, value: Any) -> Any:
    if path in kind.string_sets and isinstance(value, list):
        return {item: {} for item in value}
    if isinstance(value, dict):
        return {name: _sets_as_maps(kind, f"{path}.{name}", item) for name, item in value.items()}
    return value


def outputs_of(kind: ResourceType, body: Values) -> Values:
    """The state's outputs: ARM's answer with ``properties`` lifted, secrets marked."""
    top = {name: value for name, value in body.items() if name != "properties"}
    lifted = body.get("properties") or {}
    whole = {**top, "properties": lifted} if "properties" in kind.outputs else {**lifted, **top}
    whole["azureApiVersion"] = kind.api_version
    return {name: secret(value) if name in kind.secret_outputs else value for name, value in whole.items()}


def inputs_of(kind: ResourceType, resource_id: str, body: Values) -> Values:
    """The inputs that would have made an existing resource, for import."""
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(kind.path))
    found = re.fullmatch(pattern, resource_id, re.IGNORECASE)
    if found is None:
        raise ValueError(f"'{resource_id}' is not the id of a {kind.token}; it looks like {kind.path}")
    lifted = {**(body.get("properties") or {}), **{name: body[name] for name in kind.envelope if name in body}}
    given = {name: _maps_as_sets(kind, name, lifted[name]) for name in kind.inputs if name in lifted}
    path = {name: value for name, value in found.groupdict().items() if name != "subscriptionId"}
    return {**given, **path, "azureApiVersion": kind.api_version}


def _maps_as_sets(kind: ResourceType, path: str, value: Any) -> Any:
    if path in kind.string_sets and isinstance(value, dict):
        return sorted(value)
    if isinstance(value, dict):
        return {name: _maps_as_sets(kind, f"{path}.{name}", item) for name, item in value.items()}
    return value


def refreshed(kind: ResourceType, old: Values, resource_id: str, body: Values) -> Values:
    """The inputs after a refresh: a program's own spelling stays wherever ARM's answer says the same."""
    found = inputs_of(kind, resource_id, body)
    kept = {name: value for name, value in old.items() if name not in kind.inputs or name not in found}
    given = {name: old[name] if covers(found[name], old[name]) else found[name] for name in found if name in old}
    return {**kept, **given}


def covers(answer: Any, given: Any) -> bool:
    """Whether ARM's answer says what was given.

    The service fills in defaults, spells ids, sizes and locations its own way, orders sets, and never returns secrets:
    none of that is a difference.
    """
    if isinstance(given, dict) and isinstance(answer, dict):
        return all(covers(answer[name], value) for name, value in given.items() if name in answer)
    if isinstance(given, list) and isinstance(answer, list):
        return len(given) == len(answer) and all(any(covers(one, item) for one in answer) for item in given)
    if isinstance(given, str) and isinstance(answer, str):
        return given.replace(" ", "").casefold() == answer.replace(" ", "").casefold()
    return bool(given == answer)
