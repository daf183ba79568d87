"""Faults that somebody asked for through the control API: the next requests that fit fail, wait, or lose their answer.

A fault is struck when a plane has found the operation and knows the caller, before the body is looked at. Faults live
in memory only: a restart clears them, and a server without any pays one test of an empty list a request.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Final, Literal

from batchlocal.domain.pool import ResizeError
from batchlocal.protocol.messages import Answer, Request

__all__ = ["KINDS", "Fault", "Faults", "suffer"]

Kind = Literal["error", "delay", "drop", "allocation"]
KINDS: Final[tuple[Kind, ...]] = ("error", "delay", "drop", "allocation")


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, for whom, and how often.

    ``operation``, ``account``, ``pool`` and ``task`` are globs without regard to case; ``plane`` is ``arm``,
    ``service``, ``storage`` or empty for all three, where ``*`` spares storage. ``times`` is how many more it strikes,
    None without end. An ``error`` answers ``status`` with ``code`` and ``message`` (empty: the plane's own words for
    the status) and, above 0, ``retry_after`` seconds; a ``delay`` waits ``seconds`` first; a ``drop`` closes the
    connection, ``after_commit`` or before anything is done; an ``allocation`` ends a resize of a pool with the resize
    error ``code``. An error with a ``task`` strikes tasks of that id within a collection that is added, and leaves the
    request and the others alone.
    """

    kind: Kind
    operation: str = "*"
    plane: str = ""
    account: str = "*"
    pool: str = "*"
    task: str = ""
    times: int | None = 1
    status: int = 500
    code: str = ""
    message: str = ""
    retry_after: int = 0
    seconds: float = 0.0
    after_commit: bool = False
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    struck: int = 0

    def fits(self, plane: str, operation: str, account: str) -> bool:
        """Whether a request is meant."""
        return (
            self.kind != "allocation"
            and not self.task
            and self.plane in ("", plane)
            and not (plane == "storage" and not self.plane and self.operation == "*")
            and _matches(operation, self.operation)
            and _matches(account, self.account)
        )


class Faults:
    """The faults that are set, in the order in which they were added; the first that fits strikes."""

    def __init__(self) -> None:
        self._set: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._set)

    def add(self, fault: Fault) -> None:
        self._set.append(fault)

    def clear(self, fault_id: str = "") -> int:
        """Take one fault away, or all; returns how many went."""
        kept = [fault for fault in self._set if fault_id and fault.id != fault_id]
        gone = len(self._set) - len(kept)
        self._set = kept
        return gone

    def strike(self, plane: str, operation: str, account: str) -> Fault | None:
        """The fault that a request meets now, counted; None for nearly all."""
        if not self._set:
            return None
        return self._first(lambda fault: fault.fits(plane, operation, account))

    def allocation(self, account: str, pool: str) -> ResizeError | None:
        """Why a resize of the pool cannot have its nodes, None when it can."""
        if not self._set:
            return None
        fault = self._first(
            lambda fault: fault.kind == "allocation" and _matches(account, fault.account) and _matches(pool, fault.pool)
        )
        return None if fault is None else ResizeError(fault.code, fault.message)

    def task(self, account: str, task_id: str) -> Fault | None:
        """The fault that one task of a collection meets, counted."""
        if not self._set:
            return None
        return self._first(
            lambda fault: bool(fault.task) and _matches(account, fault.account) and _matches(task_id, fault.task)
        )

    def _first(self, fits: Callable[[Fault], bool]) -> Fault | None:
        for place, fault in enumerate(self._set):
            if fits(fault):
                struck = replace(fault, struck=fault.struck + 1, times=None if fault.times is None else fault.times - 1)
                self._set[place : place + 1] = [] if struck.times == 0 else [struck]
                return fault
        return None


async def suffer(
    fault: Fault, request: Request, perform: Callable[[], Awaitable[Answer]], word: Callable[[Fault], Answer]
) -> Answer:
    """Answer a request that met a fault; ``perform`` does the work, ``word`` gives the plane's error body."""
    if fault.kind == "error":
        answer = word(fault)
        if fault.retry_after:
            answer.headers["Retry-After"] = str(fault.retry_after)
        return answer
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
        return await perform()
    request.drop = True
    return await perform() if fault.after_commit else Answer(503)


def _matches(text: str, pattern: str) -> bool:
    return pattern == "*" or fnmatchcase(text.lower(), pattern.lower())
