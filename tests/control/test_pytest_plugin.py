"""The pytest plugin as another project uses it: the example of docs/testing.md, run in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.conftest import CONTRACT_VARIABLES, batchlocal_command

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "testing" / "test_submission.py"


def run_example(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """``pytest`` in a project that has this one test file and treats warnings as errors."""
    project.mkdir(exist_ok=True)
    shutil.copy(EXAMPLE, project)
    (project / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(CONTRACT_VARIABLES)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", *options]
    return subprocess.run(command, cwd=project, env=clean, capture_output=True, text=True, timeout=300, check=False)


def test_the_plugin_is_shipped() -> None:
    """``make setup`` installs it; pytest loads it in every project that has the package."""
    (found,) = entry_points(group="pytest11", name="batchlocal")
    assert found.value == "batchlocal.pytest_plugin"


def test_the_example_passes_on_one_server_a_session(tmp_path: Path) -> None:
    done = run_example(tmp_path / "project", "--basetemp", str(tmp_path / "base"))
    assert "4 passed" in done.stdout, done.stdout + done.stderr
    folders = [file.parent for file in (tmp_path / "base").rglob("batchlocal.sqlite")]
    assert len(folders) == 1
    assert batchlocal_command("status", "--data", str(folders[0])).returncode == 1, "it was stopped"


def test_without_azurite_each_test_says_in_one_sentence_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATCHLOCAL_TOOLS", str(tmp_path))
    done = run_example(tmp_path / "project", "-k", "throttling")
    assert done.returncode == 1
    assert "npm install --prefix .tools/azurite azurite" in done.stdout
    assert "Traceback" not in done.stdout
    assert "supervision.py" not in done.stdout, "no story of how it came to that"


@pytest.mark.slow
def test_a_named_data_folder_keeps_its_server_and_nothing_of_the_tests(tmp_path: Path) -> None:
    data = tmp_path / "data"
    try:
        done = run_example(tmp_path / "project", "--batchlocal-data", str(data), "-k", "throttling or subscription")
        assert "2 passed" in done.stdout, done.stdout + done.stderr
        assert batchlocal_command("status", "--data", str(data)).returncode == 0
        listed = batchlocal_command("subscription", "list", "--data", str(data)).stdout.splitlines()
        assert len(listed) == 2, "the heading, and the data folder's own subscription"
        assert batchlocal_command("fault", "list", "--data", str(data)).stdout == "no fault is set\n"
    finally:
        batchlocal_command("stop", "--data", str(data))
