"""The command line's way in: hot commands first, without the imports that the others need."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import Final

__all__ = ["main"]

FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}  # what writing a result may meet on a disk


def main() -> int:
    """Run ``batchmgmt ARGUMENTS``; returns the exit code.

    0 done, 1 failed, 2 usage, 3 a check found something, 130 stopped by Ctrl-C. A failure is one message on stderr;
    ``--debug`` shows its traceback before, and each request. Secrets are masked.
    """
    arguments = [each for each in sys.argv[1:] if each != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    try:
        _prepare_output()
        if debug:
            from batchmgmt import logs

            logs.show()
        code = _run(arguments)
        sys.stdout.flush()  # at exit nobody could word its failure
        return code
    except (Exception, KeyboardInterrupt) as failure:
        if debug:
            logs.show_traceback(failure)
        return _report(failure)


def _prepare_output() -> None:
    """Let nothing that is printed fail for its letters, nor for a stdout or stderr that the caller has closed."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123  # for as long as the process lives
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # the locale may know ASCII only


def _run(arguments: Sequence[str]) -> int:
    from batchmgmt.cli import hot

    if hot.run(arguments):
        return 0
    from batchmgmt.cli.app import run

    return run(arguments)


def _report(failure: BaseException) -> int:
    from batchmgmt.errors import BatchManagementError, NotAuthenticated

    if isinstance(failure, NotAuthenticated):
        from batchmgmt.tokens import TokenCache

        TokenCache.from_environment().clear()  # the next run signs in anew
    if isinstance(failure, BatchManagementError):
        sys.stderr.write(f"batchmgmt: {failure}\n")
        return failure.exit_code
    if isinstance(failure, KeyboardInterrupt):
        sys.stderr.write("batchmgmt: stopped; what was begun can be begun again\n")
        return 130  # as shells do for SIGINT
    if isinstance(failure, BrokenPipeError):
        _print_no_more()
        return 1  # whoever read our output has gone: nobody is there to be told
    if isinstance(failure, OSError) and failure.errno in FULL:
        _print_no_more()
        sys.stderr.write(f"batchmgmt: {failure.filename or 'the output'} cannot be written: {failure.strerror}\n")
        return 1
    sys.stderr.write(f"batchmgmt: a fault of batchmgmt itself ({type(failure).__name__}); --debug shows where\n")
    return 1


def _print_no_more() -> None:
    """Let Python's flush at exit succeed: what could not be written would fail, and be told, once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
