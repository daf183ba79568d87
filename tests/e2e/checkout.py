"""A copy of this checkout, used only through the commands of the README."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Checkout", "complaint", "copied", "succeeded"]

ROOT = Path(__file__).parents[2]
AMBIENT = ("ARM_", "AZURE_", "PULUMI_", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "MAKE", "MFLAGS")
SECONDS = 90


@dataclass(frozen=True)
class Checkout:
    """A copy of the project, used only through its commands."""

    root: Path

    def make(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return self._run(["make", "--no-print-directory", *arguments], **extra)

    def batchlocal(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return self._run([str(self.root / ".venv/bin/python"), "-m", "batchlocal", *arguments], **extra)

    def client_environment(self) -> dict[str, str]:
        lines = self.batchlocal("env", "--format", "dotenv").stdout.splitlines()
        return {name: json.loads(value) for name, _, value in (line.partition("=") for line in lines)}

    def ask_for_outputs(self) -> subprocess.CompletedProcess[str]:
        command = ("engine", "stack", "output", "--json", "--stack", "local")
        return self.batchlocal(*command, **self.client_environment())

    def outputs(self) -> dict[str, object]:
        shown = self.ask_for_outputs()
        assert shown.returncode == 0, shown.stderr
        found: dict[str, object] = json.loads(shown.stdout)
        return found

    def is_running(self) -> bool:
        return self.batchlocal("status").returncode == 0

    def run_python(self, program: str) -> str:
        """What a program of a user's prints, who has taken over batchlocal's environment."""
        command = [str(self.root / ".venv/bin/python"), "-c", program]
        done = self._run(command, **self.client_environment())
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _run(self, command: list[str], **extra: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(AMBIENT)}
        environment |= {"PYTHONPATH": str(self.root), "PYTHON": sys.executable, **extra}
        with subprocess.Popen(
            command,
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                said, complained = process.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired as late:
                os.killpg(process.pid, signal.SIGKILL)
                said, complained = process.communicate()
                raise AssertionError(f"{command} took more than {SECONDS} s\n{said}\n{complained}") from late
        return subprocess.CompletedProcess(command, process.returncode, said, complained)


def copied(root: Path) -> Checkout:
    """A copy that was never used, with the installed packages of this checkout."""
    checked = subprocess.run([sys.executable, "scripts/setup.py", "--check"], cwd=ROOT, check=False)
    assert checked.returncode == 0, "installed packages are not those of the lock files: run `make setup`"
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in filter(
        None, subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    ):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    for shared in (".venv", ".tools"):
        (root / shared).symlink_to(ROOT / shared)
    return Checkout(root)


def succeeded(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """What a failed command said, which must be for people: no traceback."""
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert "Traceback" not in said
    return said
