"""``batchlocal spot``: Spot nodes taken back."""

from __future__ import annotations

import argparse
from typing import Final

from batchlocal.control.client import ControlClient
from batchlocal.control.commands.group import Group, say, show_json
from batchlocal.datafolder import DataFolder

__all__ = ["EXAMPLES", "add_to"]

EXAMPLES: Final = """  batchlocal spot preempt --account myaccount --pool render
  batchlocal spot preempt --account myaccount --pool render --count 3
"""


def add_to(group: Group) -> None:
    """Add the commands to their group."""
    preempt = group.add("preempt", _preempt, "Take Spot nodes back; their tasks are requeued, and replacements come.")
    preempt.add_argument("--account", required=True, help="name of the Batch account")
    preempt.add_argument("--pool", required=True, help="id of the pool")
    which = preempt.add_mutually_exclusive_group()
    which.add_argument("--count", type=int, help="how many (default: 1)")
    which.add_argument("--node", help="id of one node")


def _preempt(options: argparse.Namespace, data: DataFolder) -> int:
    sent = {name: getattr(options, name) for name in ("account", "pool", "count", "node")}
    taken = ControlClient(data).call("POST", "/preemptions", sent)
    return show_json(taken) if options.json else say("preempted: " + ", ".join(taken["preempted"]))
