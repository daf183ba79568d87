"""An engine that is killed: the next one takes up from there, nothing is made twice, nothing is there unnamed."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest

from tests.lifecycle.conftest import Lab

COUNT = 30
PROGRAM = """
things = []
for number in range(COUNT):
    things.append(Thing(f"t{number}", of=things[number - 3].address if number > 2 else "none"))
"""


def killed_at(lab: Lab, moment: int) -> subprocess.CompletedProcess[str]:
    """An up whose provider kills it at the given moment: before or after the making of one of the things."""
    process = lab.start("up", "-s", "dev", "--yes", "--skip-preview", more={"SIM_KILL": str(moment)})
    text, _ = process.communicate(timeout=120)
    return subprocess.CompletedProcess([], process.returncode, text)


def settle(lab: Lab, moment: int) -> None:
    """After a kill: `cancel`, `up`; what it cannot know of it names, and `refresh` takes that over by its id."""
    assert killed_at(lab, moment).returncode == -signal.SIGKILL
    assert lab.run("cancel").code == 0
    ran = lab.run("up")
    if ran.code:
        pending = lab.checkpoint()["pending_operations"]
        lost = [one["resource"]["urn"] for one in pending]
        taken = [urn for urn in lost if urn.split("::")[-1] in lab.things()]
        assert any(f"thing {urn.split('::')[-1]} exists" in ran.text for urn in taken), ran.text
        assert all(urn in ran.text for urn in lost)
        pairs = [part for urn in taken for part in (urn, urn.split("::")[-1])]
        arguments = [text for part in pairs for text in ("--import-pending-creates", part)]
        assert lab.run("refresh", *arguments, "--clear-pending-creates").code == 0
        ran = lab.run("up")
    assert ran.code == 0, ran.text


def is_whole(lab: Lab, count: int) -> None:
    ids = sorted(one["id"] for one in lab.entries() if one["type"] == "sim:index:Thing")
    assert ids == sorted(lab.things()) == sorted(f"t{number}" for number in range(count))
    assert lab.run("up").counts == {"same": count + 1}


@pytest.mark.parametrize("moment", [1, 4, 9])
def test_an_up_that_was_killed_is_finished_by_the_next(lab: Lab, moment: int) -> None:
    lab.program(PROGRAM.replace("COUNT", "5"))
    settle(lab, moment)
    is_whole(lab, 5)


def test_what_an_earlier_kill_left_open_is_no_hindrance(lab: Lab) -> None:
    """The open creation of before a destroy refers to a provider that is no more; the last one counts."""
    lab.program(PROGRAM.replace("COUNT", "2"))
    killed_at(lab, 1)
    assert lab.run("cancel").code == lab.run("up").code == lab.run("destroy").code == 0
    settle(lab, 2)
    is_whole(lab, 2)


@pytest.mark.slow
def test_an_up_of_30_things_may_be_killed_at_every_step(lab: Lab) -> None:
    lab.program(PROGRAM.replace("COUNT", str(COUNT)))
    for moment in range(1, 2 * COUNT + 1):
        settle(lab, moment)
        is_whole(lab, COUNT)
        assert lab.run("destroy").code == 0
        assert lab.things() == {}
        assert lab.entries() == []


def test_what_only_the_log_of_a_killed_run_says_is_part_of_the_state(lab: Lab) -> None:
    lab.program('Thing("a")\nThing("b")\n')
    lab.run("up")
    log = lab.folder / ".pulumi" / "journals" / "lab" / "dev.jsonl"
    assert not log.exists()
    lab.program("import os, signal\nThing('c').address.apply(lambda _: os.kill(os.getpid(), signal.SIGKILL))\n")
    process = lab.start("up", "-s", "dev", "--yes", "--skip-preview")
    process.communicate(timeout=60)
    lab.run("cancel")
    exported = json.loads(lab.run("stack export").text)
    assert "c" in {one.get("id") for one in exported["deployment"]["resources"]}
