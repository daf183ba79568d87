"""How results are shown: tables for people; json, yaml and tsv for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from batchmgmt.cli import progress

__all__ = ["Format", "document", "say", "show_all", "show_one", "show_text"]


class Format(StrEnum):
    """What ``--format`` takes."""

    table = "table"
    json = "json"
    yaml = "yaml"
    tsv = "tsv"


Row = Mapping[str, object]
PIPE_WIDTH = 200  # columns, where no terminal says how many there are


def document(model: Any) -> dict[str, Any]:
    """An SDK model as the JSON that ARM sent."""
    return dict(model.as_dict())


def show_all(items: Iterable[Mapping[str, Any]], row: Callable[[Mapping[str, Any]], Row], form: Format) -> None:
    """Show a list.

    Args:
        items: JSON values, shown whole as json and yaml. row: a row's cells by column, for table and tsv.
    """
    if form in (Format.json, Format.yaml):
        _document(list(items), form)
        return
    rows = [row(item) for item in items]
    if form is Format.tsv:
        for each in rows:
            show_text("\t".join(_cell(value).replace("\t", " ") for value in each.values()) + "\n")
        return
    _table(rows)


def show_one(item: Mapping[str, Any], row: Callable[[Mapping[str, Any]], Row], form: Format) -> None:
    """Show one thing: as a table, a line a property."""
    if form is Format.json or form is Format.yaml:
        _document(item, form)
    elif form is Format.tsv:
        show_all([item], row, form)
    else:
        _table([{"property": name, "value": value} for name, value in row(item).items()])


def show_text(text: str) -> None:
    """Print a result that is text already; every result is printed by way of this, so that no spinner is in its way."""
    progress.end()
    sys.stdout.write(text)
    sys.stdout.flush()


def say(sentence: str) -> None:
    """Tell people how it went, on stderr: stdout is for results."""
    progress.end()
    sys.stderr.write(f"{sentence}\n")


def _document(value: object, form: Format) -> None:
    if form is Format.json:
        show_text(f"{json.dumps(value, indent=2)}\n")
        return
    import yaml

    show_text(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))


def _table(rows: Sequence[Row]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    progress.end()
    console = Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)
    if not rows:
        say("nothing found")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)
