"""What a registration carries besides its inputs: transforms, old names, versions of plugins, files, other stacks."""

from __future__ import annotations

import pytest

from batchlocal.engine.settings import set_setting
from batchlocal.engine.values import UNKNOWN, is_secret
from batchlocal.engine.versions import is_older
from tests.lifecycle.stage import URN, Stage

TRANSFORMED = """
a = Thing("a")
def change(args):
    if args.name == "a":
        return None
    args.opts.depends_on = [a]
    return pulumi.ResourceTransformResult(props={**args.props, "size": "fixed"}, opts=args.opts)
"""


def test_a_transform_of_the_stack_adds_no_dependency(stage: Stage) -> None:
    stage.program(TRANSFORMED + 'pulumi.runtime.register_resource_transform(change)\nThing("b")\n')
    assert stage.run("up").code == 0
    assert stage.entries()["b"].dependencies == []
    assert stage.entries()["b"].inputs["size"] == "fixed"


def test_a_transform_of_its_own_says_what_a_resource_depends_on(stage: Stage) -> None:
    stage.program(TRANSFORMED + 'z = Thing("z")\nThing("b", Options(transforms=[change]), size=z.address)\n')
    assert stage.run("up").code == 0
    made = stage.entries()["b"]
    assert made.dependencies == [URN + "a"]
    assert made.property_dependencies == {"name": [], "size": []}


def test_a_transform_sees_what_is_unknown_where_it_stands(stage: Stage) -> None:
    same = "lambda args: pulumi.ResourceTransformResult(props=args.props, opts=args.opts)"
    stage.program(f'z = Thing("z")\nThing("b", Options(transforms=[{same}]), parts=[z.address, "x"])\n')
    assert stage.run("preview").code == 0
    assert stage.cloud.created_in_preview[-1]["parts"] == [UNKNOWN, "x"]


def test_an_alias_of_what_fails_renames_nothing(stage: Stage) -> None:
    stage.program('a = Thing("a", size=1)\nThing("b", of=a.address)\n')
    stage.run("up")
    renamed = 'a = Thing("c", Options(aliases=[Alias(name="a")]), name="a", size=2)\nThing("b", of=a.address)\n'
    stage.program(renamed)
    stage.cloud.faults["Update", "c"] = "error"
    assert stage.run("up").code == 1
    assert list(stage.entries()) == ["a", "b"]
    assert stage.entries()["b"].dependencies == [URN + "a"]


@pytest.mark.parametrize(
    ("version", "wanted", "older"),
    [
        ("1.0.0", "1.0.0", False),
        ("1.9.0", "1.10.0", True),
        ("2.0.0-beta.2", "2.0.0", True),
        ("2.0.0-beta.10", "2.0.0-beta.9", False),
        ("2.0.0-alpha", "2.0.0-alpha.1", True),
        ("1.0.0+build", "1.0.0", False),
        ("v1.2.3", "1.2.4", True),
        ("", "0.0.1", True),
    ],
)
def test_versions_are_ordered_as_semver_does(version: str, wanted: str, older: bool) -> None:
    assert is_older(version, wanted) is older


def test_a_plugin_older_than_asked_for_is_told_of(stage: Stage) -> None:
    stage.program('Thing("a", Options(version="1.2.0"))\n')
    warning = "resource plugin mem is expected to have version >=1.2.0, but has 1.0.0"
    assert warning in stage.run("up").text
    assert warning in stage.run("refresh").text
    stage.program('Thing("a", Options(version="1.0.0"))\n')
    assert "expected to have version" not in stage.run("up").text.replace(warning, "")


def test_who_asks_for_no_version_gets_the_newest_of_the_state(stage: Stage) -> None:
    stage.program('Thing("a", Options(version="0.9.0"))\nThing("b", Options(version="0.10.0"))\n')
    stage.run("up")
    stage.program('Thing("a")\nThing("b")\n')
    assert stage.run("up").steps == ["same a", "same b"]
    assert {one.provider_urn.split("::")[-1] for one in stage.entries().values()} == {"default_0_10_0"}


def test_another_source_of_a_plugin_is_another_default_provider(stage: Stage) -> None:
    stage.program('Thing("a", Options(version="1.0.0", plugin_download_url="https://example.com/x"))\n')
    assert stage.run("up").code == 0
    assert stage.entries()["a"].provider_urn.endswith("::default_1_0_0_https_/example.com/x")
    stage.program('Thing("a", Options(version="1.0.0"))\n')
    assert stage.run("up", expect_no_changes=True).code == 0


def test_only_the_packages_that_are_named_have_no_default_provider(stage: Stage) -> None:
    stage.program('Thing("a")\n')
    for packages, code in (('["memory"]', 0), ('["mem"]', 1), ('["*"]', 1), ("mem", 1)):
        key = "pulumi:disable-default-providers"
        set_setting(stage.stack.project, "dev", key, packages, secret=False, path=False)
        assert stage.run("up").code == code, packages


