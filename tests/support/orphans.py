"""Processes whose parent is killed without a word."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

__all__ = ["orphan"]

_PARENT = """
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""


def orphan(*command: str, cwd: Path) -> int:
    """The pid of a command whose parent was killed as soon as the command had printed its first line."""
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, *command], cwd=cwd, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate(timeout=30)
    return pid
