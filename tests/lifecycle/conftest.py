"""A project with programs of things, deployed by the engine's command as its users run it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from batchlocal.engine.secrets import Secrets
from batchlocal.engine.state import Resource, problems
from tests.lifecycle.stage import Stage
from tests.lifecycle.toy_cloud import ToyCloud

PASSPHRASE = "correct horse battery"
PREAMBLE = """
import pulumi
from pulumi import ResourceOptions as Options
class Thing(pulumi.CustomResource):
    def __init__(self, title, opts=None, **inputs):
        inputs = {"name": title, **inputs, "address": None}
        super().__init__("sim:index:Thing", title, inputs, opts)
"""


@dataclass
class Ran:
    """One command: exit code, all it printed, the steps it took (``op name``) and its counts."""

    code: int
    text: str
    steps: list[str]
    counts: dict[str, int]


@dataclass
class Lab:
    """A project, a backend and a cloud in one folder."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "SIM_CLOUD": str(self.folder),
            "PULUMI_BACKEND_URL": f"file://{self.folder}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        }

    def program(self, body: str) -> None:
        (self.folder / "__main__.py").write_text(PREAMBLE + body)
        # what Python compiled before counts as fresh when only a digit changed within the same second
        shutil.rmtree(self.folder / "__pycache__", ignore_errors=True)

    def faults(self, **faults: str) -> None:
        told = {key.replace("_", " ", 1): text for key, text in faults.items()}
        (self.folder / "faults.json").write_text(json.dumps(told))

    def things(self) -> dict[str, Any]:
        file = self.folder / "things.json"
        return json.loads(file.read_text()) if file.exists() else {}

    def start(self, *arguments: str, more: dict[str, str] | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "batchlocal.engine", *arguments],
            cwd=self.folder,
            env={**self.environment, **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str, *arguments: str) -> Ran:
        """A command on stack ``dev``; after each that runs, the state must be sound."""
        log = self.folder / "events.jsonl"
        log.write_text("")
        runs = command in ("up", "preview", "refresh", "destroy")
        more = ["--event-log", str(log), "--yes", "--skip-preview"] if runs else []
        process = self.start(*command.split(), *arguments, "-s", "dev", *more)
        text, _ = process.communicate(timeout=120)
        if runs and (command != "preview" or self.state_file.exists()):  # a preview makes no stack
            assert self.state_file.exists(), text
            assert problems([Resource.from_json(one, self.secrets) for one in self.entries()]) == []
        events = [json.loads(line) for line in log.read_text().splitlines()]
        starts = [event["resourcePreEvent"]["metadata"] for event in events if "resourcePreEvent" in event]
        steps = [f"{one['op']} {one['urn'].split('::')[-1]}" for one in starts if one["type"] == "sim:index:Thing"]
        counts = [event["summaryEvent"]["resourceChanges"] for event in events if "summaryEvent" in event]
        return Ran(process.returncode, text, steps, counts[-1] if counts else {})

    @property
    def state_file(self) -> Path:
        return self.folder / ".pulumi" / "stacks" / "lab" / "dev.json"

    def checkpoint(self) -> dict[str, Any]:
        return json.loads(self.state_file.read_text())["checkpoint"]["latest"]

    @property
    def secrets(self) -> Secrets:
        os.environ["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE
        try:
            return Secrets(self.checkpoint()["secrets_providers"]["state"]["salt"])
        finally:
            del os.environ["PULUMI_CONFIG_PASSPHRASE"]

    def entries(self) -> list[dict[str, Any]]:
        return self.checkpoint().get("resources", [])


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    (tmp_path / "Pulumi.yaml").write_text("name: lab\nruntime: python\n")
    (tmp_path / "bin").mkdir()
    plugin = tmp_path / "bin" / "pulumi-resource-sim"
    plugin.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("sim_provider.py")}" "$@"\n')
    plugin.chmod(0o755)
    return Lab(tmp_path)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    cloud = ToyCloud()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "stage")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setenv("PULUMI_DEBUG_PROVIDERS", f"mem:{cloud.port}")
    yield Stage.made(tmp_path, cloud)
    cloud.close()
