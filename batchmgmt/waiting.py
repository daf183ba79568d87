"""Waiting for what ARM does after it has answered, with news for whoever waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from batchmgmt.errors import TimedOut, acting

if TYPE_CHECKING:
    from azure.core.polling import LROPoller

__all__ = ["PATIENCE", "Waited", "outcome", "until"]

Waited = Callable[[float], None]
"""Called about once a second while something is waited for, with the seconds so far."""

PATIENCE: Final = 1200.0  # seconds: Azure's default resize timeout of 15 minutes, and some
STEP: Final = 1.0  # seconds between two calls of a ``Waited``

T = TypeVar("T")


def outcome(act: str, poller: LROPoller[T], *, timeout: float = PATIENCE, progress: Waited | None = None) -> T:
    """What a long-running operation comes to; ``timeout`` in seconds.

    Raises:
        TimedOut: it goes on still; waiting again is safe. AzureError, ConnectionFailed: it failed.
    """
    with acting(act):
        _wait(act, poller.done, poller.wait, timeout, progress)
        return poller.result()


def until(
    act: str, condition: Callable[[], bool], *, timeout: float = PATIENCE, progress: Waited | None = None
) -> None:
    """Wait for what somebody's earlier request set off; ``condition`` is asked once a second, ``timeout`` in seconds.

    Raises:
        TimedOut: it goes on still. Whatever ``condition`` raises.
    """
    _wait(act, condition, time.sleep, timeout, progress)


def _wait(
    act: str,
    done: Callable[[], bool],
    rest: Callable[[float], object],
    timeout: float,
    progress: Waited | None,
) -> None:
    started = time.monotonic()
    while not done():
        waited = time.monotonic() - started
        if progress:
            progress(waited)
        if waited > timeout:
            raise TimedOut(f"{act}: not done after {timeout:.0f} s; it goes on, and may be waited for again")
        rest(min(STEP, max(timeout - waited, 0.01)))
