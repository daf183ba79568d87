"""The commonest commands, which only read, without Typer and SDKs: their groups and the hot path both call them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from batchmgmt.cli.chosen import AccountOptions, management_of, subscription_reader
from batchmgmt.cli.output import Format, say, show_all, show_one

if TYPE_CHECKING:
    from batchmgmt.activity import Entry
    from batchmgmt.management import BatchManagement

__all__ = [
    "NOT_THERE",
    "activity_of",
    "entry_document",
    "entry_row",
    "list_accounts",
    "list_activity",
    "list_applications",
    "list_keys",
    "list_packages",
    "list_pools",
    "pool_row",
    "show_account",
    "show_application",
    "show_pool",
]

NOT_THERE: Final = (
    "Service-level calls (jobs, tasks, nodes) go around ARM and are never in the activity log;"
    " look for them in the account's diagnostic logs, category ServiceLog."
)


def list_accounts(resource_group: str | None, subscription: str | None, format: Format) -> None:
    """``account list``."""
    show_all(subscription_reader(subscription).accounts(resource_group), _account, format)


def show_account(options: AccountOptions, format: Format) -> None:
    """``account show``."""
    show_one(options.reader().account(), _whole_account, format)


def list_keys(options: AccountOptions, format: Format) -> None:
    """``keys list``."""
    keys = options.reader().keys()
    show_all([{"keyName": each, "key": keys.get(each, "")} for each in ("primary", "secondary")], dict, format)


def list_pools(options: AccountOptions, format: Format) -> None:
    """``pool list``."""
    show_all(options.reader().list("pools", "pools"), pool_row, format)


def show_pool(pool: str, options: AccountOptions, format: Format) -> None:
    """``pool show``."""
    show_one(options.reader().get(f"pool '{pool}'", "pools", pool), pool_row, format)


def list_applications(options: AccountOptions, format: Format) -> None:
    """``application list``."""
    show_all(options.reader().list("applications", "applications"), _application, format)


def show_application(application: str, options: AccountOptions, format: Format) -> None:
    """``application show``."""
    found = options.reader().get(f"application '{application}'", "applications", application)
    show_one(found, _application, format)


def list_packages(application: str, options: AccountOptions, format: Format) -> None:
    """``package list``."""
    what = f"packages of application '{application}'"
    show_all(options.reader().list(what, "applications", application, "versions"), _package, format)


def list_activity(
    hours: float,
    caller: str | None,
    operation: str | None,
    status: str | None,
    options: AccountOptions,
    format: Format,
) -> None:
    """``activity list``."""
    management, group, account = activity_of(options)
    entries = management.activity.list(
        resource_group=group,
        account=account,
        since=timedelta(hours=hours),
        caller=caller,
        operation=operation,
        status=status,
    )
    show_all([entry_document(each) for each in entries], entry_row, format)
    if format is Format.table:
        say(NOT_THERE)


def _account(account: Mapping[str, Any]) -> dict[str, object]:
    properties = account["properties"]
    return {
        "name": account["name"],
        "resource group": account["id"].split("/")[4],
        "location": account["location"],
        "endpoint": properties.get("accountEndpoint"),
        "state": properties.get("provisioningState"),
    }


def _whole_account(account: Mapping[str, Any]) -> dict[str, object]:
    properties = account["properties"]
    storage = properties.get("autoStorage") or {}
    return {
        **_account(account),
        "allocation mode": properties.get("poolAllocationMode"),
        "authentication": properties.get("allowedAuthenticationModes"),
        "public network access": properties.get("publicNetworkAccess"),
        "linked storage": str(storage.get("storageAccountId", "")).rsplit("/", 1)[-1],
        "storage authentication": storage.get("authenticationMode"),
        "dedicated cores": properties.get("dedicatedCoreQuota"),
        "low-priority cores": properties.get("lowPriorityCoreQuota"),
        "pools": properties.get("poolQuota"),
        "active jobs and schedules": properties.get("activeJobAndJobScheduleQuota"),
    }


def pool_row(pool: Mapping[str, Any]) -> dict[str, object]:
    """A pool as a table shows it."""
    properties = pool["properties"]
    errors = (properties.get("resizeOperationStatus") or {}).get("errors") or []
    fixed = (properties.get("scaleSettings") or {}).get("fixedScale") or {}
    return {
        "name": pool["name"],
        "vm size": properties.get("vmSize"),
        "dedicated": _of(properties.get("currentDedicatedNodes"), fixed.get("targetDedicatedNodes")),
        "low-priority": _of(properties.get("currentLowPriorityNodes"), fixed.get("targetLowPriorityNodes")),
        "allocation": properties.get("allocationState"),
        "state": properties.get("provisioningState"),
        "resize errors": [each.get("code") for each in errors],
    }


def _of(current: int | None, target: int | None) -> str:
    return f"{current or 0}" if target is None else f"{current or 0} of {target}"


def _application(application: Mapping[str, Any]) -> dict[str, object]:
    properties = application.get("properties") or {}
    return {
        "name": application["name"],
        "display name": properties.get("displayName"),
        "default version": properties.get("defaultVersion"),
        "allow updates": properties.get("allowUpdates"),
    }


def _package(package: Mapping[str, Any]) -> dict[str, object]:
    properties = package.get("properties") or {}
    return {
        "version": package["name"],
        "state": properties.get("state"),
        "format": properties.get("format"),
        "activated": properties.get("lastActivationTime"),
    }


def activity_of(options: AccountOptions) -> tuple[BatchManagement, str | None, str | None]:
    """The management, resource group and account whose activity is asked for; neither of the latter need be given."""
    if options.stack or options.name:
        found = options.named()
        return management_of(found.subscription), found.resource_group, found.account
    return management_of(options.subscription), options.resource_group, None


def entry_document(entry: Entry) -> dict[str, Any]:
    """An entry of the activity log as json shows it."""
    return {
        "time": entry.time.isoformat(),
        "caller": entry.caller,
        "operation": entry.operation,
        "status": entry.status,
        "resourceId": entry.resource_id,
        "correlationId": entry.correlation_id,
    }


def entry_row(entry: Any) -> dict[str, object]:
    """An entry's document as a table shows it."""
    resource = "/".join(entry["resourceId"].split("/providers/")[-1].split("/")[1:])
    return {
        "time": entry["time"][:19],
        "caller": entry["caller"],
        "operation": entry["operation"],
        "on": resource,
        "status": entry["status"],
    }
