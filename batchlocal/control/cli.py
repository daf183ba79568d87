"""The commands that steer a running server through its control API: faults, the journal, quotas, snapshots, time.

A command is parse, call, show; tables are for people, ``--json`` is for scripts.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from batchlocal.control.client import ControlClient
from batchlocal.datafolder import DataFolder

__all__ = ["add_commands"]

Command = Callable[[argparse.Namespace, DataFolder], int]
Subparsers = Any  # argparse keeps the type of add_subparsers' result to itself


def add_commands(commands: Subparsers, shared: argparse.ArgumentParser) -> None:
    """Add the groups to ``batchlocal``'s commands; ``shared`` has the options that every command takes."""
    _add_faults(_Group(commands, shared, "fault", "Make requests or resizes go wrong.", _FAULTS))
    _add_journal(_Group(commands, shared, "journal", "Look at the last requests.", _JOURNAL))
    _add_quotas(_Group(commands, shared, "quota", "Look at quotas and set them.", _QUOTAS))
    _add_snapshots(_Group(commands, shared, "snapshot", "Keep a state of everything, and go back to it.", _SNAPSHOTS))
    _add_time(_Group(commands, shared, "time", "Set the pace of life cycles, or move them on by hand.", _TIME))


class _Group:
    """A command with commands of its own."""

    def __init__(
        self, commands: Subparsers, shared: argparse.ArgumentParser, name: str, text: str, examples: str
    ) -> None:
        parser = commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=f"examples:\n{examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self._commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
        self._shared = shared

    def add(self, name: str, command: Command, text: str) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = self._commands.add_parser(
            name, help=text, description=text, parents=[self._shared]
        )
        added.set_defaults(command=command)
        added.add_argument("--json", action="store_true", help="as JSON")
        return added


_FAULTS = """  batchlocal fault add BatchAccount_Create --status 429 --retry-after 2 --times 3
  batchlocal fault add 'Pool_*' --plane arm --kind delay --seconds 5 --times always
  batchlocal fault add Task_Add --kind drop --after-commit
  batchlocal fault add --kind allocation --pool main --code AccountCoreQuotaReached
  batchlocal fault list
  batchlocal fault clear
"""


def _add_faults(group: _Group) -> None:
    add = group.add("add", _add_fault, "Set a fault; it strikes the next requests that fit, in the order of adding.")
    add.add_argument("operation", nargs="?", metavar="OPERATION", help="operationId or pattern, e.g. 'Pool_*'")
    add.add_argument("--kind", choices=("error", "delay", "drop", "allocation"), default="error", help="default: error")
    add.add_argument("--times", type=_times, default=1, help="how often it strikes, or always (default: 1)")
    add.add_argument("--plane", choices=("arm", "service"), help="only requests of this plane")
    add.add_argument("--account", help="only requests for accounts of this name or pattern")
    add.add_argument("--status", type=int, help="error: HTTP status (default: 500)")
    add.add_argument("--code", help="error: error code; allocation: resize error (default: AllocationFailed)")
    add.add_argument("--message", help="error, allocation: the message")
    add.add_argument("--retry-after", type=int, dest="retryAfter", help="error: Retry-After in seconds")
    add.add_argument("--seconds", type=float, help="delay: how long (default: 1)")
    add.add_argument("--after-commit", action="store_true", default=None, dest="afterCommit", help="drop: once done")
    add.add_argument("--pool", help="allocation: only pools of this id or pattern")
    group.add("list", _list_faults, "List the faults that still strike.")
    clear = group.add("clear", _clear_faults, "Take one fault away, or all.")
    clear.add_argument("id", nargs="?", help="id of the fault (default: all)")


def _times(text: str) -> int | str:
    return text if text == "always" else int(text)


def _add_fault(options: argparse.Namespace, data: DataFolder) -> int:
    names = ("operation", "kind", "times", "plane", "account", "status", "code", "message", "retryAfter", "seconds")
    sent = {name: getattr(options, name) for name in (*names, "afterCommit", "pool")}
    fault = ControlClient(data).call("POST", "/faults", sent)
    if options.json:
        return _show_json(fault)
    print(f"fault {fault['id']} is set")
    return 0


def _list_faults(options: argparse.Namespace, data: DataFolder) -> int:
    faults = ControlClient(data).get("/faults")["value"]
    if options.json:
        return _show_json(faults)
    for fault in faults:
        fault["what"] = " ".join(str(fault[name]) for name in ("status", "code", "seconds") if fault.get(name))
        fault["on"] = fault.get("operation") or f"pool {fault['pool']}"
    return _show_table(faults, ("id", "kind", "on", "plane", "account", "what", "times", "struck"), "no fault is set")


def _clear_faults(options: argparse.Namespace, data: DataFolder) -> int:
    cleared = ControlClient(data).call("DELETE", f"/faults/{options.id}" if options.id else "/faults")
    return _show_json(cleared) if options.json else _say(f"faults cleared: {cleared['cleared']}")


_JOURNAL = """  batchlocal journal show --plane arm --limit 20
  batchlocal journal show --operation 'Task_*' --status 409
  batchlocal journal clear
"""


def _add_journal(group: _Group) -> None:
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
        return _show_json(entries)
    columns = ("time", "plane", "status", "milliseconds", "operation", "method", "path", "caller")
    return _show_table(entries, columns, "no request fits")


