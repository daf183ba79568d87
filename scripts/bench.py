"""Runs every program in ``benchmarks/``, one after another, so that none disturbs another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Run all benchmarks, also after one has failed."""
    programs = sorted(file for file in (ROOT / "benchmarks").glob("*.py") if not file.name.startswith("_"))
    failed = []
    for program in programs:
        print(f"== {program.relative_to(ROOT)}", flush=True)
        if subprocess.run([sys.executable, str(program)], cwd=ROOT, check=False).returncode:
            failed.append(program.name)
    if failed or not programs:
        print(f"bench: {', '.join(failed)} failed" if failed else "bench: benchmarks/ holds none", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
