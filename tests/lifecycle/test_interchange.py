"""Stacks that move between the engine and the Pulumi CLI; what either exports is held against one description."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.conftest import Lab

# Pulumi's deployment format, version 3: every key of a resource, and the type of its value.
RESOURCE: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("urn", "type", "id", "parent", "provider", "importID", "deletedWith", "sourcePosition"), str),
    **dict.fromkeys(("created", "modified"), str),
    **dict.fromkeys(("custom", "delete", "protect", "external", "pendingReplacement", "retainOnDelete"), bool),
    **dict.fromkeys(("inputs", "outputs", "propertyDependencies", "customTimeouts"), dict),
    **dict.fromkeys(("dependencies", "initErrors", "additionalSecretOutputs", "ignoreChanges"), list),
    **dict.fromkeys(("replaceOnChanges", "stackTrace", "hideDiff"), list),
}
NEEDED = {"urn", "custom", "type"}
DEPLOYMENT = {"manifest", "secrets_providers", "resources", "pending_operations", "metadata"}
PROGRAM = """
a = Thing("a", Options(protect=False, ignore_changes=["extra"]), size=1, word=pulumi.Output.secret("hush-hush"))
class Group(pulumi.ComponentResource):
    def __init__(self, title):
        super().__init__("sim:index:Group", title)
        Thing(title + "-x", Options(parent=self, depends_on=[a]), of=a.address)
        self.register_outputs({})
Group("g")
pulumi.export("at", a.address)
"""


def faults_of(exported: dict[str, Any]) -> list[str]:
    """What an export has that Pulumi's format has not."""
    found = [f"version {exported['version']}"] if exported["version"] != 3 else []
    deployment = exported["deployment"]
    found += [f"key {key}" for key in deployment.keys() - DEPLOYMENT]
    for entry in deployment.get("resources") or []:
        found += [f"{entry['urn']} lacks {key}" for key in NEEDED - entry.keys()]
        found += [f"{entry['urn']} has {key}" for key in entry.keys() - RESOURCE.keys()]
        found += [
            f"{entry['urn']}: {key} is {value!r}"
            for key, value in entry.items()
            if key in RESOURCE and not isinstance(value, RESOURCE[key])
        ]
        found += [f"{entry['urn']}: {key} is empty" for key, value in entry.items() if not value and key not in NEEDED]
    return found


def without_times(exported: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources, less what differs from run to run and from checkout to checkout."""
    left_out = {"created", "modified", "sourcePosition", "stackTrace", "id", "provider"}
    resources = exported["deployment"].get("resources") or []
    return sorted(
        ({key: value for key, value in one.items() if key not in left_out} for one in resources),
        key=lambda one: str(one["urn"]),
    )


def test_what_the_engine_exports_is_pulumis_format(lab: Lab) -> None:
    lab.program(PROGRAM)
    assert lab.run("up").code == 0
    assert faults_of(json.loads(lab.run("stack export").text)) == []
    lab.faults(**{"Create_g-x": "no"})
    lab.program(PROGRAM.replace("of=a.address", "name='other', of=a.address"))
    assert lab.run("up").code == 1
    assert faults_of(json.loads(lab.run("stack export").text)) == []


@pytest.fixture
def cli(lab: Lab) -> Any:
    """The Pulumi CLI on the same project, backend and cloud, running programs with our interpreter."""
    path = f"{Path(sys.executable).parent}:{lab.environment['PATH']}"
    environment = {**lab.environment, "PATH": path}

    def run(*arguments: str) -> str:
        flags = ["--stack", "dev", "--non-interactive"]
        ran = subprocess.run(
            ["pulumi", *arguments, *flags],
            cwd=lab.folder,
            env={**environment, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    return run


needs_cli = pytest.mark.skipif(shutil.which("pulumi") is None, reason="there is no Pulumi CLI on PATH")


@needs_cli
@pytest.mark.pulumi_cli
def test_a_stack_of_the_engines_is_taken_on_by_the_cli_and_comes_back(lab: Lab, cli: Any) -> None:
    lab.program(PROGRAM)
    assert lab.run("up").code == 0
    cli("preview", "--expect-no-changes")
    lab.program(PROGRAM.replace("size=1", "size=2"))
    cli("up", "--yes", "--skip-preview")
    assert lab.things()["a"]["size"] == 2
    assert lab.run("preview", "--expect-no-changes").code == 0
    assert faults_of(json.loads(cli("stack", "export"))) == []
    assert lab.run("destroy").code == 0
    cli("preview", "--diff")


@needs_cli
@pytest.mark.pulumi_cli
def test_both_write_the_same_state(lab: Lab, cli: Any) -> None:
    lab.program(PROGRAM)
    cli("stack", "init")
    cli("up", "--yes", "--skip-preview")
    theirs = json.loads(cli("stack", "export", "--show-secrets"))
    cli("destroy", "--yes", "--skip-preview")
    assert lab.run("up").code == 0
    ours = json.loads(lab.run("stack export", "--show-secrets").text)
    assert without_times(ours) == without_times(theirs)


@needs_cli
@pytest.mark.pulumi_cli
def test_an_export_of_either_is_imported_by_the_other(lab: Lab, cli: Any) -> None:
    lab.program(PROGRAM)
    assert lab.run("up").code == 0
    exported = lab.folder / "export.json"
    assert lab.run("stack export", "--file", str(exported)).code == 0
    cli("stack", "import", "--file", str(exported))
    cli("preview", "--expect-no-changes")
    cli("stack", "export", "--file", str(exported))
    assert lab.run("stack import", "--file", str(exported)).code == 0
    assert lab.run("preview", "--expect-no-changes").code == 0
