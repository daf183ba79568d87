"""Other processes of this machine."""

from __future__ import annotations

import os

__all__ = ["is_running"]


def is_running(process: int) -> bool:
    """Whether a process of this ID is there, whoever it belongs to. For POSIX: elsewhere ``os.kill`` would end it."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
