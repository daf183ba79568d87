"""What running took: time on a node, time on processors, reads and writes."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["NOTHING", "Usage"]


class Usage(NamedTuple):
    """Sums over attempts. Times are ticks (100 ns); reads and writes are calls, and the bytes that they moved.

    ``ran`` is wall clock time. Processors and input and output are those of a task's process and of the processes that
    it waited for: what it leaves in the background, and what a container's daemon runs for it, is not seen.
    """

    ran: int = 0
    user: int = 0
    kernel: int = 0
    reads: int = 0
    writes: int = 0
    bytes_read: int = 0
    bytes_written: int = 0

    def plus(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


NOTHING: Final = Usage()
