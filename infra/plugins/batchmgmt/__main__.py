"""The provider plugin of this project's own resources; Pulumi starts it with the engine's address."""

from __future__ import annotations

import sys
from pathlib import Path

from infra.provider.server import project_root, serve

if __name__ == "__main__":
    sys.exit(serve(project_root(Path(__file__).resolve().parent), engine=sys.argv[-1]))
