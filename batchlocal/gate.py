"""Lets requests in, and holds them while the data under the server is copied or exchanged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

__all__ = ["Gate", "StillBusy"]

_PATIENCE_SECONDS: Final = 30.0


class StillBusy(Exception):
    """Requests that were let in did not end in time."""


class Gate:
    """Counts the requests inside; ``closed`` lets them out and none in."""

    def __init__(self) -> None:
        self.inside = 0
        self._open = asyncio.Event()
        self._open.set()
        self._left = asyncio.Event()

    async def enter(self) -> None:
        """Go in, once the gate is open; ``leave`` must follow."""
        while not self._open.is_set():
            await self._open.wait()
        self.inside += 1

    def leave(self) -> None:
        self.inside -= 1
        self._left.set()

    @asynccontextmanager
    async def closed(self) -> AsyncIterator[None]:
        """Nobody is inside, and whoever comes waits.

        Raises:
            StillBusy: somebody did not come out, or another has closed it.
        """
        if not self._open.is_set():
            raise StillBusy("a snapshot is being saved or restored already")
        self._open.clear()
        try:
            await self._all_out()
            yield
        finally:
            self._open.set()

    async def _all_out(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while self.inside:
                    self._left.clear()
                    await self._left.wait()
        except TimeoutError:
            raise StillBusy(f"{self.inside} requests have been under way for {_PATIENCE_SECONDS:.0f} s") from None
