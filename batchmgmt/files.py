"""Files that hold secrets: created with mode 0600, and never seen half-written."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["write_private"]


def write_private(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` in one step, readable by its owner only, whatever stood there before.

    Raises:
        OSError: the folder does not exist or may not be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            os.fchmod(handle, 0o600)  # a file left behind by a crash keeps its mode otherwise
            file.write(text)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
