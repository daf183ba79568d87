"""``batchlocal`` and ``python -m batchlocal``."""

from __future__ import annotations

import sys


def main() -> int:
    """Run one command; the engine's arguments are its own and go to it as they are."""
    if sys.argv[1:2] == ["engine"]:
        from batchlocal.engine.cli import main as engine

        return engine(sys.argv[2:])
    from batchlocal.cli import main as command

    return command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
