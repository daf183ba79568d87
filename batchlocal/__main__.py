"""``batchlocal`` and ``python -m batchlocal``."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import Final

FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}  # what writing an output may meet on a disk


def main() -> int:
    """Run one command; returns its exit code, 130 where Ctrl-C stopped it.

    What a file or folder refuses, or whoever reads the output, ends as one sentence.
    """
    if sys.stdout is None:  # the caller closed it
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  # for as long as the process lives
    try:
        code = _run(sys.argv[1:])
        sys.stdout.flush()  # at exit nobody could word its failure
        return code
    except KeyboardInterrupt:
        sys.stderr.write("batchlocal: stopped\n")
        return 130  # as shells do for SIGINT
    except BrokenPipeError:
        _print_no_more()
        return 1
    except OSError as fault:
        if fault.filename is None and fault.errno not in FULL:
            raise
        _print_no_more()
        sys.stderr.write(f"batchlocal: {fault.filename or 'the output'}: {fault.strerror}\n")
        return 1


def _run(arguments: Sequence[str]) -> int:
    """The engine's arguments are its own and go to it as they are."""
    if arguments[:1] == ["engine"]:
        from batchlocal.engine.cli import main as engine

        return engine([*arguments[1:]])
    from batchlocal.cli import main as command

    return command([*arguments])


def _print_no_more() -> None:
    """Let Python's flush at exit succeed: what could not be written would fail, and be told, once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
