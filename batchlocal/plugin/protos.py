"""Pulumi's provider protocol, and nothing else of its SDK.

``import pulumi`` takes 0.2 s, most of a plugin's start; the protocol's modules need none of it. So the packages
above them are entered as bare folders before the modules are imported.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

__all__ = ["pb", "plugin_pb2", "services", "status_pb2"]


def _bare(name: str, folder: Path) -> None:
    if name not in sys.modules:
        package = types.ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package


_found = importlib.util.find_spec("pulumi") if "pulumi" not in sys.modules else None
if _found is not None and _found.submodule_search_locations:
    _root = Path(_found.submodule_search_locations[0])
    _bare("pulumi", _root)
    _bare("pulumi.runtime", _root / "runtime")
    _bare("pulumi.runtime.proto", _root / "runtime" / "proto")

from pulumi.runtime.proto import plugin_pb2, status_pb2  # noqa: E402
from pulumi.runtime.proto import provider_pb2 as pb  # noqa: E402
from pulumi.runtime.proto import provider_pb2_grpc as services  # noqa: E402
