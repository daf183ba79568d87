"""``batchlocal quota``: quotas of the subscription and of accounts."""

from __future__ import annotations

import argparse
from typing import Any, Final
from urllib.parse import quote

from batchlocal.control.client import ControlClient
from batchlocal.control.commands.group import Group, show_json, show_table
from batchlocal.datafolder import DataFolder

__all__ = ["EXAMPLES", "add_to"]

EXAMPLES: Final = """  batchlocal quota show
  batchlocal quota set accountQuota=3 poolQuota=20
  batchlocal quota set compute.cores=16 compute.standardDSv3Family=8
  batchlocal quota show --account myaccount
  batchlocal quota set --account myaccount dedicatedCoreQuota=8 standardDSv3Family=4
"""

_COMPUTE: Final = "compute."
"""Stands before a subscription's quotas of compute, which bind accounts of allocation mode UserSubscription."""


def add_to(group: Group) -> None:
    """Add the commands to their group."""
    show = group.add("show", _show_quotas, "List the quotas of the subscription, or of an account.")
    change = group.add("set", _set_quotas, "Set quotas; a subscription's are what its new accounts get.")
    change.add_argument("values", nargs="+", type=_quota, metavar="NAME=NUMBER", help="quota or VM family, and value")
    for command in (show, change):
        command.add_argument("--account", help="name of a Batch account (default: the subscription's quotas)")
        command.add_argument("--subscription", help="subscription id (default: that of batchlocal env)")


def _quota(text: str) -> tuple[str, int]:
    name, _, value = text.partition("=")
    if not name or not value.isdecimal():
        raise argparse.ArgumentTypeError(f"a quota is set as NAME=NUMBER, such as poolQuota=20, not '{text}'")
    return name, int(value)


def _quotas_path(options: argparse.Namespace, data: DataFolder) -> str:
    if options.account:
        return f"/quotas/accounts/{quote(options.account, safe='')}"
    return f"/quotas/subscriptions/{quote(options.subscription or data.credentials().subscription_id, safe='')}"


def _show_quotas(options: argparse.Namespace, data: DataFolder) -> int:
    return _show_quota_values(options, ControlClient(data).get(_quotas_path(options, data)))


def _set_quotas(options: argparse.Namespace, data: DataFolder) -> int:
    compute = {name.removeprefix(_COMPUTE): value for name, value in options.values if name.startswith(_COMPUTE)}
    own = {name: value for name, value in options.values if not name.startswith(_COMPUTE)}
    families = {name: value for name, value in own.items() if name.lower().endswith("family")}
    sent: dict[str, Any] = {name: value for name, value in own.items() if name not in families}
    sent |= {"dedicatedCoreQuotaPerVMFamily": families} if families else {}
    sent |= {"computeQuota": compute} if compute else {}
    return _show_quota_values(options, ControlClient(data).call("PATCH", _quotas_path(options, data), sent))


def _show_quota_values(options: argparse.Namespace, quotas: dict[str, Any]) -> int:
    if options.json:
        return show_json(quotas)
    compute = {f"{_COMPUTE}{name}": value for name, value in quotas.get("computeQuota", {}).items()}
    values = {**quotas, **quotas.get("dedicatedCoreQuotaPerVMFamily", {}), **compute}
    rows = [{"quota": name, "value": str(value)} for name, value in values.items() if isinstance(value, int)]
    return show_table(rows, ("quota", "value"), "nothing is limited")
