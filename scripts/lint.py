"""What `make lint` looks at; prints a line a check, and the whole of what a failed one said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = sys.executable


def checks() -> dict[str, list[str]]:
    """The command of each check: style, format, types, and each script that makes a page and can compare it."""
    made = sorted((ROOT / "scripts").glob("make_*.py"))
    return {
        "ruff": [PYTHON, "-m", "ruff", "check", "."],
        "format": [PYTHON, "-m", "ruff", "format", "--check", "."],
        "types": [PYTHON, "-m", "mypy"],
        "types of scripts": [
            PYTHON,
            "-m",
            "mypy",
            "scripts/setup.py",
            "scripts/deploy.py",
            "scripts/runs.py",
            "scripts/lint.py",
            "scripts/fidelity.py",
        ],
        **{
            f"{file.name} is up to date": [PYTHON, str(file), "--check"]
            for file in made
            if "--check" in file.read_text()
        },
    }


def main() -> int:
    """Run all checks, also after one has failed."""
    failed = 0
    for name, command in checks().items():
        done = subprocess.run(command, cwd=ROOT, check=False, text=True, capture_output=True)
        failed += done.returncode != 0
        print(f"{'failed' if done.returncode else 'ok':7} {name}", flush=True)
        if done.returncode:
            print(done.stdout + done.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
