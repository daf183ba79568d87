"""Property values as the engine holds them: JSON with Pulumi's marks for secrets, unknowns, assets and references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from google.protobuf import json_format, struct_pb2

from batchlocal.engine.urns import name_of, type_of

__all__ = [
    "ARCHIVE",
    "ASSET",
    "OUTPUT",
    "SECRET",
    "SIGNATURE",
    "UNKNOWN",
    "annotated",
    "from_wire",
    "has_secret",
    "has_unknown",
    "is_secret",
    "make_secret",
    "masked",
    "named_references",
    "plain_references",
    "printed",
    "rewrap",
    "to_wire",
    "unwrapped",
    "without_contents",
    "without_unknowns",
]

Values = dict[str, Any]

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the protocol's mark, not a secret
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
REFERENCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def from_wire(struct: struct_pb2.Struct) -> Values:
    """A Struct as JSON values; whole numbers become ``int``, output values what they carry."""
    return {name: _normal(value) for name, value in json_format.MessageToDict(struct).items()}


def _normal(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get(SIGNATURE) == OUTPUT:
        inner = _normal(value.get("value", UNKNOWN))
        return make_secret(inner) if value.get("secret") else inner
    if value.get(SIGNATURE) == REFERENCE:
        known = {name: value[name] for name in (SIGNATURE, "urn", "id") if name in value}
        return {**known, "packageVersion": value.get("packageVersion", "")}
    return {name: _normal(item) for name, item in value.items()}


def to_wire(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """JSON values as a Struct."""
    struct = struct_pb2.Struct()
    json_format.ParseDict(dict(values), struct)
    return struct


def make_secret(value: Any) -> Values:
    """A value marked secret; one that is marked already stays as it is."""
    return value if is_secret(value) else {SIGNATURE: SECRET, "value": unwrapped(value)}


def is_secret(value: Any) -> bool:
    """Whether the value itself is marked secret."""
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def has_secret(value: Any) -> bool:
    """Whether a secret stands anywhere in a value."""
    if isinstance(value, dict):
        return is_secret(value) or any(map(has_secret, value.values()))
    return isinstance(value, list) and any(map(has_secret, value))


def unwrapped(value: Any) -> Any:
    """The value without any mark of a secret."""
    if isinstance(value, dict):
        if is_secret(value):
            return unwrapped(value["value"])
        return {name: unwrapped(item) for name, item in value.items()}
    if isinstance(value, list):
        return [unwrapped(item) for item in value]
    return value


def masked(value: Any) -> Any:
    """The value as it may be shown: ``[secret]`` in place of secrets, ``output<unknown>`` in place of unknowns."""
    if isinstance(value, dict):
        if is_secret(value):
            return "[secret]"
        return {name: masked(item) for name, item in value.items() if name != "__internal"}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return "output<unknown>" if value == UNKNOWN else value


def has_unknown(value: Any) -> bool:
    """Whether anything in a value is unknown."""
    if isinstance(value, dict):
        return any(map(has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(has_unknown, value))
    return bool(value == UNKNOWN)


def without_unknowns(values: Values) -> Values:
    """The values without what is unknown in them, as a provider gets them outside previews."""
    return {name: _known(value) for name, value in values.items() if value != UNKNOWN}


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return without_unknowns(value)
    return [_known(item) for item in value if item != UNKNOWN] if isinstance(value, list) else value


def rewrap(outputs: Values, inputs: Values, additional: Iterable[str]) -> Values:
    """Outputs with secrets marked: those whose input is one, and those asked for."""
    names = {name for name, value in inputs.items() if is_secret(value)} | set(additional)
    return {name: make_secret(value) if name in names else value for name, value in outputs.items()}


def annotated(values: Values, known: Values) -> Values:
    """What a provider said that takes no secrets, marked as what it was given under the same names."""
    return {name: _annotated(value, known[name]) if name in known else value for name, value in values.items()}


def _annotated(value: Any, known: Any) -> Any:
    if isinstance(value, dict) and isinstance(known, dict) and not (is_secret(value) or is_secret(known)):
        return annotated(value, known)
    return make_secret(value) if has_secret(known) else value


def named_references(value: Any) -> Any:
    """Resource references as providers get them: with the resource's name and type."""
    if isinstance(value, list):
        return [named_references(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get(SIGNATURE) == REFERENCE:
        kept = {name: item for name, item in value.items() if name != "packageVersion" or item}
        if kept.get("id") == UNKNOWN:
            kept["id"] = ""
        return {**kept, "name": name_of(value["urn"]), "type": type_of(value["urn"])}
    return {name: named_references(item) for name, item in value.items()}


def without_contents(value: Any) -> Any:
    """The value with no more of assets and archives than their hashes, as providers get what was there before."""
    if isinstance(value, list):
        return [without_contents(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get(SIGNATURE) in (ASSET, ARCHIVE):
        return {name: value[name] for name in (SIGNATURE, "hash") if name in value}
    return {name: without_contents(item) for name, item in value.items()}


def plain_references(value: Any) -> Any:
    """Resource references as the ids or URNs they stand for, for providers that do not take references."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == REFERENCE:
            return value.get("id", value["urn"]) or UNKNOWN
        return {name: plain_references(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain_references(item) for item in value]
    return value


def printed(value: Any) -> str:
    """A value as Pulumi's engine prints it in its messages; secrets must be masked already."""
    if isinstance(value, dict):
        inner = " ".join(f"{name}:{printed(value[name])}" for name in sorted(value))
        return f"{{map[{inner}]}}"
    if isinstance(value, list):
        return f"{{[{' '.join(map(printed, value))}]}}"
    if isinstance(value, bool):
        return f"{{{str(value).lower()}}}"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "{<nil>}" if value is None else f"{{{value}}}"
