"""Pulumi's provider messages, without importing all of Pulumi: that would double the plugin's start-up.

The generated modules live inside the ``pulumi`` package but need nothing of it: they are imported under bare packages.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any, Final

__all__ = ["UNKNOWN", "provider_pb2", "provider_pb2_grpc", "struct", "values"]

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a value that a preview does not know yet."""


def _bare(name: str) -> None:
    """Put a package into ``sys.modules`` without running its ``__init__``."""
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"package {name} is not installed", name=name)
    module = ModuleType(name)
    module.__path__ = list(spec.submodule_search_locations)
    module.__spec__ = spec
    sys.modules[name] = module


for _package in ("pulumi", "pulumi.runtime"):
    _bare(_package)

from google.protobuf import json_format, struct_pb2  # noqa: E402
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc  # noqa: E402


def values(message: struct_pb2.Struct) -> dict[str, Any]:
    """The message as plain values."""
    found: dict[str, Any] = json_format.MessageToDict(message)
    return found


def struct(found: dict[str, Any]) -> struct_pb2.Struct:
    """Plain values as a message; what is None is left out."""
    message = struct_pb2.Struct()
    message.update({key: value for key, value in found.items() if value is not None})
    return message
