"""Stacks through their lives: what the engine does, what it leaves in the state, what it says."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

from tests.lifecycle.conftest import Lab


def test_a_stack_is_made_changed_replaced_and_taken_down_and_a_second_up_is_quiet(lab: Lab) -> None:
    lab.program('a = Thing("a", size=1)\nThing("b", of=a.address)\npulumi.export("at", a.address)\n')
    assert lab.run("up").steps == ["create a", "create b"]
    assert lab.run("up").steps == ["same a", "same b"]
    lab.program('a = Thing("a", size=2)\nThing("b", of=a.address)\npulumi.export("at", a.address)\n')
    assert lab.run("up").counts == {"update": 1, "same": 2}
    lab.program('a = Thing("a", name="a2", size=2)\nThing("b", of=a.address)\n')
    replaced = lab.run("up")
    assert replaced.steps == ["create-replacement a", "replace a", "update b", "delete-replaced a"]
    assert lab.things() == {"a2": {"name": "a2", "size": 2}, "b": {"name": "b", "of": "sim://a2"}}
    assert lab.run("up").counts == {"same": 3}
    assert lab.run("destroy").counts == {"delete": 3}
    assert lab.entries() == []
    assert lab.things() == {}


def test_a_preview_names_the_property_that_forces_a_replacement_and_changes_nothing(lab: Lab) -> None:
    lab.program('Thing("a", size=1)\n')
    lab.run("up")
    before = lab.state_file.read_bytes()
    lab.program('Thing("a", name="other", size=1)\n')
    shown = lab.run("preview")
    assert '~ name: "a" => "other"  [forces replacement]' in shown.text
    assert lab.state_file.read_bytes() == before
    assert list(lab.things()) == ["a"]


def test_after_a_failure_half_way_the_next_up_goes_on_where_it_stopped(lab: Lab) -> None:
    lab.program('a = Thing("a")\nb = Thing("b", of=a.address)\nThing("c", of=b.address)\n')
    lab.faults(Create_b="no room for this thing")
    failed = lab.run("up")
    assert failed.code == 1
    assert "no room for this thing" in failed.text
    assert failed.steps == ["create a", "create b"]
    lab.faults()
    assert lab.run("up").steps == ["same a", "create b", "create c"]


def test_a_failed_deletion_keeps_what_it_depends_on(lab: Lab) -> None:
    lab.program('a = Thing("a")\nb = Thing("b", of=a.address)\nThing("c", of=b.address)\n')
    lab.run("up")
    lab.faults(Delete_b="in use")
    assert lab.run("destroy").code == 1
    assert sorted(lab.things()) == ["a", "b"]
    lab.faults()
    assert lab.run("destroy").code == 0
    assert lab.things() == {}


def test_refresh_takes_drift_into_the_state_and_up_mends_it(lab: Lab) -> None:
    lab.program('Thing("a", size=1)\nThing("b", size=1)\n')
    lab.run("up")
    (lab.folder / "things.json").write_text(json.dumps({"b": {"name": "b", "size": 9}}))
    assert lab.run("refresh").counts == {"delete": 1, "same": 1, "update": 1}
    assert lab.run("preview", "--expect-no-changes").code == 7
    assert lab.run("up").counts == {"create": 1, "same": 1, "update": 1}


def test_no_secret_is_in_clear_in_state_history_events_or_on_the_screen(lab: Lab) -> None:
    word = "a-word-nobody-may-read"
    assert lab.run("config set", "--secret", "word", word).code == 0
    lab.program(
        'word = pulumi.Config().require_secret("word")\n'
        'Thing("a", word=word, deep={"inner": [word]})\n'
        'pulumi.export("word", word)\nprint("my word is", pulumi.Config().require("word"))\n'
    )
    ran = lab.run("up", "--diff")
    lab.program('Thing("a", word=pulumi.Config().require_secret("word").apply(lambda w: w + "!"))\n')
    lab.faults(Update_a=f"cannot take {word}")
    failed = lab.run("up", "--diff", "--json")
    lab.faults()
    printed = ran.text + failed.text + lab.run("preview", "--diff").text + lab.run("stack output").text
    assert "my word is [secret]" in ran.text
    assert failed.code == 1
    assert word not in printed
    (lab.folder / "things.json").unlink()  # the cloud itself may know it
    for file in lab.folder.rglob("*"):
        assert file.is_dir() or word.encode() not in file.read_bytes(), file


def test_a_secret_within_structured_configuration_is_not_shown(lab: Lab) -> None:
    word = 'a "word" nobody may read'
    assert lab.run("config set", "--secret", "--path", "box.words[0]", word).code == 0
    lab.program(
        'word = pulumi.Config().get_object("box")["words"][0]\n'
        'pulumi.log.info(f"it is {word}")\nprint(word)\nThing("a", size=word)\npulumi.export("plain", {"in": [word]})\n'
    )
    for command in (("preview", "--diff"), ("up",), ("up", "--json")):
        ran = lab.run(*command)
        assert ran.code == 0, ran.text
        assert "[secret]" in ran.text
        assert "nobody may read" not in ran.text + (lab.folder / "events.jsonl").read_text()


def test_a_second_run_says_who_holds_the_lock(lab: Lab) -> None:
    lab.program('Thing("a")\n')
    lab.run("up")
    held = lab.folder / ".pulumi" / "locks" / "organization" / "lab" / "dev" / "other.json"
    held.parent.mkdir(parents=True, exist_ok=True)
    held.write_text(
        json.dumps({"pid": 7, "username": "ada", "hostname": "loom", "timestamp": "2026-01-02T03:04:05+00:00"})
    )
    refused = lab.run("up")
    assert refused.code == 1
    assert "ada@loom (pid 7) at 2026-01-02T03:04:05+00:00" in refused.text
    assert lab.run("cancel").code == 0
    assert lab.run("up").code == 0


def test_cancel_and_stack_rm_take_the_name_as_the_cli_does(lab: Lab) -> None:
    for words in ("stack init -s dev", "cancel dev --yes", "stack rm dev --yes"):
        process = lab.start(*words.split())
        text, _ = process.communicate(timeout=60)
        assert process.returncode == 0, text
    assert not lab.state_file.exists()


def test_a_protected_resource_is_neither_deleted_nor_replaced(lab: Lab) -> None:
    lab.program('Thing("a", Options(protect=True))\n')
    lab.run("up")
    lab.program('Thing("a", Options(protect=True), name="b")\n')
    assert lab.run("up").code == 1
    lab.program("")
    assert lab.run("up").code == 1
    assert list(lab.things()) == ["a"]


def test_what_the_engine_does_not_do_is_refused_by_name(lab: Lab) -> None:
    lab.program('a = Thing("a")\nThing("b", Options(replace_with=[a]))\n')
    assert "needs the Pulumi CLI: the option replaceWith" in lab.run("up").text
    assert "needs the Pulumi CLI: the command state" in lab.run("state delete").text


def test_an_unknown_stack_has_exit_code_6(lab: Lab) -> None:
    process = lab.start("stack", "output", "-s", "nowhere")
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 6, text
    assert "no stack named 'nowhere' found" in text


def test_a_killed_run_leaves_a_state_that_names_what_had_begun(lab: Lab) -> None:
    lab.program("import os, signal\nThing('a').address.apply(lambda _: os.kill(os.getpid(), signal.SIGKILL))\n")
    process = lab.start("up", "-s", "dev", "--yes", "--skip-preview")
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    lab.program('Thing("a")\nThing("b")\n')
    assert "currently locked" in lab.run("up").text
    lab.run("cancel")
    assert sorted(lab.run("up").steps) == ["create b", "same a"]
    assert sorted(lab.things()) == ["a", "b"]


def test_an_exported_state_can_be_imported_again(lab: Lab, tmp_path: Path) -> None:
    lab.program('Thing("a", word=pulumi.Output.secret("hush-hush"))\n')
    lab.run("up")
    file = tmp_path / "export.json"
    assert lab.run("stack export", "--file", str(file)).code == 0
    assert "hush-hush" not in file.read_text()
    lab.state_file.unlink()
    assert lab.run("stack import", "--file", str(file)).code == 0
    assert lab.run("up").counts == {"same": 2}


def test_an_up_without_changes_is_quick(lab: Lab) -> None:
    lab.program("".join(f'Thing("t{number}")\n' for number in range(10)))
    lab.run("up")
    began = time.monotonic()
    assert lab.run("up").counts == {"same": 11}
    assert time.monotonic() - began < 30  # a bound for busy machines; `make bench` has the figure
