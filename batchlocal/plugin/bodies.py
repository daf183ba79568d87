"""Between a program's inputs and ARM's bodies: lifted properties, sets that are maps, ids."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from batchlocal.plugin.types import ResourceType
from batchlocal.plugin.values import is_unknown, secret

__all__ = ["inputs_of", "outputs_of", "path_of", "request_form", "to_body", "without_assumed"]

Values = dict[str, Any]

_NESTED_ENVELOPE: Final = frozenset({"id", "name", "type"})
_IDENTITIES: Final = "identity.userAssignedIdentities"
_RENAMED: Final = {"odataType": "odata.type"}
_RENAMED_BACK: Final = {arm: program for program, arm in _RENAMED.items()}


def path_of(kind: ResourceType, inputs: Values, subscription: str) -> str:
    """The resource's ARM path.

    Raises:
        ValueError: a path parameter is missing or not known yet.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1]
        given = inputs.get(name) or (subscription if name == "subscriptionId" else None)
        if not given or is_unknown(given):
            raise ValueError(f"'{name}' has no value: a {kind.token} lies at {kind.path}")
        return str(given).strip("/")

    return re.sub(r"\{(\w+)\}", value, kind.path)


def to_body(kind: ResourceType, inputs: Values) -> Values:
    """The body of a PUT: the envelope's properties on top, all others under ``properties``."""
    body: Values = {}
    properties: Values = {}
    for name in kind.inputs:
        if name in inputs:
            named = kind.traits.arm_names.get(name, name)
            (body if name in kind.envelope else properties)[named] = _to_arm(kind, name, inputs[name])
    return {**body, "properties": properties} if properties else body


def _to_arm(kind: ResourceType, path: str, value: Any) -> Any:
    if path == _IDENTITIES and isinstance(value, list):
        return {item: {} for item in value}
    if isinstance(value, list):
        return [_to_arm(kind, path, item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {_RENAMED.get(name, name): _to_arm(kind, f"{path}.{name}", item) for name, item in value.items()}
    if path not in kind.traits.nested:
        return made
    top = {name: item for name, item in made.items() if name in _NESTED_ENVELOPE}
    inner = {name: item for name, item in made.items() if name not in _NESTED_ENVELOPE}
    return {**top, "properties": inner} if inner else top


def _from_arm(kind: ResourceType, path: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_from_arm(kind, path, item) for item in value]
    if not isinstance(value, dict):
        return value
    if path in kind.traits.nested and isinstance(value.get("properties"), dict):
        top = {name: item for name, item in value.items() if name != "properties"}
        value = {**value["properties"], **top}
    return {_RENAMED_BACK.get(name, name): _from_arm(kind, f"{path}.{name}", item) for name, item in value.items()}


def outputs_of(kind: ResourceType, body: Values) -> Values:
    """The state's outputs: ARM's answer with ``properties`` lifted, secrets marked."""
    top = {name: value for name, value in body.items() if name != "properties"}
    programs = {arm: name for name, arm in kind.traits.arm_names.items()}
    lifted = {programs.get(name, name): value for name, value in (body.get("properties") or {}).items()}
    is_whole = "properties" in kind.outputs or "properties" in kind.inputs
    whole = {**top, "properties": lifted} if is_whole else {**lifted, **top}
    outputs = {name: _from_arm(kind, name, value) for name, value in whole.items()}
    outputs["azureApiVersion"] = kind.api_version
    return {name: secret(value) if name in kind.traits.secret_outputs else value for name, value in outputs.items()}


def request_form(kind: ResourceType, values: Values) -> Values:
    """What of an answer (or of the outputs made from it) can be asked for, as programs write it.

    What only the service sets is gone, as far as there is a description of the body.
    """
    body = _as_body(kind, values)
    if kind.schema:
        from batchlocal import specs  # 20 ms that a plugin without such resources need not spend

        body = specs.clean(specs.table_for(kind.namespace, kind.api_version), kind.schema, body)
    properties = body.get("properties") or {}
    found: Values = {}
    for name in kind.inputs:
        named = kind.traits.arm_names.get(name, name)
        value = body.get(name) if name in kind.envelope else properties.get(named, properties.get(name))
        if value is not None:
            found[name] = _from_arm(kind, name, value)
    identities = (found.get("identity") or {}).get("userAssignedIdentities")
    if isinstance(identities, dict):
        found["identity"] = {**found["identity"], "userAssignedIdentities": sorted(identities)}
    return found


def _as_body(kind: ResourceType, values: Values) -> Values:
    if isinstance(values.get("properties"), dict):
        return values
    top = {name: value for name, value in values.items() if name in kind.envelope}
    return {**top, "properties": {name: value for name, value in values.items() if name not in kind.envelope}}


def inputs_of(kind: ResourceType, resource_id: str, body: Values) -> Values:
    """The inputs that would have made an existing resource, for import.

    Raises:
        ValueError: the id is not one of this type.
    """
    found = kind.id_pattern.fullmatch(resource_id)
    if found is None:
        raise ValueError(f"'{resource_id}' is not the id of a {kind.token}; it looks like {kind.path}")
    path = {name: value for name, value in found.groupdict().items() if name != "subscriptionId"}
    scopes = {name: f"/{value.strip('/')}" for name, value in path.items() if "/" in value}
    given = without_assumed(kind, request_form(kind, body))
    return {**given, **path, **scopes, "azureApiVersion": kind.api_version}


def without_assumed(kind: ResourceType, inputs: Values) -> Values:
    """The inputs less what the service would fill in anyway, and less what says nothing."""
    assumed = kind.traits.assumed

    def says_something(path: str, value: Any) -> bool:
        return value not in ({}, None) and not (path in assumed and _is_assumed(value, assumed[path]))

    return dict(_pruned("", inputs, says_something))


def _pruned(path: str, value: Any, keep: Callable[[str, Any], bool]) -> Any:
    if not isinstance(value, dict):
        return value
    made = {}
    for name, item in value.items():
        inner = f"{path}.{name}" if path else name
        if keep(inner, item):
            pruned = _pruned(inner, item, keep)
            if pruned != {}:
                made[name] = pruned
    return made


def _is_assumed(value: Any, assumed: Any) -> bool:
    if isinstance(value, list) and isinstance(assumed, list):
        return sorted(map(str, value)) == sorted(map(str, assumed))
    return bool(value == assumed) and isinstance(value, bool) == isinstance(assumed, bool)
