"""Ctrl-C: once, what runs may finish and nothing new begins; twice, the engine leaves and the state says what began."""

from __future__ import annotations

import signal
import subprocess

from tests.lifecycle.conftest import Lab
from tests.support.waiting import until

PROGRAM = 'a = Thing("a")\nb = Thing("b", of=a.address)\nThing("c", of=b.address)\n'


def at_work(lab: Lab) -> subprocess.Popen[str]:
    """An up that is making b, which will take until it is told to go on."""
    lab.program(PROGRAM)
    process = lab.start("up", "-s", "dev", "--yes", "--skip-preview", more={"SIM_SLOW": "b"})
    until((lab.folder / "waiting").exists, 60)
    return process


def interrupt(process: subprocess.Popen[str]) -> None:
    """Send a Ctrl-C, and read on until it is said that it was heard."""
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert any("interrupted: what runs may finish" in line for line in process.stdout)


def test_once_lets_finish_what_runs_and_begins_nothing_new(lab: Lab) -> None:
    process = at_work(lab)
    interrupt(process)
    (lab.folder / "go").touch()
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "update canceled" in text
    assert sorted(lab.things()) == ["a", "b"]
    assert "pending_operations" not in lab.checkpoint()
    assert lab.run("up").steps == ["same a", "same b", "create c"]


def test_a_destroy_that_was_interrupted_says_so_and_ends_as_the_cli_does(lab: Lab) -> None:
    lab.program(PROGRAM)
    assert lab.run("up").code == 0
    process = lab.start("destroy", "-s", "dev", "--yes", "--skip-preview", more={"SIM_SLOW": "c"})
    until((lab.folder / "waiting").exists, 60)
    interrupt(process)
    (lab.folder / "go").touch()
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "interrupted: what had not begun is still there" in text
    assert sorted(lab.things()) == ["a", "b"]


def test_twice_leaves_at_once_and_keeps_what_had_begun(lab: Lab) -> None:
    process = at_work(lab)
    interrupt(process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 8
    begun = lab.checkpoint()["pending_operations"]
    assert [(one["type"], one["resource"]["urn"].split("::")[-1]) for one in begun] == [("creating", "b")]
    assert list((lab.folder / ".pulumi" / "locks").rglob("*.json")) == []
    warned = lab.run("up")
    assert "1 pending operations from previous deployment" in warned.text
