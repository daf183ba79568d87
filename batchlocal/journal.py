"""The journal: the last requests that this server answered, on either plane, for whoever wonders what a client did.

In memory and bounded; of a request only its method, path and outcome are kept, never a header, a query or a body.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

from batchlocal.protocol.messages import Request

__all__ = ["KEPT", "Entry", "Journal"]

KEPT: Final = 5000
"""How many requests are remembered."""


class Entry(NamedTuple):
    """One answered request. ``at`` is its arrival in ticks, ``caller`` an object id or ``SharedKey``, ``operation``
    Microsoft's operationId where there is one, ``status`` 0 when the connection was dropped on purpose."""

    at: int
    plane: str
    method: str
    path: str
    operation: str
    status: int
    milliseconds: float
    caller: str
    request_id: str


class Journal:
    """The last ``KEPT`` requests."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)

    def add(self, plane: str, request: Request, status: int, seconds: float) -> None:
        """Remember one request that has been answered."""
        self._entries.append(
            Entry(
                request.arrived,
                plane,
                request.method,
                request.path,
                request.operation,
                0 if request.drop else status,
                seconds * 1000,
                request.caller,
                request.request_id,
            )
        )

    def newest(self) -> Iterator[Entry]:
        """The requests, newest first."""
        return reversed(self._entries)

    def clear(self) -> None:
        """Forget all of them."""
        self._entries.clear()
