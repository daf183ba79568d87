"""The command line's way in: hot commands first, without the imports that the others need."""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main() -> int:
    """Run ``batchmgmt ARGUMENTS``; returns the exit code: 0 done, 1 failed, 2 usage, 3 a check found something.

    A failure is one message on stderr; ``--debug`` shows its traceback before, and each request. Secrets are masked.
    """
    arguments = [each for each in sys.argv[1:] if each != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    if debug:
        from batchmgmt import logs

        logs.show()
    try:
        return _run(arguments)
    except (Exception, KeyboardInterrupt) as failure:
        if debug:
            logs.show_traceback(failure)
        return _report(failure)


def _run(arguments: Sequence[str]) -> int:
    from batchmgmt.cli import hot

    if hot.run(arguments):
        return 0
    from batchmgmt.cli.app import application

    try:
        application(arguments)(args=list(arguments))
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


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
        return 1  # whoever read our output has gone: nobody is there to be told
    sys.stderr.write(f"batchmgmt: a fault of batchmgmt itself ({type(failure).__name__}); --debug shows where\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
