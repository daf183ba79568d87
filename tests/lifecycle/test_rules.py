"""Rules of the CLI's that few programs meet: what is read, compared, left alone or refused, and when."""

from __future__ import annotations

import gzip
import json

import pytest

from batchlocal.engine.errors import EngineError
from batchlocal.engine.settings import set_setting
from batchlocal.engine.values import SECRET, SIGNATURE, UNKNOWN
from tests.lifecycle.stage import URN, Stage


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


def test_the_import_option_takes_over_what_is_no_target_too(stage: Stage) -> None:
    stage.program('Thing("a")\n')
    stage.run("up")
    known = stage.entries()["a"].id
    stage.program(f'Thing("a")\nThing("b", Options(import_="{known}"), name="other")\n')
    ran = stage.run("up", target=(f"{URN}a",))
    assert "import b" in ran.steps
    assert "update b" not in ran.steps
    assert stage.entries()["b"].inputs["name"] == "a"


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


def test_a_state_that_the_cli_compressed_is_read_and_goes_on_as_plain_json(stage: Stage) -> None:
    stage.program('Thing("a")\n')
    stage.run("up")
    plain = stage.folder / ".pulumi" / "stacks" / "stage" / "dev.json"
    packed = plain.with_name("dev.json.gz")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert stage.stack.backend.stacks("stage") == ["dev"]
    assert stage.run("up").steps == ["same a"]
    assert plain.exists()
    assert not packed.exists()


def test_a_state_that_cannot_be_unpacked_is_told_of_and_left_alone(stage: Stage) -> None:
    plain = stage.folder / ".pulumi" / "stacks" / "stage" / "dev.json"
    for suffix, told in ((".gz", "cannot be unpacked"), (".zst", "compressed with zstd")):
        packed = plain.with_name(f"dev.json{suffix}")
        packed.write_bytes(b"neither")
        plain.unlink(missing_ok=True)
        with pytest.raises(EngineError, match=told):
            stage.run("up")
        assert packed.read_bytes() == b"neither"


def test_a_destruction_tells_of_what_an_earlier_run_had_begun(stage: Stage) -> None:
    stage.program('Thing("a")\n')
    stage.run("up")
    file = stage.folder / ".pulumi" / "stacks" / "stage" / "dev.json"
    whole = json.loads(file.read_text())
    latest = whole["checkpoint"]["latest"]
    latest["pending_operations"] = [{"type": "creating", "resource": {**latest["resources"][-1], "urn": f"{URN}b"}}]
    file.write_text(json.dumps(whole))
    assert f"{URN}b, interrupted while creating" in stage.run("destroy").text


def test_nothing_follows_a_refresh_that_failed_though_the_run_is_to_continue_on_errors(stage: Stage) -> None:
    stage.program('Thing("a", size=1)\nThing("b", size=1)\n')
    stage.run("up")
    stage.program('Thing("a", size=2)\nThing("b", size=2)\n')
    stage.cloud.faults["Read", "a"] = "error"
    ran = stage.run("up", refresh=True, continue_on_error=True)
    assert ran.code == 1
    assert set(ran.steps) == {"refresh a", "refresh b"}


def test_a_new_component_that_is_no_target_is_never_done(stage: Stage) -> None:
    stage.program('Thing("a")\n')
    stage.run("up")
    stage.program('Thing("a", size=2)\nGroup("g")\n')
    assert stage.run("up", target=(f"{URN}a",)).steps == ["update a"]
    events = [json.loads(line) for line in (stage.folder / "events.jsonl").read_text().splitlines()]
    kinds = [kind for event in events for kind, body in event.items() if "Group::g" in json.dumps(body)]
    assert kinds == ["resourcePreEvent"]


def test_what_has_no_provider_of_its_own_is_named_where_there_are_to_be_no_default_ones(stage: Stage) -> None:
    (stage.folder / "Pulumi.dev.yaml").write_text('config:\n  pulumi:disable-default-providers: ["mem"]\n')
    stage.program('Thing("a")\n')
    ran = stage.run("up")
    assert ran.code == 1
    assert f"Default provider for 'mem' disabled. '{URN}a' must use an explicit provider." in ran.text


