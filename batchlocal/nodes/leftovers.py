"""Processes that outlive the task that started them: those that left its group are found and ended with it.

The server is made the parent of orphans below it (a subreaper), so what a task leaves behind becomes its child. Whose
it was, its environment or its session says. Looking costs a few milliseconds and serves all tasks that have ended
meanwhile; no task waits for it. What a start task leaves behind is the node's and lives as long as the node is up.
Without /proc (not Linux) nothing is looked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["adopt_orphans", "began", "end_below", "ended", "look_after_leftovers", "started_at"]

_SET_CHILD_SUBREAPER: Final = 36  # prctl(2)
_TASK: Final = b"AZ_BATCH_TASK_DIR="
_NODE: Final = b"AZ_BATCH_NODE_ROOT_DIR="
_PAUSE_SECONDS: Final = 0.25
_KILLED_SECONDS: Final = 0.02
_PAUSE_FACTOR: Final = 30
"""Looking takes at most a thirtieth of the time, however many processes there are."""

_living: dict[int, tuple[str, int]] = {}
"""The processes of tasks that go on, by pid: the task's folder, and when it began."""

_wanted = asyncio.Event()


@dataclass(frozen=True, slots=True)
class _Process:
    """A line of /proc/PID/stat, as far as it matters; ``began`` in clock ticks since boot."""

    pid: int
    state: str
    parent: int
    session: int
    began: int


def adopt_orphans() -> None:
    """Make this process the parent of orphans below it, where the system knows of such a thing."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def began(pid: int, folder: Path) -> None:
    """A task's process has begun, in the task's folder."""
    _living[pid] = str(folder), int(started_at(pid) or 0)


def ended(pid: int) -> None:
    """A task's process is over, and its group with it: what had left the group may go."""
    if _living.pop(pid, None):
        _wanted.set()


def started_at(pid: int) -> str:
    """When a process began, in clock ticks since boot: with the pid it names one process for ever; '' if gone."""
    found = _read(pid)
    return str(found.began) if found else ""


async def look_after_leftovers() -> None:
    """End what ended tasks leave behind, for ever; cancel to stop."""
    while True:
        await _wanted.wait()
        _wanted.clear()
        before = time.monotonic()
        if _end_leftovers():  # what it had below it may become ours now
            _wanted.set()
            await asyncio.sleep(_KILLED_SECONDS)
        else:
            await asyncio.sleep(max(_PAUSE_SECONDS, (time.monotonic() - before) * _PAUSE_FACTOR))


def _end_leftovers() -> bool:
    """End what belongs to no task that goes on; whether there was anything, so that there may be more now."""
    everything = {process.pid: process for process in _processes()}
    doomed = [one for one in everything.values() if one.parent == os.getpid() and _is_left(one)]
    for process in doomed:
        if process.state == "Z":
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)
        else:
            for pid in (process.pid, *_below(process.pid, everything)):
                _kill(pid)
    return bool(doomed)


def _is_left(child: _Process) -> bool:
    """Whether a child of ours was adopted, and its task is over. The server's own children are in its session."""
    if child.session == os.getsid(0) or child.pid in _living or child.session in _living:
        return False
    if child.state == "Z":
        return True
    task = _variable(child.pid, _TASK)
    if task is None:  # it has given its environment up: it goes when it is older than all tasks that go on
        return all(child.began < since for _, since in _living.values())
    if task.endswith("/startup"):
        return False
    return not any(folder == task and child.began >= since for folder, since in _living.values())


def _below(pid: int, everything: dict[int, _Process]) -> Iterator[int]:
    for process in everything.values():
        if process.parent == pid:
            yield process.pid
            yield from _below(process.pid, everything)


def end_below(*folders: Path) -> int:
    """End everything that runs for nodes in or below these folders, whoever started it; how many processes.

    A killed server may have started a process and not have written it down. Tasks carry their node's folder in their
    environment, which says whose they are; a whole group goes with each of them.
    """
    roots = tuple(f"{folder}/" for folder in folders)
    found = {one.pid for one in _processes() if f"{_variable(one.pid, _NODE)}/".startswith(roots)}
    for pid in found - {os.getpid()}:
        with contextlib.suppress(ProcessLookupError):
            if (group := os.getpgid(pid)) != os.getpgrp():
                os.killpg(group, signal.SIGKILL)
        _kill(pid)
    return len(found)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _processes() -> Iterator[_Process]:
    for entry in os.scandir("/proc") if Path("/proc/self/stat").exists() else ():
        if entry.name.isdigit() and (found := _read(int(entry.name))):
            yield found


def _read(pid: int) -> _Process | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    words = stat.rsplit(")", 1)[1].split()  # a name may hold anything, parentheses too (proc(5))
    return _Process(pid, words[0], int(words[1]), int(words[3]), int(words[19]))


def _variable(pid: int, name: bytes) -> str | None:
    """A variable of a process's first environment; None when it has none, or is not ours to look into."""
    with contextlib.suppress(OSError):
        for one in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            if one.startswith(name):
                return os.fsdecode(one[len(name) :])
    return None
