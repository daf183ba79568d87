"""Random programs, a provider with faults: whatever happens, the state stays sound and the next up gets there."""

from __future__ import annotations

import contextlib
import io
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from batchlocal.engine.operations import destroy, preview, refresh, up
from batchlocal.engine.options import Options
from batchlocal.engine.project import find_project
from batchlocal.engine.stacks import Stack
from batchlocal.engine.state import problems
from tests.lifecycle.toy_cloud import ToyCloud

# Builds what spec.json says: entries in order, each may refer to earlier ones by their place.
PROGRAM = """
import json, pathlib
import pulumi
class Thing(pulumi.CustomResource):
    def __init__(self, title, opts, **inputs):
        super().__init__("mem:index:Thing", title, {**inputs, "address": None}, opts)
class Group(pulumi.ComponentResource):
    def __init__(self, title):
        super().__init__("mem:index:Group", title)
        self.register_outputs({})
made, groups = {}, {}
for entry in json.loads(pathlib.Path("spec.json").read_text()):
    group = entry["group"]
    if group and group not in groups:
        groups[group] = Group(group)
    there = [made[name] for name in entry["depends_on"] if name in made]
    below = made.get(entry["deleted_with"])
    opts = pulumi.ResourceOptions(
        parent=groups.get(group), depends_on=there, deleted_with=below, ignore_changes=entry["ignored"],
        replace_on_changes=entry["forcing"], delete_before_replace=entry["first"],
        aliases=[pulumi.Alias(name=entry["was"])] if entry["was"] else None)
    inputs = {key: made[value[1:]].address if str(value)[:1] == "@" else value for key, value in entry["inputs"].items()
              if str(value)[:1] != "@" or value[1:] in made}
    made[entry["title"]] = Thing(entry["title"], opts, **inputs)
pulumi.export("addresses", [one.address for one in made.values()])
"""
OPERATIONS = ("up", "up", "up", "up --refresh", "up --continue-on-error", "refresh", "preview", "destroy")


@dataclass
class World:
    """A stack, its cloud, and a source of chance."""

    folder: Path
    stack: Stack
    cloud: ToyCloud
    chance: random.Random
    spec: list[dict[str, Any]]
    names: int = 0

    def change_program(self) -> None:
        """Add, change, rename or drop some entries."""
        chance = self.chance
        for _ in range(chance.randint(1, 4)):
            what = chance.choice(("add", "add", "change", "change", "drop", "rename"))
            if what == "add" or not self.spec:
                self.spec.append(self.entry())
            elif what == "drop":
                self.spec.pop(chance.randrange(len(self.spec)))
            elif what == "rename":
                entry = chance.choice(self.spec)
                self.names += 1
                entry["was"], entry["title"] = entry["title"], f"r{self.names}"
            else:
                entry = chance.choice(self.spec)
                self.names += 1
                key = chance.choice(("value", "value", "zone", "name"))
                entry["inputs"][key] = f"v{self.names}"
        (self.folder / "spec.json").write_text(json.dumps(self.spec))

    def entry(self) -> dict[str, Any]:
        """A new entry that may need some of the others."""
        chance, others = self.chance, [one["title"] for one in self.spec]
        self.names += 1
        inputs: dict[str, Any] = {"name": f"n{self.names}", "value": chance.choice("ab")}
        if others and chance.random() < 0.6:
            inputs[chance.choice(("value", "of", "zone"))] = f"@{chance.choice(others)}"
        if chance.random() < 0.3:
            inputs["first"] = True
        home = chance.choice(others) if others and chance.random() < 0.2 else ""
        if home:
            inputs["home"] = f"@{home}"
        return {
            "title": f"t{self.names}",
            "inputs": inputs,
            "group": chance.choice(("", "", "g1", "g2")),
            "depends_on": [chance.choice(others)] if others and chance.random() < 0.3 else [],
            "deleted_with": home,
            "ignored": ["value"] if chance.random() < 0.1 else [],
            "forcing": ["value"] if chance.random() < 0.1 else [],
            "first": chance.choice((None, None, None, True, False)),
            "was": "",
        }

    def break_some(self) -> None:
        """Have some of the provider's calls fail."""
        titles = [one["title"] for one in self.spec]
        methods = ("Create", "Create", "Update", "Delete", "Delete", "Read", "Check")
        for title in titles:
            if self.chance.random() < 0.25:
                method = self.chance.choice(methods)
                kind = self.chance.choice(("error", "init")) if method in ("Create", "Update") else "error"
                self.cloud.faults[method, title] = kind

    def drift(self) -> None:
        """Somebody takes a thing away, or changes it."""
        if self.cloud.things and self.chance.random() < 0.3:
            name = self.chance.choice(sorted(self.cloud.things))
            if self.chance.random() < 0.5:
                self.cloud.take_away(name)
            else:
                self.cloud.things[name] = {**self.cloud.things[name], "value": "drifted"}

    def run(self, operation: str) -> int:
        """One operation; whatever came of it, the state is sound and names all that is there."""
        command, *flags = operation.split()
        options = Options(
            parallel=self.chance.choice((1, 4)),
            interactive=False,
            refresh="--refresh" in flags,
            continue_on_error="--continue-on-error" in flags,
        )
        work = {"up": up, "refresh": refresh, "preview": preview, "destroy": destroy}[command]
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = work(self.stack, options)
        snapshot, _ = self.stack.load()
        assert problems(snapshot.resources) == [], said.getvalue()
        assert snapshot.pending_operations == [], said.getvalue()
        known = {one.id for one in snapshot.resources}
        assert self.cloud.things.keys() <= known, said.getvalue()
        self.said = said.getvalue()
        return code

    def converge(self) -> None:
        """Without faults one up gets there, and a second one finds nothing to do."""
        self.cloud.faults.clear()
        assert self.run("up --refresh") == 0, self.said
        before = dict(self.cloud.things)
        assert len(before) == len(self.spec), self.said
        assert self.run("up") == 0, self.said
        assert self.cloud.things == before
        counts = self.said.split("Resources:")[1]
        assert not any(word in counts for word in ("created", "updated", "replaced", "deleted")), self.said


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    (tmp_path / "Pulumi.yaml").write_text("name: fuzz\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    cloud = ToyCloud()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "fuzz")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setenv("PULUMI_DEBUG_PROVIDERS", f"mem:{cloud.port}")
    stack = Stack(find_project(tmp_path), "dev")
    stack.ensure()
    yield World(tmp_path, stack, cloud, random.Random(), [])
    cloud.close()


def live(world: World, seed: int) -> None:
    """One life: changes, faults and drift, then peace; and in the end nothing is left."""
    world.chance, world.spec, world.names = random.Random(seed), [], 0
    for _ in range(world.chance.randint(1, 4)):
        world.change_program()
        world.break_some()
        world.run(world.chance.choice(OPERATIONS))
        world.cloud.faults.clear()
        world.drift()
    world.converge()
    assert world.run("destroy") == 0, world.said
    assert world.cloud.things == {}
    snapshot, _ = world.stack.load()
    assert snapshot.resources == []


def test_some_random_lives(world: World) -> None:
    for seed in range(12):
        live(world, seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 2000, 100))
def test_two_thousand_random_lives(world: World, first: int) -> None:
    for seed in range(first, first + 100):
        print(f"life {seed}")  # shown of a life that fails, which repeats alone
        live(world, seed)
