"""Files: those that hold secrets, created with mode 0600 and never seen half-written; the user's home folder."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

__all__ = ["home", "write_private"]


def home() -> Path:
    """The user's home folder; one that is not there for users whom the system does not know, as in containers."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/nonexistent")  # as Debian's passwd says of users without a home


def write_private(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` in one step, readable by its owner only, whatever stood there before.

    A link stays a link: what it leads to is written. What a writer left that was killed is removed.

    Raises:
        OSError: the folder does not exist or may not be written.
    """
    path = Path(os.path.realpath(path))
    _sweep(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            if os.name == "posix":  # Windows keeps a user's files from others by the folder's permissions
                os.fchmod(handle, 0o600)  # a file left behind by a crash keeps its mode otherwise
            file.write(text)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sweep(path: Path) -> None:
    """Remove the temporary files of processes that are no more: they hold what was to be written."""
    if os.name != "posix":
        return  # there os.kill asks for no process, it ends it
    from batchmgmt.processes import is_running  # only for who writes: most commands find their token in its file

    for left in path.parent.iterdir():
        if not left.name.startswith(f".{path.name}."):
            continue
        with contextlib.suppress(OSError, ValueError):
            if not is_running(int(left.name.rpartition(".")[2])):
                left.unlink()
