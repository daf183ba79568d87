"""``batchlocal snapshot``: keep a state of everything, and go back to it."""

from __future__ import annotations

import argparse
from typing import Final
from urllib.parse import quote

from batchlocal.control.client import ControlClient
from batchlocal.control.commands.group import Group, name_of, say, show_json, show_table
from batchlocal.datafolder import DataFolder

__all__ = ["EXAMPLES", "add_to"]

EXAMPLES: Final = """  batchlocal snapshot save ready
  batchlocal snapshot restore ready
  batchlocal snapshot list
  batchlocal snapshot remove ready
"""


def add_to(group: Group) -> None:
    """Add the commands to their group."""
    save = group.add("save", _save_snapshot, "Keep resources, tasks, blobs, node folders and stacks under a name.")
    restore = group.add("restore", _restore_snapshot, "Go back; tasks that ran then wait again, as after a restart.")
    remove = group.add("remove", _remove_snapshot, "Forget a snapshot.")
    for command in (save, restore, remove):
        command.add_argument("name", type=name_of, help="letters, digits, hyphens, dots, underscores")
    group.add("list", _list_snapshots, "List the snapshots.")


def _save_snapshot(options: argparse.Namespace, data: DataFolder) -> int:
    saved = ControlClient(data).call("PUT", f"/snapshots/{quote(options.name)}")
    return show_json(saved) if options.json else say(f"snapshot {saved['name']} is saved: {saved['size']:,} bytes")


def _restore_snapshot(options: argparse.Namespace, data: DataFolder) -> int:
    restored = ControlClient(data).call("POST", f"/snapshots/{quote(options.name)}/restore")
    return show_json(restored) if options.json else say(f"all is as it was in snapshot {options.name}")


def _remove_snapshot(options: argparse.Namespace, data: DataFolder) -> int:
    ControlClient(data).call("DELETE", f"/snapshots/{quote(options.name)}")
    return 0 if options.json else say(f"snapshot {options.name} is forgotten")


def _list_snapshots(options: argparse.Namespace, data: DataFolder) -> int:
    found = ControlClient(data).get("/snapshots")["value"]
    return show_json(found) if options.json else show_table(found, ("name", "created", "size"), "no snapshot is kept")
