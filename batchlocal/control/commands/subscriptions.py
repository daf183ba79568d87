"""``batchlocal subscription``: further subscriptions of the tenant."""

from __future__ import annotations

import argparse
from typing import Final
from urllib.parse import quote

from batchlocal.control.client import ControlClient
from batchlocal.control.commands.group import Group, say, show_json, show_table
from batchlocal.datafolder import DataFolder

__all__ = ["EXAMPLES", "add_to"]

EXAMPLES: Final = """  batchlocal subscription add staging
  batchlocal subscription list
  batchlocal subscription remove 00000000-0000-0000-0000-000000000000
"""


def add_to(group: Group) -> None:
    """Add the commands to their group."""
    add = group.add("add", _add, "Make a subscription, empty, for the same principals; prints its id.")
    add.add_argument("name", help="display name")
    group.add("list", _list, "List the tenant's subscriptions.")
    remove = group.add("remove", _remove, "Remove a subscription with all that is in it.")
    remove.add_argument("id", help="subscription id")


def _add(options: argparse.Namespace, data: DataFolder) -> int:
    made = ControlClient(data).call("POST", "/subscriptions", {"name": options.name})
    return show_json(made) if options.json else say(made["id"])


def _list(options: argparse.Namespace, data: DataFolder) -> int:
    found = ControlClient(data).get("/subscriptions")["value"]
    return show_json(found) if options.json else show_table(found, ("id", "name"), "there is none")


def _remove(options: argparse.Namespace, data: DataFolder) -> int:
    ControlClient(data).call("DELETE", f"/subscriptions/{quote(options.id, safe='')}")
    return 0 if options.json else say(f"subscription {options.id} is gone")
