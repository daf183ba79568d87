"""The provisioning script that users start from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "provision.py"


def provision(*arguments: str):
    command = [sys.executable, str(EXAMPLE), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_it_publishes_a_package_and_a_second_run_sends_nothing(account, unique, tool):
    arguments = (account.resource_group, account.name, str(tool), unique, "1.0")
    first, second = provision(*arguments), provision(*arguments)
    assert first.returncode == 0, first.stderr
    assert f"{unique} 1.0 is Active\n" in first.stdout
    assert f"{unique} 1.0 is Active, and was already\n" in second.stdout


def test_a_mistake_is_one_sentence(account, unique, tmp_path):
    done = provision(account.resource_group, account.name, str(tmp_path / "missing"), unique, "1.0")
    assert done.returncode == 1
    assert done.stderr.startswith("provision: there is no file or folder")
