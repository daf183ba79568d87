"""A project of its own with the program of this one, on a real server, by the embedded engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.infra.mocked import ROOT

__all__ = ["Project", "copied"]

PARTS = ("Pulumi.yaml", "infra/__main__.py", "infra/plugins")


@dataclass
class Project:
    """A project of its own with the program of this one."""

    root: Path
    environment: dict[str, str]
    stack: str = "local"
    by_pulumi: bool = False

    def engine(self, *arguments: str, code: int = 0) -> str:
        """Run the embedded engine, or the Pulumi CLI; its whole output."""
        program = ["pulumi", "--non-interactive"] if self.by_pulumi else [sys.executable, "-m", "batchlocal", "engine"]
        command = [*program, *arguments, "--stack", self.stack]
        done = subprocess.run(
            command, cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=240, check=False
        )
        told = done.stdout + done.stderr
        assert done.returncode == code, told
        return told

    @property
    def stack_file(self) -> Path:
        return self.root / "stacks" / f"Pulumi.{self.stack}.yaml"

    def settings(self) -> dict[str, Any]:
        return dict(yaml.safe_load(self.stack_file.read_text())["config"])

    def change(self, config: dict[str, Any]) -> None:
        document = {**yaml.safe_load(self.stack_file.read_text()), "config": config}
        self.stack_file.write_text(yaml.safe_dump(document, sort_keys=False))

    def state(self) -> str:
        [checkpoint] = (self.root / "backend").rglob(f"stacks/**/{self.stack}.json")
        return checkpoint.read_text()

    def outputs(self) -> dict[str, Any]:
        return dict(next(one for one in self.resources() if one["type"] == "pulumi:pulumi:Stack")["outputs"])

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the state."""
        found = json.loads(self.state())["checkpoint"]["latest"].get("resources") or []
        return [one for one in found if not one["type"].startswith("pulumi:providers:")]


def copied(folder: Path, stack: str, *parts: str) -> Project:
    """The program, a stack and other parts of this project, in a folder with state of its own."""
    for part in (*PARTS, f"stacks/Pulumi.{stack}.yaml", *parts):
        target = folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, target)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "backend").mkdir()
    return Project(folder, {**os.environ, "PULUMI_BACKEND_URL": f"file://{folder / 'backend'}"}, stack)
