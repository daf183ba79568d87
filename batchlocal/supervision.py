"""Starting, finding and stopping a data folder's server from another process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from batchlocal.control.client import ControlClient, ControlError, NotRunning
from batchlocal.datafolder import DataFolder, private

__all__ = ["NotStarted", "Status", "is_held", "launch", "look", "stop"]

_START_SECONDS = 30.0
_STOP_SECONDS = 15.0


class NotStarted(Exception):
    """The server did not come up; the text says why and what to do."""


@dataclass(frozen=True)
class Status:
    """Whether a server answers; ``blobs`` tells whether linked storage does too. ``pid`` 0 is no server.

    ``task_users``: ``own`` or ``server``; ``task_users_reason``: why tasks of root's server run as root.
    """

    ready: bool
    endpoint: str = ""
    pid: int = 0
    blobs: bool = False
    task_users: str = "server"
    task_users_reason: str = ""

    def as_json(self) -> dict[str, object]:
        """The same, in the names of JSON."""
        shown = asdict(self)
        users, reason = shown.pop("task_users"), shown.pop("task_users_reason")
        return {**shown, "taskUsers": users, "taskUsersReason": reason}


def look(data: DataFolder) -> Status:
    """Ask the data folder's server for its state."""
    known = data.settings()
    if not known or not is_held(data):
        return Status(ready=False)
    endpoint, pid = _endpoint(data), known.get("pid", 0)
    try:
        answer = ControlClient(data, timeout=2).get("/status")
    except (ControlError, NotRunning, ValueError):
        return Status(ready=False, endpoint=endpoint, pid=pid)
    users = answer.get("taskUsers", "server"), answer.get("taskUsersReason", "")
    return Status(bool(answer.get("ready")), endpoint, pid, bool(answer.get("blobs")), *users)


def launch(data: DataFolder, options: Sequence[str] = (), *, port: int = 0) -> Status:
    """Start a server in the background and wait until it answers; one that runs already is left alone.

    ``options`` are words for ``batchlocal start``, such as ``--strict``; ``port`` 0 keeps the folder's, or draws one.

    Raises:
        NotStarted: it ended, or did not answer in time; or one runs on another port than the one asked for.
    """
    running = look(data)
    if running.ready:
        if port and not running.endpoint.endswith(f":{port}"):
            raise NotStarted(f"it runs at {running.endpoint} already: stop it first to move it to port {port}")
        return running
    data.prepare()
    told, tell = os.pipe()
    words = ["start", "--data", str(data.root), "--port", str(port), *options, "--tell-ready", str(tell)]
    with open(data.root / "start.log", "w", opener=private) as early:
        process = subprocess.Popen(
            [sys.executable, "-m", "batchlocal", *words],
            stdin=subprocess.DEVNULL,
            stdout=early,
            stderr=early,
            start_new_session=True,
            pass_fds=[tell],
        )
    os.close(tell)
    try:
        return _wait_until_ready(data, process, told)
    finally:
        os.close(told)


def _wait_until_ready(data: DataFolder, process: subprocess.Popen[bytes], told: int) -> Status:
    """Wait for the server's word that it answers: a period, and why its tasks run as root, if they do. Without one the
    pipe ends with the server."""
    if not select.select([told], [], [], _START_SECONDS)[0]:
        process.terminate()
        raise NotStarted(f"the server did not answer within {_START_SECONDS:.0f} s; see {data.log}")
    word = os.read(told, select.PIPE_BUF).decode()
    if not word:
        process.wait()
        said = (data.root / "start.log").read_text(errors="replace").strip().splitlines()
        reason = said[-1].removeprefix("batchlocal: ") if said else f"see {data.log}"
        raise NotStarted(f"the server did not start: {reason}")
    process.returncode = 0  # it goes on without us: no warning about an unwaited child
    return Status(ready=True, endpoint=_endpoint(data), pid=process.pid, task_users_reason=word[1:])


def _endpoint(data: DataFolder) -> str:
    return f"https://localhost:{data.settings()['port']}"


def stop(data: DataFolder) -> bool:
    """End the data folder's server and wait until it is gone; False when none was running.

    Raises:
        NotStarted: the server did not end in time.
    """
    if not is_held(data):
        return False
    pid = _holder(data)
    if pid:
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while is_held(data):
        if time.monotonic() > deadline:
            raise NotStarted(f"the server (pid {pid}) did not end within {_STOP_SECONDS:.0f} s; see {data.log}")
        time.sleep(0.05)
    return True


def _holder(data: DataFolder) -> int:
    """The pid of the server that holds the lock, also while it starts; 0 when it has not said so yet."""
    held = data.lock.read_text().strip()
    return int(held) if held.isdecimal() else 0


def is_held(data: DataFolder) -> bool:
    """Whether a server, which may be starting, holds the folder's lock, which dies with it."""
    try:
        with data.lock.open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
