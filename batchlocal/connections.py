"""HTTP connections as uvicorn keeps them, and what it does not do: cut one off, send an answer in one piece."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["Connection"]


class Connection(HttpToolsProtocol):
    """A connection that a request can have cut off: ``scope["batchlocal.abort"]``, for faults of the control API."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast("asyncio.Transport", _Gathering(transport, self.loop)))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["batchlocal.abort"] = self.transport.abort  # type: ignore[typeddict-unknown-key]


class _Gathering:
    """A transport that writes once per turn of the loop: an answer's head and body become one TLS record rather than
    two, which is a fifth of a read's time (benchmarks/server.py)."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        pieces, self._pieces = self._pieces, []
        if pieces:
            self._transport.write(b"".join(pieces))

    def __getattr__(self, name: str) -> Any:
        """All else is the transport's own."""
        return getattr(self._transport, name)
