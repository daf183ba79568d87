"""The engine's log as provider plugins reach it: the address that each plugin is started with."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from pulumi.runtime.proto import engine_pb2_grpc

from batchlocal.engine.display import Display
from batchlocal.engine.monitor import EngineLog

__all__ = ["LogServer"]


class LogServer(engine_pb2_grpc.EngineServicer):
    """Shows what plugins say of their resources, on a free port of the loopback until ``close``."""

    def __init__(self, display: Display) -> None:
        self._log = EngineLog(display)
        self._server = grpc.server(ThreadPoolExecutor(2))
        engine_pb2_grpc.add_EngineServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def Log(self, request: Any, _context: grpc.ServicerContext) -> Any:  # noqa: N802 - the protocol's name
        """One line of a plugin's."""
        return self._log.Log(request)

    def close(self) -> None:
        """Stop listening."""
        self._server.stop(grace=None)
