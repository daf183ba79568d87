"""How results are shown: tables for people; json, yaml and tsv for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import typer

__all__ = ["Format", "OutputFormat", "document", "progress_bar", "say", "show_all", "show_one", "waiting"]


class Format(StrEnum):
    """What ``--format`` takes."""

    table = "table"
    json = "json"
    yaml = "yaml"
    tsv = "tsv"


OutputFormat = Annotated[Format, typer.Option("--format", help="tsv has no header, for cut and read.")]

Row = Mapping[str, object]
PIPE_WIDTH = 200  # columns, where no terminal says how many there are


def document(model: Any) -> dict[str, Any]:
    """An SDK model as the JSON that ARM sent."""
    return dict(model.as_dict())


def show_all(items: Sequence[Mapping[str, Any]], row: Callable[[Mapping[str, Any]], Row], form: Format) -> None:
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
            sys.stdout.write("\t".join(_cell(value).replace("\t", " ") for value in each.values()) + "\n")
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


def say(sentence: str) -> None:
    """Tell people how it went, on stderr: stdout is for results."""
    sys.stderr.write(f"{sentence}\n")


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal's stderr, for what takes more than a second; silent elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """A spinner on a terminal's stderr, for what Azure takes its time over; silent elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


def _document(value: object, form: Format) -> None:
    if form is Format.json:
        sys.stdout.write(f"{json.dumps(value, indent=2)}\n")
        return
    import yaml

    sys.stdout.write(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))


def _table(rows: Sequence[Row]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

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
