"""The command line's way in: hot commands first, without the imports that the others need."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> int:
    """Run ``batchmgmt ARGUMENTS``; returns the exit code: 0 done, 1 failed, 2 usage, 3 a check found something."""
    from batchmgmt.cli.hot import run

    done = run(sys.argv[1:])
    if done is not None:
        return done
    from batchmgmt.cli.app import run_app

    return run_app(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
