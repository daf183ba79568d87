"""``batchlocal fault``: make requests or resizes go wrong."""

from __future__ import annotations

import argparse
from typing import Final
from urllib.parse import quote

from batchlocal.control.client import ControlClient
from batchlocal.control.commands.group import Group, say, show_json, show_table
from batchlocal.datafolder import DataFolder

__all__ = ["EXAMPLES", "add_to"]

EXAMPLES: Final = """  batchlocal fault add BatchAccount_Create --status 429 --retry-after 2 --times 3
  batchlocal fault add 'Pool_*' --plane arm --kind delay --seconds 5 --times always
  batchlocal fault add Task_Add --kind drop --after-commit
  batchlocal fault add Task_AddCollection --task 'frame-1*' --status 503 --times always
  batchlocal fault add --kind allocation --pool main --code AccountCoreQuotaReached
  batchlocal fault add 'BlockBlob_*' --status 503 --retry-after 2
  batchlocal fault list
  batchlocal fault clear
"""


def add_to(group: Group) -> None:
    """Add the commands to their group."""
    add = group.add("add", _add_fault, "Set a fault; it strikes the next requests that fit, in the order of adding.")
    add.add_argument("operation", nargs="?", metavar="OPERATION", help="operationId or pattern, e.g. 'Pool_*'")
    add.add_argument("--kind", choices=("error", "delay", "drop", "allocation"), default="error", help="default: error")
    add.add_argument("--times", type=_times, default=1, help="how often it strikes, or always (default: 1)")
    add.add_argument("--plane", choices=("arm", "service", "storage"), help="only requests of this plane")
    add.add_argument("--account", help="only requests for accounts of this name or pattern")
    add.add_argument("--status", type=int, help="error: HTTP status (default: 500)")
    add.add_argument("--code", help="error: error code; allocation: resize error (default: AllocationFailed)")
    add.add_argument("--message", help="error, allocation: the message")
    add.add_argument("--retry-after", type=int, dest="retryAfter", help="error: Retry-After in seconds")
    add.add_argument("--seconds", type=float, help="delay: how long (default: 1)")
    add.add_argument("--after-commit", action="store_true", default=None, dest="afterCommit", help="drop: once done")
    add.add_argument("--pool", help="allocation: only pools of this id or pattern")
    add.add_argument("--task", help="error of Task_AddCollection: only tasks of this id or pattern, each by itself")
    group.add("list", _list_faults, "List the faults that still strike.")
    clear = group.add("clear", _clear_faults, "Take one fault away, or all.")
    clear.add_argument("id", nargs="?", help="id of the fault (default: all)")


def _times(text: str) -> int | str:
    return text if text == "always" else int(text)


def _add_fault(options: argparse.Namespace, data: DataFolder) -> int:
    names = ("operation", "kind", "times", "plane", "account", "status", "code", "message", "retryAfter", "seconds")
    sent = {name: getattr(options, name) for name in (*names, "afterCommit", "pool", "task")}
    fault = ControlClient(data).call("POST", "/faults", sent)
    if options.json:
        return show_json(fault)
    print(f"fault {fault['id']} is set")
    return 0


def _list_faults(options: argparse.Namespace, data: DataFolder) -> int:
    faults = ControlClient(data).get("/faults")["value"]
    if options.json:
        return show_json(faults)
    for fault in faults:
        fault["what"] = " ".join(str(fault[name]) for name in ("status", "code", "seconds") if fault.get(name))
        fault["on"] = fault.get("operation") or f"pool {fault['pool']}"
    return show_table(faults, ("id", "kind", "on", "plane", "account", "what", "times", "struck"), "no fault is set")


def _clear_faults(options: argparse.Namespace, data: DataFolder) -> int:
    cleared = ControlClient(data).call("DELETE", f"/faults/{quote(options.id, safe='')}" if options.id else "/faults")
    return show_json(cleared) if options.json else say(f"faults cleared: {cleared['cleared']}")
