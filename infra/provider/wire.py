"""Pulumi's provider messages, without importing all of Pulumi: that would double the plugin's start-up.

The generated modules live inside the ``pulumi`` package but need nothing of it: they are imported under bare packages.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

__all__ = ["engine_pb2", "engine_pb2_grpc", "plugin_pb2", "provider_pb2", "provider_pb2_grpc", "struct", "values"]


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
from pulumi.runtime.proto import (  # noqa: E402
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
)


def values(message: struct_pb2.Struct) -> dict[str, Any]:
    """The message as plain values."""
    found: dict[str, Any] = json_format.MessageToDict(message)
    return found


def struct(found: dict[str, Any]) -> struct_pb2.Struct:
    """Plain values as a message; what is None is left out."""
    message = struct_pb2.Struct()
    message.update({key: value for key, value in found.items() if value is not None})
    return message
