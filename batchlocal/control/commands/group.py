"""What the groups of commands share: how a group is made, and how answers are shown."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from batchlocal.datafolder import DataFolder

__all__ = ["Command", "Group", "Subparsers", "say", "show_json", "show_table"]

Command = Callable[[argparse.Namespace, DataFolder], int]
Subparsers = Any  # argparse keeps the type of add_subparsers' result to itself


class Group:
    """A command with commands of its own."""

    def __init__(
        self, commands: Subparsers, shared: argparse.ArgumentParser, name: str, text: str, examples: str
    ) -> None:
        parser = commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=f"examples:\n{examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self._commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
        self._shared = shared

    def add(self, name: str, command: Command, text: str) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = self._commands.add_parser(
            name, help=text, description=text, parents=[self._shared]
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
