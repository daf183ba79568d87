"""Operations in this process on a stack of ``mem`` things: quick enough for a rule a test."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchlocal.engine.operations import destroy, preview, refresh, up
from batchlocal.engine.options import Options
from batchlocal.engine.project import find_project
from batchlocal.engine.stacks import Stack
from batchlocal.engine.state import Resource, problems
from tests.lifecycle.toy_cloud import ToyCloud

PREAMBLE = """
import pulumi
from pulumi import Alias, ResourceOptions as Options
class Thing(pulumi.CustomResource):
    def __init__(self, title, opts=None, **inputs):
        super().__init__("mem:index:Thing", title, {"name": title, **inputs, "address": None}, opts)
    @staticmethod
    def get(title, known, opts=None):
        return Thing(title, Options.merge(opts, Options(id=known)))
class Group(pulumi.ComponentResource):
    def __init__(self, title, opts=None):
        super().__init__("mem:index:Group", title, None, opts)
def lookup(**inputs):
    return pulumi.runtime.invoke("mem:index:lookup", inputs).value
"""
URN = "urn:pulumi:dev::stage::mem:index:Thing::"


@dataclass
class Done:
    """Exit code, steps on things (``op title``) in order, and all that was said."""

    code: int
    steps: list[str]
    text: str


@dataclass
class Stage:
    """A project with a stack ``dev`` and its cloud."""

    folder: Path
    cloud: ToyCloud

    @classmethod
    def made(cls, folder: Path, cloud: ToyCloud) -> Stage:
        (folder / "Pulumi.yaml").write_text("name: stage\nruntime: python\n")
        stage = cls(folder, cloud)
        stage.stack.ensure()
        return stage

    @property
    def stack(self) -> Stack:
        return Stack(find_project(self.folder), "dev")

    def program(self, body: str) -> None:
        (self.folder / "__main__.py").write_text(PREAMBLE + body)
        # what Python compiled before counts as fresh when only a digit changed within the same second
        shutil.rmtree(self.folder / "__pycache__", ignore_errors=True)

    def entries(self) -> dict[str, Resource]:
        """Entries of things by title, those that wait for deletion with a ``!``."""
        snapshot, _ = self.stack.load()
        assert problems(snapshot.resources) == []
        things = [one for one in snapshot.resources if one.type == "mem:index:Thing"]
        return {one.urn.split("::")[-1] + ("!" if one.delete else ""): one for one in things}

    def run(self, command: str, **options: Any) -> Done:
        log, said = self.folder / "events.jsonl", io.StringIO()
        work = {"up": up, "refresh": refresh, "preview": preview, "destroy": destroy}[command]
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = work(self.stack, Options(interactive=False, event_log=log, parallel=4, **options))
        events = [json.loads(line) for line in log.read_text().splitlines()]
        starts = [event["resourcePreEvent"]["metadata"] for event in events if "resourcePreEvent" in event]
        steps = [f"{one['op']} {one['urn'].split('::')[-1]}" for one in starts if one["type"] == "mem:index:Thing"]
        self.entries()
        return Done(code, steps, said.getvalue())
