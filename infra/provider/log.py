"""What a provider tells the person who deploys: lines of the engine's log, beside the resource they are about."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any, Final

import grpc

from infra.provider.wire import engine_pb2, engine_pb2_grpc

__all__ = ["EngineLog"]

_NONE: Final = ("0", "1")
"""Ports that say that nobody listens."""
_SECONDS: Final = 2.0


class EngineLog:
    """The log of the engine at an address; without one, lines go to standard error."""

    def __init__(self, address: str) -> None:
        """``address`` is ``HOST:PORT``, as Pulumi starts a plugin with."""
        port = address.rpartition(":")[2]
        listening = port.isdigit() and port not in _NONE
        self._stub: Any = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)) if listening else None

    def say(self, urn: str, text: str) -> None:
        """One line about a resource."""
        if self._stub is not None:
            request = engine_pb2.LogRequest(severity=engine_pb2.INFO, message=text, urn=urn)
            with suppress(grpc.RpcError):
                self._stub.Log(request, timeout=_SECONDS)
                return
        sys.stderr.write(f"{text}\n")
