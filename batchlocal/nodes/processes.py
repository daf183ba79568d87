"""One command as a process group of its own: started, timed, ended whole, with what left the group (``leftovers``)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from batchlocal.domain.task import Ended
from batchlocal.domain.usage import Usage
from batchlocal.nodes import leftovers
from batchlocal.nodes.folders import TaskFolders
from batchlocal.nodes.host import Host

__all__ = ["Exit", "Running", "kill_leftover", "start"]

_KILL_GRACE_SECONDS = 2.0
_GATE = asyncio.Semaphore(4)
"""How many processes are started in one turn of the event loop; each takes it a millisecond or two."""

_CMD = (sys.executable, "-I", "-S", str(Path(__file__).with_name("cmd.py")))


_TICKS = 10_000_000
_IO: Final = ("syscr", "syscw", "rchar", "wchar")
"""Lines of /proc/PID/io: calls that read and write, and their bytes, whether a disk or a cache served them."""


class Exit(NamedTuple):
    """How a process ended: its exit code, as a Linux shell reports it, and what it took."""

    code: int
    usage: Usage


@dataclass(frozen=True)
class Running:
    """A process that has begun. ``pid`` is also its group's id; ``exited`` tells how it ended."""

    pid: int
    exited: asyncio.Future[Exit]

    async def exit(self) -> Exit:
        """Wait for the end. Whoever gives up waiting takes it from nobody else."""
        return await asyncio.shield(self.exited)

    async def wait(self, seconds: float | None) -> Ended:
        """Wait for the end; a process that takes longer than ``seconds`` is ended with its whole group."""
        try:
            async with asyncio.timeout(seconds):
                found = await self.exit()
        except TimeoutError:
            _, usage = await self.end()
            text = "Task hit MaxWallClockTime and was terminated"
            # category and code: article error-handling, Constraint errors; its exit code is that of Windows alone
            return Ended(None, {"category": "servererror", "code": "TaskEnded", "message": text}, usage=usage)
        self.finish()
        return Ended.exited(found.code, found.usage)

    async def end(self) -> Exit:
        """Ask the group to end, then make it."""
        _signal_group(self.pid, signal.SIGTERM)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_KILL_GRACE_SECONDS):
                    await self.exit()
        finally:
            self.finish()
        return await self.exit()

    def finish(self) -> None:
        """Its task is over: end what is left of the group, and what had left the group."""
        _end_group(self.pid)
        leftovers.ended(self.pid)


async def start(command: str, environment: dict[str, str], folders: TaskFolders, host: Host) -> Running | Ended:
    """Start a command line in the task's working directory, or say why it could not begin.

    On Linux the command line is split into words and run without a shell (the page "Task - Add", commandLine); for
    Windows a stand-in for ``cmd /c`` runs it. Thousands may ask at once: requests are answered in between.
    """
    async with _GATE:
        await asyncio.sleep(0)
        return _start(command, environment, folders, host)


def _start(command: str, environment: dict[str, str], folders: TaskFolders, host: Host) -> Running | Ended:
    try:
        words = _words(command, host)
    except ValueError as error:
        return _not_begun("CommandLineInvalid", f"The command line could not be read: {error}")
    if not words:
        return _not_begun("CommandLineInvalid", "The command line is empty")
    host.hand_over(folders)
    # A user of its own costs a fork. setpriv would spare it, but is root until it has read the task's LD_* variables.
    user, group = (None, None) if host.is_server or host.windows else host.ids
    with folders.append(folders.stdout) as stdout, folders.append(folders.stderr) as stderr:
        try:
            process = subprocess.Popen(  # asyncio's and uvloop's way forks the whole server: several times as slow
                words,
                cwd=folders.working,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                user=user,
                group=group,
                extra_groups=None if user is None else (),
            )
        except (OSError, ValueError) as error:  # ValueError: what no system takes, such as a zero byte
            if isinstance(error, OSError) and _is_nowhere(words[0], error, environment):
                return _no_program(command)
            reason = error.strerror if isinstance(error, OSError) else error
            return _not_begun("CommandLaunchFailed", f"The command could not be started: {reason}")
    leftovers.began(process.pid, folders.root)
    return Running(process.pid, _watch(process))


def _words(command: str, host: Host) -> list[str]:
    """The program and its arguments; the stand-in for Windows is started as the server, and becomes the user itself,
    for Python may lie where only the server's user can read."""
    if not (host.windows and command.strip()):
        return shlex.split(command)
    return [*_CMD, *([] if host.is_server else map(str, host.ids)), command]


def _watch(process: subprocess.Popen[bytes]) -> asyncio.Future[Exit]:
    """How a process ended, once it has; without pidfds (not Linux) a thread waits for it."""
    loop = asyncio.get_running_loop()
    if not hasattr(os, "pidfd_open"):
        return asyncio.ensure_future(asyncio.to_thread(_reaped, process))
    descriptor = os.pidfd_open(process.pid)
    exited: asyncio.Future[Exit] = loop.create_future()

    def reap() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        exited.set_result(_reaped(process))

    loop.add_reader(descriptor, reap)
    return exited


def _reaped(process: subprocess.Popen[bytes]) -> Exit:
    """Take a process that has ended from the system, and with it what it and those that it waited for took."""
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # its counters can be read until it is taken
    moved = _moved(process.pid)
    _, status, times = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    code = process.returncode if process.returncode >= 0 else 128 - process.returncode  # ended by a signal
    return Exit(code, Usage(0, round(times.ru_utime * _TICKS), round(times.ru_stime * _TICKS), *moved))


def _moved(pid: int) -> list[int]:
    """What a process read and wrote, in the order of ``_IO``; nothing where the system does not tell."""
    try:
        lines = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
        return [int(lines[name]) for name in _IO]
    except (OSError, ValueError, KeyError):
        return [0] * len(_IO)


def _not_begun(code: str, message: str, **details: str) -> Ended:
    failure: dict[str, Any] = {"category": "usererror", "code": code, "message": message}
    if details:
        failure["details"] = [{"name": name, "value": value} for name, value in details.items()]
    return Ended(None, failure)


def _is_nowhere(program: str, error: OSError, environment: dict[str, str]) -> bool:
    """Whether there is no such program. A folder of the path that the task's user may not enter makes the system speak
    of permission where it found nothing."""
    return isinstance(error, FileNotFoundError) or shutil.which(program, path=environment.get("PATH")) is None


def _no_program(command: str) -> Ended:
    """How a task ends whose program was not found (recorded)."""
    message = "The specified command program is not found"
    details = {"CommandLine": command, "Message": "The system cannot find the file specified"}
    return _not_begun("CommandProgramNotFound", message, **details)


def kill_leftover(pid: int, began: str) -> None:
    """End a group that outlived the server that started it; a pid that means another process now is left alone."""
    if began and leftovers.started_at(pid) == began:
        _end_group(pid)


def _end_group(pid: int) -> None:
    """Kill whatever is left of a process group."""
    _signal_group(pid, signal.SIGKILL)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
