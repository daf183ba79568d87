"""Runs of the engine: waited for to their end, and the locks of those that were killed."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from batchmgmt.processes import is_running

__all__ = ["forget_killed", "run"]


def run(command: Sequence[str], *, cwd: Path, environment: Mapping[str, str]) -> int:
    """The exit code of a command that shows its own output.

    A terminal sends Ctrl-C to the command too, which then ends in order, as an engine that keeps its state must:
    ``subprocess.run`` would kill it after a quarter of a second.

    Raises:
        KeyboardInterrupt: there was a Ctrl-C; the command has ended.
    """
    stopped = False
    with subprocess.Popen(command, cwd=cwd, env=environment) as process:
        while True:
            try:
                code = process.wait()
                break
            except KeyboardInterrupt:
                stopped = True
    if stopped:
        raise KeyboardInterrupt
    return code


def forget_killed(backend: Path, stack: str) -> list[int]:
    """Remove the locks of runs on this machine whose process is no more; their process ids.

    Both the Pulumi CLI and the embedded engine leave the lock of a run that was killed to somebody who knows that it
    was: on this machine that can be seen.
    """
    killed = []
    for file in backend.glob(f".pulumi/locks/**/{stack}/*.json"):
        try:
            holder = json.loads(file.read_text())
            here, process = holder["hostname"] == socket.gethostname(), int(holder["pid"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if here and not is_running(process):
            file.unlink(missing_ok=True)
            killed.append(process)
    return killed
