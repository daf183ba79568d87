"""Which modules the hot commands import: start-up is most of their time, so none creeps in unseen."""

from __future__ import annotations

import subprocess
import sys

import pytest
from command_cases import commands

from batchmgmt.cli.hot import COMMANDS, ENDPOINT_SHOW, parse

HEAVY = {
    "azure", "asyncio", "click", "dataclasses", "email", "http.client", "importlib.metadata", "inspect", "logging",
    "msal", "requests", "rich", "subprocess", "tempfile", "typer", "urllib.request", "yaml",
}  # fmt: skip


def modules(code: str) -> set[str]:
    printed = f"{code}\nimport sys; print(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", printed], capture_output=True, text=True, check=True).stdout.split()
    )


def test_importing_batchmgmt_brings_none_of_its_modules_nor_an_sdk():
    before = modules("from __future__ import annotations")
    assert modules("import batchmgmt") - before == {"batchmgmt"}


def test_endpoint_show_imports_no_sdk_no_command_line_library_and_no_slow_module():
    loaded = modules("import batchmgmt.cli.hot, batchmgmt.cli.endpoint_show, batchmgmt.handoff.as_json")
    assert not loaded & (HEAVY - modules("pass"))
    assert {each for each in loaded if each.startswith("batchmgmt")} == {
        "batchmgmt",
        "batchmgmt.arm",
        "batchmgmt.cli",
        "batchmgmt.cli.endpoint_show",
        "batchmgmt.cli.hot",
        "batchmgmt.cli.naming",
        "batchmgmt.clouds",
        "batchmgmt.endpoint",
        "batchmgmt.errors",
        "batchmgmt.files",
        "batchmgmt.handoff",
        "batchmgmt.handoff.as_json",
        "batchmgmt.lean",
        "batchmgmt.secret",
        "batchmgmt.tokens",
        "batchmgmt.wire",
    }


def test_endpoint_show_by_stack_adds_only_the_reader_of_stacks():
    base = modules("import batchmgmt.cli.endpoint_show")
    assert modules("import batchmgmt.cli.endpoint_show, batchmgmt.stacks") - base == {"batchmgmt.stacks"}


HOT = {
    "account list": [],
    "account show": ["-g", "-n"],
    "activity list": ["-g", "-n"],
    "application list": ["-g", "-n"],
    "keys list": ["-g", "-n"],
    "pool list": ["-g", "-n"],
}
NOT_WITHOUT_NEED = {
    *("azure", "asyncio", "email", "http.client", "inspect", "logging", "msal", "pydantic", "requests", "rich"),
    *("subprocess", "tempfile", "typer", "urllib.request", "yaml"),
    *("batchmgmt.accounts", "batchmgmt.cli.app", "batchmgmt.handoff", "batchmgmt.pools", "batchmgmt.stacks"),
}


def imported_by(*words: str) -> set[str]:
    """What a command imports in a process of its own, with the token in the cache."""
    program = "import sys; from batchmgmt.__main__ import main; main(); print(*sys.modules, file=sys.stderr)"
    run = [sys.executable, "-c", program, *words]
    subprocess.run(run, capture_output=True, check=True)  # from here on the token is in the cache
    return {*subprocess.run(run, capture_output=True, text=True, check=True).stderr.split()}


@pytest.mark.parametrize("command", HOT)
def test_what_only_reads_imports_no_sdk_no_command_line_library_and_nothing_slow(account, command):
    named = {"-g": account.resource_group, "-n": account.name}
    words = [*command.split(), *(word for name in HOT[command] for word in (name, named[name]))]
    imported = imported_by(*words, "--format", "json")
    assert "batchmgmt.cli.queries" in imported
    assert not NOT_WITHOUT_NEED & imported


def test_an_upload_imports_no_sdk_either(account, tool, unique):
    words = ["-a", unique, "-v", "1.0", "-g", account.resource_group, "-n", account.name]
    imported = imported_by("package", "upload", str(tool), *words)
    assert "batchmgmt.packages" in imported
    assert not {"azure", "pydantic", "requests", "rich", "typer"} & imported


def test_other_commands_import_only_their_own_group_and_no_sdk_that_they_do_not_need(account):
    imported = imported_by("location", "skus", "-g", account.resource_group, "-n", account.name)
    groups = {"accounts", "activity", "applications", "endpoints", "keys", "packages", "pools", "autoscale"}
    assert "batchmgmt.cli.locations" in imported
    assert not {*(f"batchmgmt.cli.{each}" for each in groups), "azure", "batchmgmt.packages"} & imported


def test_every_public_name_can_be_imported():
    import batchmgmt

    assert batchmgmt.__all__ == sorted(batchmgmt.__all__)
    assert all(getattr(batchmgmt, name) for name in batchmgmt.__all__)


@pytest.mark.parametrize("words", [("endpoint", "show"), *COMMANDS], ids=" ".join)
def test_the_hot_parser_takes_the_options_of_the_typer_command(words):
    command, hot = commands()[" ".join(words)], COMMANDS.get(words, ENDPOINT_SHOW)
    spelled = {spelling: option for option in command.params for spelling in option.opts}
    names = {*hot.arguments, "--help"} | ({"--hours"} if words == ("activity", "list") else set())
    assert {*hot.options, *hot.flags, *names} == spelled.keys() | {"--help"}
    assert {spelled[each].name for each in hot.options} == {*hot.options.values()}
    assert {option.name for option in command.params if option.required} == {*hot.arguments, *hot.required}
    assert all(hot.given[name] == spelled[f"--{name}"].default for name in hot.given if f"--{name}" in spelled)


def test_the_hot_parser_leaves_what_is_not_plain_to_typer():
    show = COMMANDS["pool", "show"]
    assert parse(show, ["p", "-g", "rg", "--name=n"]) == {"pool": "p", "resource_group": "rg", "name": "n"}
    assert parse(ENDPOINT_SHOW, ["--details"]) == {"details": True}
    for unplain in (["--help"], ["-g"], ["-g", "-n"], ["--nonsense", "x"], ["a", "b"], ["--details=yes"], ["-grg"], []):
        assert parse(show, unplain) is None
    assert parse(COMMANDS["package", "list"], ["-g", "rg"]) is None


@pytest.mark.parametrize("words", [["pool", "list"], ["keys", "list"], ["account", "show"], ["application", "list"]])
@pytest.mark.parametrize("form", ["table", "json", "yaml", "tsv"])
def test_both_ways_show_the_same(cli, named, words, form):
    """``-gRG`` is what the hot parser does not take."""
    group, *name = named[1:]
    hot, typer = cli(*words, *named, "--format", form), cli(*words, f"-g{group}", *name, "--format", form)
    assert hot.returncode == typer.returncode == 0, hot.stderr + typer.stderr
    assert (hot.stdout, hot.stderr) == (typer.stdout, typer.stderr)


def test_what_the_hot_parser_does_not_take_is_refused_by_typer(cli, named):
    refused = cli("pool", "list", *named, "--format", "xml")
    assert refused.returncode == 2
    assert "xml" in refused.stderr
    assert "Missing" in cli("pool", "show", *named).stderr
