"""``python -m batchlocal.engine``."""

import sys

from batchlocal.engine.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
