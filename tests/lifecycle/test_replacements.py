"""Rules of the CLI's that few programs meet: what is replaced, in which order, and what goes on under another name."""

from __future__ import annotations

from batchlocal.engine.values import UNKNOWN
from tests.lifecycle.stage import URN, Stage


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


def test_unprotecting_and_replacing_go_together(stage: Stage) -> None:
    stage.program('Thing("a", Options(protect=True), zone="1")\n')
    stage.run("up")
    stage.program('Thing("a", zone="2")\n')
    ran = stage.run("up")
    assert ran.code == 0, ran.text
    assert ran.steps == ["create-replacement a", "replace a", "delete-replaced a"]


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


def test_an_old_name_that_is_still_in_use_is_no_alias(stage: Stage) -> None:
    stage.program('Thing("a")\n')
    stage.run("up")
    stage.program('a = Thing("a")\nThing("b", Options(aliases=[Alias(name="a")], depends_on=[a]))\n')
    ran = stage.run("up")
    assert ran.code == 1
    assert f"Duplicate resource alias '{URN}a' applied to resource with URN '{URN}b'" in ran.text
    assert list(stage.entries()) == ["a"]


def test_a_dependant_of_two_that_are_deleted_first_goes_once(stage: Stage) -> None:
    program = (
        'a = Thing("a", zone="{0}", first=True)\nb = Thing("b", zone="{0}", first=True)\n'
        'Thing("c", name=pulumi.Output.concat(a.address, b.address))\n'
    )
    stage.program(program.format(1))
    stage.run("up")
    stage.program(program.format(2))
    assert stage.run("up").steps.count("delete-replaced c") == 1
    assert len([1 for _, new in stage.cloud.compared if new["name"] == UNKNOWN]) == 1
    assert sorted(stage.cloud.things) == sorted(one.id for one in stage.entries().values())


def test_what_a_failed_resource_needs_is_not_deleted_though_it_was_replaced(stage: Stage) -> None:
    program = 'a = Thing("a", zone={0})\nThing("b", of=a.address, size={0})\nThing("c", zone={0})\n'
    stage.program(program.format(1))
    stage.run("up")
    stage.program(program.format(2))
    stage.cloud.faults["Update", "b"] = "error"
    ran = stage.run("up", continue_on_error=True)
    assert ran.code == 1
    assert "delete-replaced c" in ran.steps
    assert "delete-replaced a" not in ran.steps
    assert sorted(stage.entries()) == ["a", "a!", "b", "c"]
    stage.cloud.faults.clear()
    assert stage.run("up").code == 0
    assert sorted(stage.entries()) == ["a", "b", "c"]


def test_what_stays_for_a_failed_resource_takes_nothing_away_with_it(stage: Stage) -> None:
    stage.program(
        'a = Thing("a")\nThing("b", of=a.address, zone=1, first=True)\n'
        'Thing("c", Options(deleted_with=a), home=a.address)\n'
    )
    stage.run("up")
    stage.program('Thing("b", zone=2, first=True)\n')
    stage.cloud.faults["Create", "b"] = "init"
    assert stage.run("up", continue_on_error=True).code == 1
    assert sorted(stage.entries()) == ["a", "b"]
    assert sorted(stage.cloud.things) == sorted(one.id for one in stage.entries().values())


def test_what_is_protected_keeps_what_it_needs_now_and_not_what_waits_for_deletion(stage: Stage) -> None:
    program = 'a = Thing("a", zone={0})\nThing("e", Options(protect=True), of=a.address)\n'
    stage.program(program.format(1))
    stage.run("up")
    stage.program(program.format(2))
    stage.cloud.faults["Delete", "a"] = "error"
    assert stage.run("up").code == 1
    assert sorted(stage.entries()) == ["a", "a!", "e"]
    stage.cloud.faults.clear()
    stage.program('Thing("a", zone=2)\n')
    ran = stage.run("up")
    assert ran.code == 1
    assert sorted(ran.steps) == ["delete e", "delete-replaced a", "same a"]
    assert sorted(stage.entries()) == ["a", "e"]


def test_what_a_resource_that_is_no_target_needs_stays_though_the_program_has_it_no_more(stage: Stage) -> None:
    stage.program('a = Thing("a", size=1)\nb = Thing("b", Options(depends_on=[a]))\nThing("c", of=b.address)\n')
    stage.run("up")
    stage.program('Thing("a", size=2)\nThing("c")\n')
    ran = stage.run("up", target=(URN + "a",), target_dependents=True)
    assert ran.code == 0
    assert sorted(ran.steps) == ["same b", "same c", "update a"]
    assert sorted(stage.entries()) == ["a", "b", "c"]


def test_what_is_excluded_from_a_destroy_stays_with_its_former_self(stage: Stage) -> None:
    stage.program('Thing("a", zone=1)\n')
    stage.run("up")
    stage.program('Thing("a", zone=2)\n')
    stage.cloud.faults["Delete", "a"] = "error"
    stage.run("up")
    ran = stage.run("destroy", exclude=(URN + "a",))
    assert ran.steps == ["same a", "same a"]
    assert sorted(stage.entries()) == ["a", "a!"]
