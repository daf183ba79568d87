"""``batchmgmt activity``."""

from __future__ import annotations

import json
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from batchmgmt.activity import PAUSE, Entry
from batchmgmt.cli.options import AccountName, ResourceGroup, Stack, Subscription, account_of, management_of
from batchmgmt.cli.output import Format, OutputFormat, say, show_all, show_text
from batchmgmt.management import BatchManagement

__all__ = ["app"]

app = typer.Typer(
    help="Who did what at management level, from the activity log; service-level calls are never in it.",
    no_args_is_help=True,
)


class LineFormat(StrEnum):
    """What ``activity follow --format`` takes."""

    tsv = "tsv"
    json = "json"


NOT_THERE = (
    "Service-level calls (jobs, tasks, nodes) go around ARM and are never in the activity log;"
    " look for them in the account's diagnostic logs, category ServiceLog."
)


Caller = Annotated[str | None, typer.Option(help="Part of the caller's name.", show_default=False)]
Operation = Annotated[str | None, typer.Option(help="Part of the operation.", show_default=False)]
Status = Annotated[str | None, typer.Option(help="Part of how it went, such as Failed.", show_default=False)]


@app.command("list")
def list_activity(
    hours: Annotated[float, typer.Option(min=0.01, help="How far back; Azure keeps 90 days.")] = 24,
    caller: Caller = None,
    operation: Operation = None,
    status: Status = None,
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
    format: OutputFormat = Format.table,
) -> None:
    """List management-level writes and actions, oldest first.

    What goes to the account's endpoint (jobs, tasks, nodes) is never in the activity log: look for it in the account's
    diagnostic logs, category ServiceLog.

    Examples:

        batchmgmt activity list --stack local --hours 2

        batchmgmt activity list --operation listKeys --format json
    """
    management, group, account = _chosen(resource_group, name, stack, subscription)
    since = timedelta(hours=hours)
    entries = management.activity.list(
        resource_group=group, account=account, since=since, caller=caller, operation=operation, status=status
    )
    show_all([_document(each) for each in entries], _row, format)
    if format is Format.table:
        say(NOT_THERE)


@app.command()
def follow(
    caller: Caller = None,
    operation: Operation = None,
    status: Status = None,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = PAUSE,
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
    count: Annotated[int | None, typer.Option(min=1, help="End after so many.", show_default=False)] = None,
    format: Annotated[LineFormat, typer.Option(help="What a line is.")] = LineFormat.tsv,
) -> None:
    """Print entries as they appear, a line each, until Ctrl-C. Azure shows them minutes late.

    Examples:

        batchmgmt activity follow --stack local

        batchmgmt activity follow --stack local --operation listKeys --count 1 --format json
    """
    management, group, account = _chosen(resource_group, name, stack, subscription)
    say(NOT_THERE)
    entries = management.activity.follow(
        resource_group=group, account=account, caller=caller, operation=operation, status=status, pause=interval
    )
    for number, entry in enumerate(entries, 1):
        if format is LineFormat.json:
            show_text(f"{json.dumps(_document(entry))}\n")
        else:
            show_all([_document(entry)], _row, Format.tsv)
        if number == count:
            return


def _chosen(
    resource_group: str | None, name: str | None, stack: str | None, subscription: str | None
) -> tuple[BatchManagement, str | None, str | None]:
    if stack or name:
        account = account_of(resource_group, name, stack, subscription)
        return account.management, account.resource_group, account.name
    return management_of(subscription), resource_group, None


def _document(entry: Entry) -> dict[str, Any]:
    return {
        "time": entry.time.isoformat(),
        "caller": entry.caller,
        "operation": entry.operation,
        "status": entry.status,
        "resourceId": entry.resource_id,
        "correlationId": entry.correlation_id,
    }


def _row(entry: Any) -> dict[str, object]:
    resource = "/".join(entry["resourceId"].split("/providers/")[-1].split("/")[1:])
    return {
        "time": entry["time"][:19],
        "caller": entry["caller"],
        "operation": entry["operation"],
        "on": resource,
        "status": entry["status"],
    }
