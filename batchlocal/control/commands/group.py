"""What the groups of commands share: how a group is made, and how answers are shown."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from batchlocal.datafolder import DataFolder

__all__ = ["Command", "Group", "Parser", "Subparsers", "examples", "name_of", "say", "show_json", "show_table"]

Command = Callable[[argparse.Namespace, DataFolder], int]
Subparsers = Any  # argparse keeps the type of add_subparsers' result to itself


class Parser(argparse.ArgumentParser):
    """Tells a mistake in one sentence; the parsers of commands are of the same class."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see `{self.prog} --help`\n")


def examples(shown: str, command: str) -> str:
    """Those lines of examples that show the command."""
    lines = [line for line in shown.splitlines() if f"{command} " in f"{line} "]
    return "\n".join(["examples:", *lines])


def name_of(text: str) -> str:
    """An argument that stands in the control API's paths."""
    if not text or "/" in text:
        raise argparse.ArgumentTypeError(f"a name is not empty and has no slash, not '{text}'")
    return text


class Group:
    """A command with commands of its own."""

    def __init__(self, commands: Subparsers, shared: argparse.ArgumentParser, name: str, text: str, shown: str) -> None:
        parser = commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=f"examples:\n{shown}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self._name, self._examples = name, shown
        self._commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
        self._shared = shared

    def add(self, name: str, command: Command, text: str) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = self._commands.add_parser(
            name,
            help=text,
            description=text,
            parents=[self._shared],
            epilog=examples(self._examples, f"batchlocal {self._name} {name}"),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(command=command)
        added.add_argument("--json", action="store_true", help="as JSON")
        return added


def say(text: str) -> int:
    """Print a line; the exit code of a command that did its work."""
    print(text)
    return 0


def show_json(value: object) -> int:
    """Print a value for scripts."""
    return say(json.dumps(value, indent=2))


def show_table(rows: Iterable[dict[str, Any]], columns: Sequence[str], none: str) -> int:
    """Columns as wide as their widest value; ``none`` says that there is nothing."""
    lines = [[str(row.get(name) or "") for name in columns] for row in rows]
    if not lines:
        return say(none)
    widths = [max(map(len, column)) for column in zip(columns, *lines, strict=True)]
    for line in ([name.upper() for name in columns], *lines):
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    return 0
