"""``batchmgmt activity``."""

from __future__ import annotations

import json
from contextlib import suppress
from enum import StrEnum
from itertools import islice
from typing import Annotated

import typer

from batchmgmt.activity import PAUSE
from batchmgmt.cli import queries
from batchmgmt.cli.chosen import AccountOptions
from batchmgmt.cli.options import OutputFormat, with_account_options
from batchmgmt.cli.output import Format, say, show_all, show_text

__all__ = ["app"]

app = typer.Typer(
    help="Who did what at management level, from the activity log; service-level calls are never in it.",
    no_args_is_help=True,
)


class LineFormat(StrEnum):
    """What ``activity follow --format`` takes."""

    tsv = "tsv"
    json = "json"


Caller = Annotated[str | None, typer.Option(help="Part of the caller's name.", show_default=False)]
Operation = Annotated[str | None, typer.Option(help="Part of the operation.", show_default=False)]
Status = Annotated[str | None, typer.Option(help="Part of how it went, such as Failed.", show_default=False)]


@app.command("list")
@with_account_options
def list_activity(
    hours: Annotated[float, typer.Option(min=0.01, help="How far back; Azure keeps 90 days.")] = 24,
    caller: Caller = None,
    operation: Operation = None,
    status: Status = None,
    *,
    options: AccountOptions,
    format: OutputFormat = Format.table,
) -> None:
    """List management-level writes and actions, oldest first.

    What goes to the account's endpoint (jobs, tasks, nodes) is never in the activity log: look for it in the account's
    diagnostic logs, category ServiceLog.

    Examples:

        batchmgmt activity list --stack local --hours 2

        batchmgmt activity list --operation listKeys --format json
    """
    queries.list_activity(hours, caller, operation, status, options, format)


@app.command()
@with_account_options
def follow(
    caller: Caller = None,
    operation: Operation = None,
    status: Status = None,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = PAUSE,
    *,
    options: AccountOptions,
    count: Annotated[int | None, typer.Option(min=1, help="End after so many.", show_default=False)] = None,
    format: Annotated[LineFormat, typer.Option(help="What a line is.")] = LineFormat.tsv,
) -> None:
    """Print entries as they appear, a line each, until Ctrl-C. Azure shows them minutes late.

    Examples:

        batchmgmt activity follow --stack local

        batchmgmt activity follow --stack local --operation listKeys --count 1 --format json
    """
    management, group, account = queries.activity_of(options)
    say(queries.NOT_THERE)
    entries = management.activity.follow(
        resource_group=group, account=account, caller=caller, operation=operation, status=status, pause=interval
    )
    with suppress(KeyboardInterrupt):  # how it is meant to end
        for entry in islice(entries, count):
            if format is LineFormat.json:
                show_text(f"{json.dumps(queries.entry_document(entry))}\n")
            else:
                show_all([queries.entry_document(entry)], queries.entry_row, Format.tsv)