def _clear_journal(options: argparse.Namespace, data: DataFolder) -> int:
    ControlClient(data).call("DELETE", "/journal")
    return 0 if options.json else _say("the journal is empty")


_QUOTAS = """  batchlocal quota show
  batchlocal quota set accountQuota=3 poolQuota=20
  batchlocal quota show --account myaccount
  batchlocal quota set --account myaccount dedicatedCoreQuota=8 standardDSv3Family=4
"""


def _add_quotas(group: _Group) -> None:
    show = group.add("show", _show_quotas, "List the quotas of the subscription, or of an account.")
    change = group.add("set", _set_quotas, "Set quotas; a subscription's are what its new accounts get.")
    change.add_argument("values", nargs="+", type=_quota, metavar="NAME=NUMBER", help="quota or VM family, and value")
    for command in (show, change):
        command.add_argument("--account", help="name of a Batch account (default: the subscription's quotas)")
        command.add_argument("--subscription", help="subscription id (default: that of batchlocal env)")


def _quota(text: str) -> tuple[str, int]:
    name, _, value = text.partition("=")
    return name, int(value)


def _quotas_path(options: argparse.Namespace, data: DataFolder) -> str:
    if options.account:
        return f"/quotas/accounts/{options.account}"
    return f"/quotas/subscriptions/{options.subscription or data.credentials().subscription_id}"


def _show_quotas(options: argparse.Namespace, data: DataFolder) -> int:
    return _show_quota_values(options, ControlClient(data).get(_quotas_path(options, data)))


def _set_quotas(options: argparse.Namespace, data: DataFolder) -> int:
    families = {name: value for name, value in options.values if name.lower().endswith("family")}
    sent: dict[str, Any] = {name: value for name, value in options.values if name not in families}
    sent |= {"dedicatedCoreQuotaPerVMFamily": families} if families else {}
    return _show_quota_values(options, ControlClient(data).call("PATCH", _quotas_path(options, data), sent))


def _show_quota_values(options: argparse.Namespace, quotas: dict[str, Any]) -> int:
    if options.json:
        return _show_json(quotas)
    values = {**quotas, **quotas.get("dedicatedCoreQuotaPerVMFamily", {})}
    rows = [{"quota": name, "value": str(value)} for name, value in values.items() if isinstance(value, int)]
    return _show_table(rows, ("quota", "value"), "nothing is limited")


_SNAPSHOTS = """  batchlocal snapshot save ready
  batchlocal snapshot restore ready
  batchlocal snapshot list
  batchlocal snapshot remove ready
"""


def _add_snapshots(group: _Group) -> None:
    save = group.add("save", _save_snapshot, "Keep resources, tasks, blobs, node folders and stacks under a name.")
    restore = group.add("restore", _restore_snapshot, "Go back; tasks that ran then wait again, as after a restart.")
    remove = group.add("remove", _remove_snapshot, "Forget a snapshot.")
    for command in (save, restore, remove):
        command.add_argument("name", help="letters, digits, hyphens, dots, underscores")
    group.add("list", _list_snapshots, "List the snapshots.")


def _save_snapshot(options: argparse.Namespace, data: DataFolder) -> int:
    saved = ControlClient(data).call("PUT", f"/snapshots/{options.name}")
    return _show_json(saved) if options.json else _say(f"snapshot {saved['name']} is saved: {saved['size']:,} bytes")


def _restore_snapshot(options: argparse.Namespace, data: DataFolder) -> int:
    restored = ControlClient(data).call("POST", f"/snapshots/{options.name}/restore")
    return _show_json(restored) if options.json else _say(f"all is as it was in snapshot {options.name}")


def _remove_snapshot(options: argparse.Namespace, data: DataFolder) -> int:
    ControlClient(data).call("DELETE", f"/snapshots/{options.name}")
    return 0 if options.json else _say(f"snapshot {options.name} is forgotten")


def _list_snapshots(options: argparse.Namespace, data: DataFolder) -> int:
    found = ControlClient(data).get("/snapshots")["value"]
    return _show_json(found) if options.json else _show_table(found, ("name", "created", "size"), "no snapshot is kept")


_TIME = """  batchlocal time set scaled --pace 0.1        ten times as fast as Azure
  batchlocal time set manual                   nothing goes on by itself
  batchlocal time advance 20                   20 of Azure's seconds
  batchlocal time advance --next               just the next thing owed
  batchlocal time set real                     as long as Azure takes
"""


def _add_time(group: _Group) -> None:
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
        return _show_json(time)
    following = time["next"]
    print(f"time is {time['mode']}, pace {time['pace']:g}; effects owed: {time['owed']}")
    return _say(f"next: {following['kind']} {following['subject']} at {following['due']}") if following else 0


def _say(text: str) -> int:
    print(text)
    return 0


def _show_json(value: object) -> int:
    return _say(json.dumps(value, indent=2))


def _show_table(rows: Iterable[dict[str, Any]], columns: Sequence[str], none: str) -> int:
    """Columns as wide as their widest value; ``none`` says that there is nothing."""
    lines = [[str(row.get(name) or "") for name in columns] for row in rows]
    if not lines:
        return _say(none)
    widths = [max(map(len, column)) for column in zip(columns, *lines, strict=True)]
    for line in ([name.upper() for name in columns], *lines):
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    return 0
