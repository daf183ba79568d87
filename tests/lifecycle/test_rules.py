"""Rules of the CLI's that few programs meet: what is replaced, deleted, taken over or left alone, and when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from batchlocal.engine.values import SIGNATURE, UNKNOWN
from tests.lifecycle.stage import URN, Stage
from tests.lifecycle.toy_cloud import ToyCloud


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    cloud = ToyCloud()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "stage")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    monkeypatch.setenv("PULUMI_DEBUG_PROVIDERS", f"mem:{cloud.port}")
    yield Stage.made(tmp_path, cloud)
    cloud.close()


def test_what_is_deleted_with_a_replaced_resource_is_replaced_too(stage: Stage) -> None:
    program = 'a = Thing("a", zone="1")\nThing("b", Options(deleted_with=a), home=a.address)\n'
    stage.program(program)
    stage.run("up")
    stage.program(program.replace('zone="1"', 'zone="2"'))
    ran = stage.run("up")
    assert "create-replacement b" in ran.steps
    assert sorted(stage.cloud.things) == sorted(one.id for one in stage.entries().values())


def test_with_delete_before_replace_they_go_first(stage: Stage) -> None:
    program = 'a = Thing("a", zone="1", first=True)\nThing("b", Options(deleted_with=a), home=a.address)\n'
    stage.program(program)
    stage.run("up")
    stage.program(program.replace('zone="1"', 'zone="2"'))
    steps = stage.run("up").steps
    assert steps.index("delete-replaced b") < steps.index("delete-replaced a") < steps.index("create-replacement a")
    assert steps[-2:] == ["replace b", "create-replacement b"]


def test_children_follow_a_component_that_was_renamed(stage: Stage) -> None:
    stage.program('g = Group("app")\nThing("app-disk", Options(parent=g), name="disk")\n')
    stage.run("up")
    stage.program(
        'g = Group("web", Options(aliases=[Alias(name="app")]))\nThing("web-disk", Options(parent=g), name="disk")\n'
    )
    assert stage.run("up").steps == ["same web-disk"]


def test_two_resources_cannot_claim_one_old_name(stage: Stage) -> None:
    stage.program('Thing("a")\n')
    stage.run("up")
    aliased = 'Options(aliases=[Alias(name="a")])'
    stage.program(f'Thing("b", {aliased}, name="a")\nThing("c", {aliased}, name="a")\n')
    ran = stage.run("up")
    assert ran.code == 1
    assert "Duplicate resource alias" in ran.text


def test_ignored_paths_reach_into_lists_and_maps(stage: Stage) -> None:
    program = 'Thing("a", Options(ignore_changes=["rules[*].port", "tags.owner"]), rules={rules}, tags={tags})\n'
    stage.program(program.format(rules=[{"port": 1, "to": "x"}], tags={"owner": "ada", "team": "1"}))
    stage.run("up")
    stage.program(program.format(rules=[{"port": 2, "to": "x"}], tags={"owner": "bob", "team": "1"}))
    assert stage.run("up").steps == ["same a"]
    stage.program(program.format(rules=[{"port": 2, "to": "y"}], tags={"owner": "bob", "team": "2"}))
    assert stage.run("up").steps == ["update a"]
    assert stage.entries()["a"].inputs["rules"] == [{"port": 1, "to": "y"}]
    assert stage.entries()["a"].inputs["tags"] == {"owner": "ada", "team": "2"}


def test_a_resource_that_never_became_ready_is_replaced_if_asked(stage: Stage) -> None:
    program = 'Thing("a", Options(replace_on_changes=["#initerror"]))\n'
    stage.program(program)
    stage.cloud.faults["Create", "a"] = "init"
    assert stage.run("up").code == 1
    stage.cloud.faults.clear()
    assert stage.run("up").steps == ["create-replacement a", "replace a", "delete-replaced a"]


def test_reading_another_resource_in_place_of_a_managed_one_deletes_that(stage: Stage) -> None:
    stage.program('Thing("other")\nThing("a")\n')
    stage.run("up")
    known = stage.entries()["other"].id
    stage.program(f'Thing("other")\nThing.get("a", "{known}")\n')
    ran = stage.run("up")
    assert [step for step in ran.steps if step.endswith(" a")] == [
        "read-replacement a",
        "replace a",
        "delete-replaced a",
    ]
    assert list(stage.cloud.things) == [known]


def test_a_program_may_catch_a_function_that_fails(stage: Stage) -> None:
    stage.program(
        'try:\n    lookup(name="none")\nexcept Exception as error:\n    print("caught:", error)\nThing("a")\n'
    )
    ran = stage.run("up")
    assert ran.code == 0
    assert "caught: invoke of mem:index:lookup failed" in ran.text
    assert ran.steps == ["create a"]
    stage.run("preview")
    assert stage.cloud.invoked_in_preview == [False, True]


def test_a_preview_shows_all_though_a_protected_resource_cannot_be_replaced(stage: Stage) -> None:
    stage.program('Thing("a", Options(protect=True), zone="1")\nThing("b", size=1)\n')
    stage.run("up")
    stage.program('Thing("a", Options(protect=True), zone="2")\nThing("b", size=2)\n')
    shown = stage.run("preview")
    assert shown.code == 1
    assert "unable to replace resource" in shown.text
    assert {"create-replacement a", "update b"} <= set(shown.steps)
    assert stage.run("up").code == 1
    assert "a!" not in stage.entries()


def test_unprotecting_and_replacing_go_together(stage: Stage) -> None:
    stage.program('Thing("a", Options(protect=True), zone="1")\n')
    stage.run("up")
    stage.program('Thing("a", zone="2")\n')
    ran = stage.run("up")
    assert ran.code == 0, ran.text
    assert ran.steps == ["create-replacement a", "replace a", "delete-replaced a"]


def test_an_unknown_target_is_an_error(stage: Stage) -> None:
    stage.program('Thing("a")\n')
    ran = stage.run("up", target=(URN + "z",))
    assert ran.code == 1
    assert f"Target '{URN}z' could not be found in the stack." in ran.text
    assert stage.cloud.things == {}


def test_a_check_that_fails_ends_a_run_that_continues_on_errors(stage: Stage) -> None:
    stage.program('Thing("z")\n')
    stage.run("up")
    stage.program('Thing("a")\n')
    stage.cloud.faults["Check", "a"] = "error"
    assert stage.run("up", continue_on_error=True).code == 1
    assert list(stage.entries()) == ["z"]


def test_a_refresh_reads_the_others_though_one_cannot_be_read(stage: Stage) -> None:
    stage.program('Thing("a")\nThing("b")\n')
    stage.run("up")
    stage.cloud.things.pop(stage.entries()["b"].id)
    stage.cloud.faults["Read", "a"] = "error"
    assert stage.run("refresh").code == 1
    assert list(stage.entries()) == ["a"]
    assert '"status": 2' in (stage.folder / "events.jsonl").read_text()


def test_the_child_of_a_parent_that_is_gone_has_none_until_the_next_up(stage: Stage) -> None:
    stage.program('a = Thing("a")\nThing("b", Options(parent=a))\n')
    stage.run("up")
    stage.cloud.things.pop(stage.entries()["a"].id)
    assert stage.run("refresh").code == 0
    assert stage.entries()["b"].parent == ""
    assert stage.run("up").steps == ["create a", "same b"]
    assert stage.entries()["b"].parent == f"{URN}a"


def test_an_import_takes_the_place_of_a_managed_resource(stage: Stage) -> None:
    stage.program('Thing("other")\nThing("a")\n')
    stage.run("up")
    known = stage.entries()["other"].id
    stage.program(f'Thing("other")\nThing("a", Options(import_="{known}"), name="other")\n')
    ran = stage.run("up")
    assert [step for step in ran.steps if step.endswith(" a")] == [
        "import-replacement a",
        "replace a",
        "delete-replaced a",
    ]
    assert list(stage.cloud.things) == [known]


def test_a_dependant_and_its_predecessor_that_waits_for_deletion_both_go_first(stage: Stage) -> None:
    """Deletion of the first ``b`` failed when both were replaced; the second goes with what it depends on."""
    program = 'a = Thing("a", zone="{}", first={})\nThing("b", name=a.address)\n'
    stage.program(program.format(1, False))
    stage.run("up")
    stage.cloud.faults[("Delete", "b")] = "error"
    stage.program(program.format(2, False))
    assert stage.run("up").code == 1
    stage.cloud.faults.clear()
    stage.program(program.format(3, True))
    ran = stage.run("up")
    assert [step for step in ran.steps if step.endswith(" b")] == [
        *("delete b", "delete-replaced b", "replace b", "create-replacement b")
    ]
    assert sorted(stage.cloud.things) == sorted(one.id for one in stage.entries().values())


def test_a_dependant_that_is_no_target_is_made_anew_as_it_was(stage: Stage) -> None:
    program = 'a = Thing("a", zone="{}", first=True)\nThing("b", name=a.address, size={})\n'
    stage.program(program.format(1, 1))
    stage.run("up")
    before = stage.entries()["b"].inputs
    stage.program(program.format(2, 2))
    ran = stage.run("up", target=(f"{URN}a",))
    assert ran.steps[-2:] == ["replace b", "create-replacement b"]
    assert stage.entries()["b"].inputs == before
    assert not stage.entries()["b"].pending_replacement


def test_a_provider_can_be_deleted_before_it_is_replaced_with_all_that_it_serves(stage: Stage) -> None:
    program = (
        'p = pulumi.ProviderResource("mem", "p", {{"account": "{}"}}, Options(delete_before_replace=True))\n'
        'a = Thing("a", Options(provider=p))\nThing("b", Options(provider=p), of=a.address)\n'
    )
    stage.program(program.format(1))
    stage.run("up")
    stage.program(program.format(2))
    for command in ("preview", "up"):
        assert stage.run(command).steps == [
            *("delete-replaced b", "delete-replaced a"),
            *("replace a", "create-replacement a", "replace b", "create-replacement b"),
        ]
    assert sorted(stage.cloud.things) == sorted(one.id for one in stage.entries().values())
    assert stage.run("up").steps == ["same a", "same b"]


def test_a_provider_that_is_told_of_a_replaced_resource_goes_with_it(stage: Stage) -> None:
    program = (
        'a = Thing("a", zone="{}", first=True)\n'
        'p = pulumi.ProviderResource("mem", "p", {{"account": a.address}})\nThing("b", Options(provider=p))\n'
    )
    stage.program(program.format(1))
    stage.run("up")
    stage.program(program.format(2))
    ran = stage.run("up")
    assert ran.code == 0, ran.text
    assert ran.steps[:2] == ["delete-replaced b", "delete-replaced a"]
    assert ran.steps[-1] == "create-replacement b"
    assert stage.run("up").steps == ["same a", "same b"]


def test_the_import_option_takes_over_what_is_no_target_too(stage: Stage) -> None:
    stage.program('Thing("a")\n')
    stage.run("up")
    known = stage.entries()["a"].id
    stage.program(f'Thing("a")\nThing("b", Options(import_="{known}"), name="other")\n')
    ran = stage.run("up", target=(f"{URN}a",))
    assert "import b" in ran.steps
    assert "update b" not in ran.steps
    assert stage.entries()["b"].inputs["name"] == "a"


def test_an_old_name_is_kept_while_its_resource_is_no_target(stage: Stage) -> None:
    stage.program('a = Thing("a")\nThing("b", of=a.address)\n')
    stage.run("up")
    stage.program('a = Thing("c", Options(aliases=[Alias(name="a")]), name="a", size=2)\nThing("b", of=a.address)\n')
    assert stage.run("up", target=(f"{URN}b",)).steps == ["same a", "same b"]
    assert stage.entries()["b"].dependencies == [f"{URN}a"]
    assert stage.run("up").steps == ["update c", "same b"]
    assert stage.entries()["b"].dependencies == [f"{URN}c"]


def test_what_forces_the_replacement_of_an_imported_resource_is_shown_as_pulumi_prints_values(stage: Stage) -> None:
    stage.program('Thing("a", zone="1")\n')
    stage.run("up")
    known = stage.entries()["a"].id
    stage.program(f'Thing("a", Options(import_="{known}"), zone={{"b": [1, True, None]}})\n')
    ran = stage.run("up")
    assert ran.code == 1
    assert "zone: {1} => {map[b:{[{1} {true} {<nil>}]}]}" in ran.text


def test_what_a_target_would_take_along_must_be_named_though_the_target_stays(stage: Stage) -> None:
    stage.program('g = Group("g")\nThing("a", Options(parent=g))\n')
    stage.run("up")
    stage.program('Group("g")\n')
    group = URN.replace("Thing", "Group") + "g"
    ran = stage.run("up", target=(group,))
    assert ran.code == 1
    assert "will be destroyed but was not specified in --target list" in ran.text
    assert list(stage.entries()) == ["a"]
    assert stage.run("up", target=(group,), target_dependents=True).steps == ["delete a"]


def test_a_component_that_is_no_target_is_done_when_its_outputs_come(stage: Stage) -> None:
    program = 'g = Group("g")\na = Thing("a", size={})\ng.register_outputs({{"size": {}}})\n'
    stage.program(program.format(1, 1))
    stage.run("up")
    stage.program(program.format(2, 2))
    assert stage.run("up", target=(f"{URN}a",)).steps == ["update a"]
    events = [json.loads(line) for line in (stage.folder / "events.jsonl").read_text().splitlines()]
    done = [event["resOutputsEvent"]["metadata"] for event in events if "resOutputsEvent" in event]
    assert [one["op"] for one in done if one["type"] == "mem:index:Group"] == ["same"]


def test_a_read_whose_id_is_unknown_says_so_from_its_beginning(stage: Stage) -> None:
    stage.program('a = Thing("a")\nThing.get("b", a.id)\n')
    assert stage.run("preview").code == 0
    events = [json.loads(line) for line in (stage.folder / "events.jsonl").read_text().splitlines()]
    began = [event["resourcePreEvent"]["metadata"] for event in events if "resourcePreEvent" in event]
    assert [one["new"]["id"] for one in began if one["op"] == "read"] == [UNKNOWN]


def test_what_was_replaced_under_a_new_name_is_deleted_under_its_old_one(stage: Stage) -> None:
    program = 'a = Thing("a", zone="{}", first={})\nThing("b", name=a.address)\n'
    renamed = program.replace('"a", ', '"{}", Options(aliases=[Alias(name="{}")]), name="a", ')
    stage.program(program.format(1, False))
    stage.run("up")
    stage.program(renamed.format("c", "a", 2, False))
    assert [step for step in stage.run("up").steps if step[-1] in "ac"] == [
        *("create-replacement c", "replace c", "delete-replaced a")
    ]
    stage.program(renamed.format("d", "c", 3, True))
    steps = stage.run("up").steps
    assert steps[:4] == ["delete-replaced b", "delete-replaced c", "replace d", "create-replacement d"]
    assert sorted(stage.cloud.things) == sorted(one.id for one in stage.entries().values())


def test_a_dependant_deleted_first_is_made_anew_under_its_new_name(stage: Stage) -> None:
    program = 'a = Thing("a", zone="{}", first=True)\nThing("{}", Options(aliases=[Alias(name="b")]), name=a.address)\n'
    stage.program(program.format(1, "b"))
    stage.run("up")
    stage.program(program.format(2, "c"))
    ran = stage.run("up")
    assert ran.code == 0, ran.text
    assert ran.steps[0] == "delete-replaced b"
    assert ran.steps[-2:] == ["create-replacement c", "replace c"]
    assert sorted(stage.cloud.things) == sorted(one.id for one in stage.entries().values())


def test_what_waits_for_its_replacement_gets_it_though_nothing_differs_any_more(stage: Stage) -> None:
    program = 'a = Thing("a", zone="{}", first=True)\nThing("b", name=a.address)\n'
    stage.program(program.format(1))
    stage.run("up")
    stage.cloud.faults["Create", "a"] = "error"
    stage.program(program.format(2))
    assert stage.run("up").code == 1
    stage.cloud.faults.clear()
    stage.program(program.format(1))
    steps = stage.run("up").steps
    assert steps[-4:] == ["replace a", "create-replacement a", "replace b", "create-replacement b"]
    assert sorted(stage.cloud.things) == sorted(one.id for one in stage.entries().values())


def test_a_preview_tells_that_a_provider_to_be_replaced_takes_its_resources_along(stage: Stage) -> None:
    """Its new configuration is not known yet."""
    program = (
        'x = Thing("x", zone="{}")\n'
        'p = pulumi.ProviderResource("mem", "p", {{"account": x.address}})\nThing("a", Options(provider=p))\n'
    )
    stage.program(program.format(1))
    stage.run("up")
    stage.program(program.format(2))
    shown, ran = stage.run("preview"), stage.run("up")
    assert sorted(shown.steps) == sorted(ran.steps)
    assert "create-replacement a" in shown.steps


def test_a_program_that_logs_an_error_and_goes_on_has_not_failed(stage: Stage) -> None:
    stage.program('a = Thing("a")\npulumi.log.error("mind the gap")\n')
    ran = stage.run("up")
    assert "mind the gap" in ran.text
    assert ran.code == 0


def test_old_assets_reach_providers_as_hashes(stage: Stage) -> None:
    stage.program('Thing("a", script=pulumi.StringAsset("first"))\n')
    stage.run("up")
    stage.program('Thing("a", script=pulumi.StringAsset("second"))\n')
    assert stage.run("up").steps == ["update a"]
    assert stage.run("up").steps == ["same a"]
    old, new = stage.cloud.compared[0]
    assert set(old["script"]) == set(new["script"]) == {SIGNATURE, "hash"}
    assert next(iter(stage.cloud.things.values()))["script"]["text"] == "second"
