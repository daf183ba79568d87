"""A stack's life on a real server, by the embedded engine: up, nothing to do, a change, drift, destroy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from batchmgmt import BatchManagement
from tests.infra.mocked import ROOT


@dataclass
class Project:
    """A project of its own with the program of this one."""

    root: Path
    environment: dict[str, str]

    def engine(self, *arguments: str, code: int = 0) -> str:
        """Run the engine; its whole output."""
        command = [sys.executable, "-m", "batchlocal", "engine", *arguments, "--stack", "local"]
        done = subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )
        told = done.stdout + done.stderr
        assert done.returncode == code, told
        return told

    @property
    def stack_file(self) -> Path:
        return self.root / "stacks" / "Pulumi.local.yaml"

    def settings(self) -> dict[str, Any]:
        return dict(yaml.safe_load(self.stack_file.read_text())["config"])

    def change(self, config: dict[str, Any]) -> None:
        self.stack_file.write_text(yaml.safe_dump({"config": config}, sort_keys=False))

    def state(self) -> str:
        [checkpoint] = (self.root / "backend").rglob("stacks/**/local.json")
        return checkpoint.read_text()

    def outputs(self) -> dict[str, Any]:
        resources = json.loads(self.state())["checkpoint"]["latest"]["resources"]
        return dict(next(one for one in resources if one["type"] == "pulumi:pulumi:Stack")["outputs"])


@pytest.fixture
def project(batchlocal: Any, tmp_path: Path, unique: str) -> Project:
    """Stack local under names that no other test uses."""
    for part in ("Pulumi.yaml", "infra/__main__.py", "infra/plugins", "stacks/Pulumi.local.yaml", "examples/fractal"):
        target = tmp_path / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, target)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "backend").mkdir()
    made = Project(tmp_path, {**os.environ, "PULUMI_BACKEND_URL": f"file://{tmp_path / 'backend'}"})
    config = made.settings()
    config["batchenv:resourceGroup"] = unique
    config["batchenv:account"]["name"] = unique
    config["batchenv:storage"]["name"] = f"{unique}s"
    made.change(config)
    return made


def test_a_stack_lives_from_up_to_destroy_and_leaves_nothing(project: Project, unique: str) -> None:
    project.engine("up", "--yes", "--skip-preview")
    outputs = project.outputs()
    assert outputs["applications"] == {"fractal": "1.0"}
    assert outputs["batchEndpoint"].endswith(f"/{unique}")
    project.engine("preview", "--expect-no-changes")
    project.engine("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")

    add_version(project, "2.0")
    project.engine("up", "--yes", "--skip-preview")
    assert project.outputs()["applications"] == {"fractal": "2.0"}
    project.engine("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")
    assert pool_versions(unique) == ["2.0"]

    project.engine("destroy", "--yes", "--skip-preview")
    with BatchManagement.from_env() as management:
        assert [one.name for one in management.sdk.batch_account.list() if one.name == unique] == []
        assert [one.name for one in management.storage_sdk.storage_accounts.list() if one.name == f"{unique}s"] == []


def add_version(project: Project, version: str) -> None:
    """A second version of the package, with other content, and the pool on it."""
    shutil.copytree(project.root / "examples/fractal", project.root / "examples/fractal-2")
    (project.root / "examples/fractal-2" / "NEWS").write_text("Second version.\n")
    config = project.settings()
    config["batchenv:applications"][0]["packages"].append({"version": version, "source": "examples/fractal-2"})
    config["batchenv:pools"][0]["packages"][0]["version"] = version
    project.change(config)


def pool_versions(name: str) -> list[str | None]:
    with BatchManagement.from_env() as management:
        found = management.sdk.pool.get(name, name, "main").properties
        assert found is not None
        return [one.version for one in found.application_packages or []]


def test_wrong_settings_and_other_content_under_a_version_stop_the_preview(project: Project, unique: str) -> None:
    good = project.settings()
    project.change({**good, "batchenv:acount": "x"})
    told = project.engine("preview", code=1)
    assert "stacks/Pulumi.local.yaml: a setting is wrong; nothing was deployed" in told
    assert "batchenv:acount is no setting; did you mean account" in told
    assert "Traceback" not in told

    project.change(good)
    project.engine("up", "--yes", "--skip-preview")
    (project.root / "examples/fractal/fractal.py").write_text("print('other')\n")
    told = project.engine("preview", code=1)
    assert "version 1.0 of application fractal exists with other content" in told
    assert "Traceback" not in told


def test_state_has_no_key_signature_or_content(project: Project, unique: str) -> None:
    project.engine("up", "--yes", "--skip-preview")
    state = project.state()
    with BatchManagement.from_env() as management:
        keys = management.storage_sdk.storage_accounts.list_keys(unique, f"{unique}s")["keys"]
        batch = management.sdk.batch_account.get_keys(unique, unique)
    for secret in (*(key["value"] for key in keys), batch.primary, batch.secondary, "sig=", "import argparse"):
        assert secret
        assert secret not in state
    assert str(project.root / "examples") not in state
