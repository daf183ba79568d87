"""Waiting in tests: polled, with a deadline, never a fixed sleep."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["until"]

PAUSE = 0.05  # seconds between two looks


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for what must come true, and fail when it has not after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not come true within {seconds:g} s"
        time.sleep(PAUSE)