def test_timeouts_are_durations_down_to_nanoseconds(stage: Stage) -> None:
    program = 'Thing("a", Options(custom_timeouts=pulumi.CustomTimeouts(create="{}", delete="1h1.5m2s")))\n'
    stage.program(program.format("100ms"))
    assert stage.run("up").code == 0
    assert stage.entries()["a"].custom_timeouts == {"create": 0.1, "delete": 3692}
    stage.program(program.format("soon"))
    ran = stage.run("up")
    assert ran.code == 1
    assert "unable to parse customTimeout Value soon" in ran.text


def test_components_ignore_changes_too(stage: Stage) -> None:
    program = (
        "class Box(pulumi.ComponentResource):\n    def __init__(self, title, size, opts):\n"
        '        super().__init__("mem:index:Thing", title, {{"size": size}}, opts)\n'
        'Box("a", {}, Options(ignore_changes=["size"]))\n'
    )
    stage.program(program.format(1))
    stage.run("up")
    stage.program(program.format(2))
    assert stage.run("up").steps == ["same a"]
    assert stage.entries()["a"].inputs == {"size": 2}


def test_a_reference_to_no_stack_fails_the_run(stage: Stage) -> None:
    stage.program('pulumi.StackReference("organization/stage/none")\n')
    ran = stage.run("up")
    assert ran.code == 1
    assert 'unknown stack "organization/stage/none"' in ran.text


def test_a_child_has_the_provider_of_its_parent_whatever_version_it_asks_for(stage: Stage) -> None:
    stage.program('b = Thing("b", Options(version="1.1.0"))\nThing("c", Options(parent=b, version="1.0.0"))\n')
    assert stage.run("up").code == 0
    assert stage.entries()["c"].provider == stage.entries()["b"].provider


def test_differences_to_hide_are_kept_in_the_state_for_the_cli(stage: Stage) -> None:
    stage.program('Thing("a", Options(hide_diffs=["size"]), size=1)\n')
    stage.run("up")
    assert '"hideDiff":["size"]' in (stage.folder / ".pulumi" / "stacks" / "stage" / "dev.json").read_text()
    assert stage.run("up").steps == ["same a"]


def test_what_a_provider_says_in_its_handshake_counts_for_more_than_its_configuration(stage: Stage) -> None:
    stage.program('Thing("a", word=pulumi.Output.secret("hush"))\n')
    stage.cloud.greets = True
    assert stage.run("preview").code == 0
    assert [one["word"][SIGNATURE] for one in stage.cloud.created_in_preview] == [SECRET]


def test_with_excluded_dependents_nothing_of_the_same_stack_is_deleted(stage: Stage) -> None:
    stage.program('Thing("a", size=1)\nThing("b")\nThing("c")\n')
    stage.run("up")
    stage.program('Thing("a", size=2)\nThing("c")\n')
    ran = stage.run("up", exclude=(URN + "c",), exclude_dependents=True)
    assert sorted(ran.steps) == ["same b", "same c", "update a"]
    assert sorted(stage.entries()) == ["a", "b", "c"]
    assert sorted(stage.run("up", exclude=(URN + "c",)).steps) == ["delete b", "same a", "same c"]


def test_a_structured_secret_never_breaks_the_event_stream(stage: Stage) -> None:
    whole = json.dumps({"a": "deep"})
    set_setting(stage.stack.project, "dev", "whole", whole, secret=True, path=False)
    stage.program('Thing("a", whole={"a": "deep"}, told="it is " + pulumi.Config().require("whole"))\n')
    assert stage.run("up").code == 0
    events = [json.loads(line) for line in (stage.folder / "events.jsonl").read_text().splitlines()]
    made = [event["resOutputsEvent"]["metadata"] for event in events if "resOutputsEvent" in event]
    inputs = next(one["new"]["inputs"] for one in made if one["urn"] == URN + "a")
    assert (inputs["whole"], inputs["told"]) == ("[secret]", "it is [secret]")
    assert stage.run("preview", as_json=True).code == 0
