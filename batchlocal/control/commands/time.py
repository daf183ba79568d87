"""``batchlocal time``: the pace of life cycles, or time moved by hand."""

from __future__ import annotations

import argparse
from typing import Any, Final

from batchlocal.control.client import ControlClient
from batchlocal.control.commands.group import Group, say, show_json
from batchlocal.datafolder import DataFolder

__all__ = ["EXAMPLES", "add_to"]

EXAMPLES: Final = """  batchlocal time set scaled --pace 0.1        ten times as fast as Azure
  batchlocal time set manual                   nothing goes on by itself
  batchlocal time advance 20                   20 of Azure's seconds
  batchlocal time advance --next               just the next thing owed
  batchlocal time set real                     as long as Azure takes
"""


def add_to(group: Group) -> None:
    """Add the commands to their group."""
    group.add("show", _show_time, "Show mode, pace, and what is owed next.")
    change = group.add("set", _set_time, "Change mode and pace, for waits that begin from now on.")
    change.add_argument("mode", choices=("real", "scaled", "manual"))
    change.add_argument("--pace", type=float, help="factor on every wait; 1 is as long as Azure takes")
    advance = group.add("advance", _advance, "Let manual time go on, and return when what came due has been done.")
    amount = advance.add_mutually_exclusive_group(required=True)
    amount.add_argument("seconds", nargs="?", type=float, help="how many of Azure's seconds")
    amount.add_argument("--next", action="store_true", default=None, help="go to the next thing owed")


def _show_time(options: argparse.Namespace, data: DataFolder) -> int:
    return _show_clock(options, ControlClient(data).get("/time"))


def _set_time(options: argparse.Namespace, data: DataFolder) -> int:
    sent = {"mode": options.mode, "pace": options.pace}
    return _show_clock(options, ControlClient(data).call("PUT", "/time", sent))


def _advance(options: argparse.Namespace, data: DataFolder) -> int:
    sent = {"seconds": options.seconds, "next": options.next}
    told = ControlClient(data).call("POST", "/time/advance", sent)
    if not options.json:
        for effect in told["performed"]:
            print(f"done: {effect['kind']} {effect['subject']}")
        if not told["settled"]:
            print("some of it goes on still")
    return _show_clock(options, told)


def _show_clock(options: argparse.Namespace, time: dict[str, Any]) -> int:
    if options.json:
        return show_json(time)
    following = time["next"]
    print(f"time is {time['mode']}, pace {time['pace']:g}; effects owed: {time['owed']}")
    return say(f"next: {following['kind']} {following['subject']} at {following['due']}") if following else 0
