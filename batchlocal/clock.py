"""The time by which life cycles go on: real, scaled, or standing still until somebody moves it.

What a client is shown (``lastModified``, ETags, tokens' lifetimes) is always real time. What the emulator does by
itself later (an account that gets ready, a pool that gets its nodes) waits by this clock.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Final

from batchlocal.protocol import moments

__all__ = ["ARRIVED", "SUBJECT", "Clock"]

ARRIVED: Final[ContextVar[int]] = ContextVar("arrived", default=0)
"""When the request that is being answered arrived (ticks): what it owes is reckoned from then. 0: there is none."""

SUBJECT: Final[ContextVar[str]] = ContextVar("subject", default="")
"""What the effect that is being performed is about; tasks that a performer starts inherit it."""


class Clock:
    """Runs with real time until it is stopped. Instants are ticks; ``pace`` scales waits (1.0: as long as Azure's)."""

    def __init__(self, pace: float) -> None:
        self.pace = pace
        self._stands: int | None = None
        self._waiting: dict[asyncio.Future[None], tuple[int, str]] = {}

    @property
    def manual(self) -> bool:
        """Whether it stands until it is moved."""
        return self._stands is not None

    def now(self) -> int:
        return moments.now() if self._stands is None else self._stands

    def stop(self) -> None:
        """Stand still from now on."""
        self._stands = self.now()

    def run(self) -> None:
        """Run with real time again; what would have been due meanwhile is due at once."""
        self._stands = None
        self._wake()

    def move(self, instant: int) -> None:
        """Move a standing clock on; it never goes back."""
        assert self._stands is not None
        self._stands = max(self._stands, instant)
        self._wake()

    def due(self, due: int) -> int:
        """By this clock, what was reckoned from real time to be due then."""
        return due if self._stands is None else due - (ARRIVED.get() or moments.now()) + self._stands

    async def wait(self, seconds: float) -> None:
        """Let so many of Azure's seconds pass, scaled by the pace."""
        scaled = seconds * self.pace
        if self._stands is None:
            await asyncio.sleep(scaled)
            return
        until = moments.after(self._stands, scaled)
        while self.now() < until:
            await self._moved(until)

    def next_wait(self) -> int | None:
        """When the first of those who wait for a standing clock wants to go on."""
        return min((until for until, _ in self._waiting.values()), default=None)

    def is_waited_for_by(self, subject: str) -> bool:
        """Whether the performer of an effect on the subject waits for a standing clock to go on."""
        return any(waiting == subject for _, waiting in self._waiting.values())

    async def _moved(self, until: int) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[future] = until, SUBJECT.get()
        try:
            await future
        finally:
            self._waiting.pop(future, None)

    def _wake(self) -> None:
        now = self.now()
        for future, (until, _) in list(self._waiting.items()):
            if (self._stands is None or until <= now) and not future.done():
                future.set_result(None)
