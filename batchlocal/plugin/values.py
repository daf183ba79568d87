"""Property values between the wire (protobuf Struct) and Python, in Pulumi's own marking of secrets and unknowns."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import json_format, struct_pb2

__all__ = ["UNKNOWN", "from_wire", "has_unknown", "is_unknown", "secret", "to_wire"]

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the protocol's mark of a secret, not one
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_REFERENCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"


def from_wire(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A Struct's values with secrets unwrapped, resource references as ids and whole numbers as ``int``."""
    plain = {key: _plain(value) for key, value in json_format.MessageToDict(struct).items()}
    return {key: value for key, value in plain.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    mark = value.get(_SIGNATURE)
    if mark == _SECRET:
        return _plain(value["value"])
    if mark == _OUTPUT:
        return _plain(value.get("value", UNKNOWN))
    if mark == _REFERENCE:
        return value.get("id") or UNKNOWN
    return {key: _plain(item) for key, item in value.items() if item is not None}


def to_wire(values: dict[str, Any]) -> struct_pb2.Struct:
    """Python values as a Struct."""
    struct = struct_pb2.Struct()
    json_format.ParseDict(values, struct)
    return struct


def secret(value: Any) -> dict[str, Any]:
    """A value marked secret: the engine encrypts it in state and masks it in output."""
    return {_SIGNATURE: _SECRET, "value": value}


def is_unknown(value: Any) -> bool:
    """Whether a value is not known before the update runs."""
    return isinstance(value, str) and value == UNKNOWN


def has_unknown(value: Any) -> bool:
    """Whether anything in a value is unknown."""
    if isinstance(value, dict):
        return any(map(has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(has_unknown, value))
    return is_unknown(value)
