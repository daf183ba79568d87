"""Whether tasks can run as users of their own here, which only a server that is root's can give them.

Nobody is made on this machine: a user is a number (``domain/task_user.py``). What tasks need must be within reach of
such a user: the nodes' folders, a shell, and Python where root has one. That is tried, not guessed.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Final

from batchlocal.datafolder import DataFolder
from batchlocal.domain.task_user import ANYBODY, TaskUsers

__all__ = ["NoUsers", "closed_folder", "settle_task_users"]

_TRY_SECONDS: Final = 10.0
_PASSABLE: Final = 0o711


class NoUsers(Exception):
    """Users of their own were asked for and cannot be had; the text says why and what to do."""


def settle_task_users(asked: str, data: DataFolder) -> TaskUsers:
    """Who tasks run as: ``asked`` is ``own``, ``server``, or ``auto``, which is own where it can be.

    What of the way to the nodes' folders is ours is opened to them; nothing else is.

    Raises:
        NoUsers: ``own`` was asked for in vain.
    """
    if os.geteuid() != 0:
        if asked == "own":
            raise NoUsers("only root can run tasks as users of their own; leave --task-users out")
        return TaskUsers()
    if asked == "server":
        return TaskUsers(reason="--task-users server was asked for")
    for folder in (data.root, data.nodes):
        folder.chmod(_PASSABLE)
    trouble = _trouble_with_folders(data.nodes) or (_trouble_with_programs() if asked == "auto" else "")
    if trouble:
        data.root.chmod(0o700)
        if asked == "own":
            raise NoUsers(f"tasks cannot run as users of their own: {trouble}")
        return TaskUsers(reason=trouble)
    os.umask(0o022)  # whatever root's is, tasks read what is laid out for them
    return TaskUsers(own=True)


def _trouble_with_folders(folder: Path) -> str:
    try:
        tried = _as_anybody("/bin/sh", "-c", 'cd "$1"', "sh", str(folder))
    except (OSError, subprocess.SubprocessError) as error:
        return f"this machine starts no processes of other users ({error})"
    if tried.returncode == 0:
        return ""
    closed = closed_folder(folder)
    if closed is None:
        return f"{folder} is out of their reach ({tried.stderr.strip()})"
    mode = stat.S_IMODE(closed.stat().st_mode)
    return f"{closed} is closed to other users (mode {mode:04o}); choose another data folder with --data"


def _trouble_with_programs() -> str:
    python = shutil.which("python3")
    if python is None:
        return ""
    try:
        if _as_anybody("python3", "-I", "-S", "-c", "").returncode == 0:
            return ""
    except (OSError, subprocess.SubprocessError):
        pass
    return f"python3 is out of their reach ({python}); install one for all users, or do without: --task-users own"


def _as_anybody(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TRY_SECONDS,
        check=False,
        user=ANYBODY,
        group=ANYBODY,
        extra_groups=(),
    )


def closed_folder(path: Path) -> Path | None:
    """The first folder on the way to a path that others cannot pass through; None when the way is open."""
    on_the_way = reversed([path, *path.parents] if path.is_dir() else path.parents)
    return next((folder for folder in on_the_way if not folder.stat().st_mode & stat.S_IXOTH), None)
