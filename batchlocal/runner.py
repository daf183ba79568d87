"""Performs the effects that the store says are owed, when they are due, until the server stops."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from batchlocal.clock import SUBJECT
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.store.effects import Effect

__all__ = ["Performer", "Runner"]

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 1.0

Performer = Callable[[Platform, Effect], Awaitable[None]]
"""Performs one effect and settles it (``tx.effects.settle``) in the transaction that records the resulting fact."""


class Runner:
    """Hands due effects to their performers; an effect that fails is tried again, and told in the log.

    Effects about one subject are performed one after another, in order; different subjects at the same time.
    """

    def __init__(self, platform: Platform, performers: dict[str, Performer]) -> None:
        self._platform = platform
        self._performers = performers
        self._busy = platform.performing

    async def run(self) -> None:
        """Perform effects for ever; cancel to stop."""
        wake = self._platform.wake
        try:
            while True:
                wake.clear()
                now = self._platform.clock.now()
                self._start_what_is_due(now)
                try:
                    await asyncio.wait_for(wake.wait(), self._seconds_to_next(now))
                except TimeoutError:
                    continue
        finally:
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    def _start_what_is_due(self, now: int) -> None:
        for effect in self._platform.store.read.effects.due(now, limit=100 + len(self._busy)):
            if effect.subject not in self._busy:
                self._busy[effect.subject] = asyncio.create_task(self._perform(effect))

    def _seconds_to_next(self, now: int) -> float | None:
        """How long nothing becomes due that was not due at ``now``; what is busy wakes us when it ends, and so does
        whoever moves a standing clock."""
        if self._platform.clock.manual:
            return None
        future = self._platform.store.read.effects.next_due(after=now)
        return None if future is None else max(0.0, (future - moments.now()) / moments.TICKS_PER_SECOND)

    async def _perform(self, effect: Effect) -> None:
        SUBJECT.set(effect.subject)
        try:
            await self._performers[effect.kind](self._platform, effect)
        except Exception:
            _log.exception("effect %s on %s failed; it is tried again", effect.kind, effect.subject)
            again = moments.after(self._platform.clock.now(), _RETRY_SECONDS)
            with self._platform.store.write() as tx:
                tx.effects.postpone(effect, again)
        finally:
            del self._busy[effect.subject]
            self._platform.wake.set()
