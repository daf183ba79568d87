"""``batchlocal journal``: the last requests."""

from __future__ import annotations

import argparse
from typing import Final

from batchlocal.control.client import ControlClient
from batchlocal.control.commands.group import Group, say, show_json, show_table
from batchlocal.datafolder import DataFolder

__all__ = ["EXAMPLES", "add_to"]

EXAMPLES: Final = """  batchlocal journal show --plane arm --limit 20
  batchlocal journal show --operation 'Task_*' --status 409
  batchlocal journal clear
"""


def add_to(group: Group) -> None:
    """Add the commands to their group."""
    show = group.add("show", _show_journal, "List the last requests, newest first.")
    show.add_argument("--plane", help="arm, service or authority")
    show.add_argument("--operation", help="operationId or pattern, e.g. 'Pool_*'")
    show.add_argument("--method", help="HTTP method")
    show.add_argument("--status", help="HTTP status or pattern, e.g. '4*'; 0 is a dropped connection")
    show.add_argument("--caller", help="object id of the principal, or SharedKey")
    show.add_argument("--limit", type=int, default=50, help="how many (default: 50)")
    group.add("clear", _clear_journal, "Forget the requests so far.")


def _show_journal(options: argparse.Namespace, data: DataFolder) -> int:
    names = ("plane", "operation", "method", "status", "caller", "limit")
    entries = ControlClient(data).get("/journal", **{name: getattr(options, name) for name in names})["value"]
    if options.json:
        return show_json(entries)
    columns = ("time", "plane", "status", "milliseconds", "operation", "method", "path", "caller")
    return show_table(entries, columns, "no request fits")


def _clear_journal(options: argparse.Namespace, data: DataFolder) -> int:
    ControlClient(data).call("DELETE", "/journal")
    return 0 if options.json else say("the journal is empty")
