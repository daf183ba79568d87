"""Which modules the hot commands import: start-up is most of their time, so none creeps in unseen."""

from __future__ import annotations

import subprocess
import sys

from batchmgmt.cli.hot import FLAGS, OPTIONS, parse

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


def test_every_public_name_can_be_imported():
    import batchmgmt

    assert batchmgmt.__all__ == sorted(batchmgmt.__all__)
    assert all(getattr(batchmgmt, name) for name in batchmgmt.__all__)


def test_the_hot_parser_takes_the_options_of_the_typer_command():
    from typer.main import get_command

    from batchmgmt.cli.app import app

    command = get_command(app).commands["endpoint"].commands["show"]  # type: ignore[attr-defined]
    spelled = {spelling for option in command.params for spelling in option.opts}
    assert {*OPTIONS, *FLAGS} == spelled - {"--help"}


def test_the_hot_parser_leaves_what_is_not_plain_to_typer():
    assert parse(["-g", "rg", "--name=n", "--details"]) == {"resource_group": "rg", "name": "n", "details": True}
    for unplain in (["--help"], ["-g"], ["-g", "-n"], ["--nonsense", "x"], ["surplus"], ["--details=yes"], ["-grg"]):
        assert parse(unplain) is None