def test_a_plugin_that_is_missing_is_named_with_its_version(stage: Stage) -> None:
    stage.program('pulumi.CustomResource("none:index:Thing", "a", {}, Options(version="3.1.0"))\n')
    ran = stage.run("up")
    assert ran.code == 1
    assert "no resource plugin 'pulumi-resource-none' found in the workspace at version v3.1.0" in ran.text
    stage.program('pulumi.runtime.invoke("none:index:list", {})\n')
    ran = stage.run("up")
    assert ran.code == 1
    assert "no resource plugin 'pulumi-resource-none' found in the workspace or on your $PATH" in ran.text


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ('FileAsset("none.txt")', "asset hash for \"f\": failed to open asset file '{0}/none.txt'"),
        ('FileAsset(".")', "asset hash for \"f\": asset path '{0}' is a directory; try using an archive"),
        ('FileArchive("none")', "archive hash for \"f\": couldn't read archive path '{0}/none'"),
        ('FileArchive("some.txt")', "'{0}/some.txt' is neither a recognized archive type nor a directory"),
        (
            'AssetArchive({{"q": pulumi.FileAsset("none")}})',
            "asset hash for \"q\": failed to open asset file '{0}/none'",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_named(stage: Stage, value: str, sentence: str) -> None:
    (stage.folder / "some.txt").write_text("some")
    stage.program(f'Thing("a", f=pulumi.{value.format()})\n')
    ran = stage.run("up")
    assert ran.code == 1
    assert sentence.format(stage.folder) in ran.text
    assert stage.cloud.things == {}


def test_assets_among_outputs_have_their_hashes(stage: Stage) -> None:
    stage.program('pulumi.export("text", pulumi.StringAsset("some"))\n')
    stage.run("up")
    outputs = stage.stack.load()[0].resources[0].outputs
    assert outputs["text"]["hash"] == "a6b46dd0d1ae5e86cbc8f37e75ceeb6760230c1ca4ffbcb0c97b96dd7d9c464b"


def test_an_output_with_a_secret_within_is_secret_to_other_stacks(stage: Stage) -> None:
    stage.program('pulumi.export("deep", {"a": pulumi.Output.secret("hidden")})\npulumi.export("open", 1)\n')
    stage.run("up")
    reference = 'other = pulumi.StackReference("organization/stage/dev")\n'
    stage.program(reference + 'Thing("a", deep=other.get_output("deep"), open=other.get_output("open"))\n')
    ran = stage.run("up")
    assert ran.code == 0
    assert "hidden" not in ran.text
    inputs = stage.entries()["a"].inputs
    assert [name for name, value in inputs.items() if is_secret(value)] == ["deep"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("stage/dev", "organization name must be 'organization'"), ("a/b/c/d", "a stack name may not be empty")],
)
def test_a_reference_to_what_is_no_stack_is_refused(stage: Stage, name: str, sentence: str) -> None:
    stage.program(f'pulumi.StackReference("{name}")\n')
    ran = stage.run("up")
    assert ran.code == 1
    assert sentence in ran.text


def test_a_type_that_is_none_is_refused(stage: Stage) -> None:
    stage.program('pulumi.CustomResource("thing", "a", {})\n')
    ran = stage.run("up")
    assert ran.code == 1
    assert "Type 'thing' is not a valid type token" in ran.text


def test_a_provider_keeps_the_outputs_it_had_when_nothing_changes(stage: Stage) -> None:
    program = 'p = pulumi.ProviderResource("mem", "p", {"account": "1"}, Options(version="VERSION"))\n'
    for version in ("1.0.0", "0.9.0"):
        stage.program(program.replace("VERSION", version))
        stage.run("up")
    entry = next(one for one in stage.stack.load()[0].resources if one.urn.endswith("::p"))
    assert (entry.inputs["version"], entry.outputs["version"]) == ("0.9.0", "1.0.0")


def test_hidden_differences_are_counted_and_not_shown(stage: Stage) -> None:
    program = 'Thing("a", Options(hide_diffs=["size"]), size={0}, zone="1")\n'
    stage.program(program.format('"small"'))
    stage.run("up")
    stage.program(program.format('"large"'))
    ran = stage.run("preview", diff=True)
    assert ran.steps == ["update a"]
    assert "large" not in ran.text
    assert "hidden: size" in ran.text
    assert '"diffs": ["size"]' in (stage.folder / "events.jsonl").read_text()
    assert stage.run("up").code == 0


def test_what_is_protected_goes_when_that_is_to_be_ignored(stage: Stage) -> None:
    stage.program('Thing("a", Options(protect=True))\nThing("b", Options(protect=True), zone="1")\n')
    stage.run("up")
    stage.program('Thing("b", Options(protect=True), zone="2")\n')
    ran = stage.run("up", ignore_protect=True)
    assert ran.code == 0
    assert set(ran.steps) == {"create-replacement b", "replace b", "delete-replaced b", "delete a"}
    assert stage.run("destroy", ignore_protect=True).code == 0
    assert stage.cloud.things == {}


def test_what_was_never_being_made_cannot_be_taken_over(stage: Stage) -> None:
    stage.program('Thing("a")\n')
    stage.run("up")
    ran = stage.run("refresh", import_pending_creates=(URN + "z", "z-1"))
    assert ran.code == 0
    assert f'"{URN}z" did not correspond to a pending create' in ran.text


@pytest.mark.parametrize("command", ["refresh", "destroy"])
@pytest.mark.parametrize("option", ["target", "exclude"])
def test_without_a_program_unknown_resources_are_refused_at_once(stage: Stage, command: str, option: str) -> None:
    stage.program('Thing("a")\n')
    stage.run("up")
    ran = stage.run(command, **{option: (URN + "z",)})
    assert (ran.code, ran.steps) == (1, [])
    assert f"no resource named '{URN}z' found" in ran.text
    assert list(stage.entries()) == ["a"]


def test_a_timeout_of_reading_goes_to_the_provider(stage: Stage) -> None:
    stage.program('Thing("a", Options(custom_timeouts=pulumi.CustomTimeouts(read="3m")))\n')
    stage.run("up")
    stage.run("refresh")
    assert stage.entries()["a"].custom_timeouts == {"read": 180}
    assert stage.cloud.read_within == [180]
