"""Makes docs/reference/cli.md from what `batchmgmt --help` is made from; `--check` fails when the page is stale."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

from batchmgmt.cli.app import application
from batchmgmt.handoff import FORMATS, find

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "cli.md"
HEAD = """# batchmgmt: command reference

Made from `batchmgmt --help` by `scripts/make_cli_reference.py`; `make lint` fails when it is stale.

Exit codes: 0 done, 1 failed (Azure's code and message on stderr), 2 usage, 3 a check found something, 130 stopped by
Ctrl-C. `--debug` shows each request and the traceback of a failure, with secrets masked.
"""


def main() -> int:
    """Write the page, or compare it."""
    text = page()
    if "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text() != text:
            print(f"{PAGE.name} is stale: run scripts/make_cli_reference.py", file=sys.stderr)
            return 1
        return 0
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text)
    return 0


def page() -> str:
    """The whole page."""
    sections = [section(names, command) for names, command in commands(get_command(application()), ["batchmgmt"])]
    return "\n".join([HEAD, *sections, formats()])


def commands(command: Any, names: list[str]) -> Iterator[tuple[list[str], Any]]:
    """Every command that does something, with the words that call it."""
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, [*names, name])
    if not hasattr(command, "commands"):
        yield names, command


def section(names: list[str], command: Any) -> str:
    """One command: usage, help with its examples, parameters."""
    context = typer.Context(command, info_name=" ".join(names))
    about, _, examples = (command.help or "").partition("Examples:")
    lines = [f"## {' '.join(names)}", "", " ".join(about.split("\n\n")[0].split()), ""]
    for each in about.split("\n\n")[1:]:
        lines += [" ".join(each.split()), ""] if each.strip() else []
    lines += ["```", *(line.strip() for line in examples.splitlines() if line.strip()), "```", ""]
    lines += ["| parameter | |", "|---|---|"]
    lines += [row for parameter in command.get_params(context) if (row := parameter_row(parameter))]
    return "\n".join(lines) + "\n"


def parameter_row(parameter: Any) -> str:
    """A parameter's spellings, help and default."""
    if parameter.name == "help":
        return ""
    spellings = " ".join(parameter.opts + parameter.secondary_opts)
    if parameter.param_type_name == "argument":
        spellings = str(parameter.metavar or parameter.name).strip("{}").upper()
    text = parameter.help or ""
    if isinstance(parameter.default, Enum):
        text += f" One of {', '.join(type(parameter.default))}."
    if parameter.required:
        text += " Required."
    elif parameter.default not in (None, False, ()) and not callable(parameter.default):
        text += f" Default: {getattr(parameter.default, 'value', parameter.default)}."
    return f"| `{spellings}` | {text} |"


def formats() -> str:
    """The hand-off formats of `endpoint show`."""
    lines = [
        "## Formats of endpoint show",
        "",
        "| format | for | in our tests | holds a secret |",
        "|---|---|---|---|",
    ]
    for name in FORMATS:
        form = find(name)
        lines.append(f"| `{name}` | {form.help} | {form.read_by} | {'yes' if form.secret else 'no'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
