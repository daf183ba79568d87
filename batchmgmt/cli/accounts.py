"""``batchmgmt account``."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from batchmgmt.cli.options import (
    AccountName,
    ResourceGroup,
    Stack,
    Subscription,
    Yes,
    account_of,
    confirm,
    management_of,
)
from batchmgmt.cli.output import Format, OutputFormat, document, say, show_all, show_one
from batchmgmt.cli.progress import waiting

__all__ = ["app"]

app = typer.Typer(help="Batch accounts: list, show, link storage, delete.", no_args_is_help=True)


@app.command("list")
def list_accounts(
    resource_group: ResourceGroup = None, subscription: Subscription = None, format: OutputFormat = Format.table
) -> None:
    """List the subscription's accounts, or those of one resource group.

    Examples:

        batchmgmt account list

        batchmgmt account list --format tsv
    """
    accounts = management_of(subscription).accounts.list(resource_group)
    show_all([document(each) for each in accounts], _brief, format)


@app.command()
def show(
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
    format: OutputFormat = Format.table,
) -> None:
    """Show one account: endpoint, linked storage, quotas, how it lets callers in.

    Examples:

        batchmgmt account show --stack local
    """
    account = account_of(resource_group, name, stack, subscription)
    show_one(document(account.get()), _full, format)


@app.command("link-storage")
def link_storage(
    storage: Annotated[str, typer.Option("--storage-account", help="ARM id, or name in the account's group.")],
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
) -> None:
    """Link a storage account, which application packages need.

    Examples:

        batchmgmt account link-storage --stack local --storage-account my-storage
    """
    account = account_of(resource_group, name, stack, subscription)
    scope = f"/subscriptions/{account.management.subscription_id}/resourceGroups/{account.resource_group}"
    wanted = storage if "/" in storage else f"{scope}/providers/Microsoft.Storage/storageAccounts/{storage}"
    account.link_storage(wanted)
    say(f"account '{account.name}' is linked to {wanted.rsplit('/', 1)[-1]}")


@app.command()
def detectors(
    detector: Annotated[
        str | None, typer.Argument(help="Id of one, to be shown whole.", metavar="[DETECTOR]", show_default=False)
    ] = None,
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
    format: OutputFormat = Format.table,
) -> None:
    """List Azure's own diagnostics of the account, or show what one of them found.

    Examples:

        batchmgmt account detectors --stack local --format json

        batchmgmt account detectors poolsAndNodes --stack local
    """
    account = account_of(resource_group, name, stack, subscription)
    if detector:
        show_one(_decoded(document(account.detector(detector))), dict, format)
    else:
        show_all([document(each) for each in account.detectors()], lambda each: {"name": each.get("name")}, format)


@app.command("outbound-endpoints")
def outbound_endpoints(
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
    format: OutputFormat = Format.table,
) -> None:
    """List the hosts that nodes without public addresses must be let out to.

    Examples:

        batchmgmt account outbound-endpoints --stack local --format tsv
    """
    account = account_of(resource_group, name, stack, subscription)
    hosts = [host for each in account.outbound_dependencies() for host in _hosts(document(each))]
    show_all(hosts, dict, format)


@app.command()
def delete(
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
    yes: Yes = False,
) -> None:
    """Delete an account with its pools, jobs and packages, and wait until it is gone.

    Examples:

        batchmgmt account delete -g my-group -n oldaccount --yes
    """
    account = account_of(resource_group, name, stack, subscription)
    confirm(f"delete account '{account.name}' with all it holds", yes)
    with waiting(f"deleting account '{account.name}'") as news:
        account.delete(progress=lambda seconds: news(f"{seconds:.0f} s"))
    say(f"account '{account.name}' is gone")


def _decoded(detector: Mapping[str, Any]) -> dict[str, object]:
    """A detector with its value, which comes as base64 of JSON, readable."""
    value = (detector.get("properties") or {}).get("value") or ""
    try:
        found = json.loads(base64.b64decode(value))
    except ValueError:
        found = value
    return {"name": detector.get("name"), "value": found}


def _hosts(category: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    """A category of dependencies, a host a row."""
    for endpoint in category.get("endpoints") or []:
        ports = [each.get("port") for each in endpoint.get("endpointDetails") or []]
        yield {"category": category.get("category"), "host": endpoint.get("domainName"), "ports": ports}


def _brief(account: Mapping[str, Any]) -> dict[str, object]:
    properties = account["properties"]
    return {
        "name": account["name"],
        "resource group": account["id"].split("/")[4],
        "location": account["location"],
        "endpoint": properties.get("accountEndpoint"),
        "state": properties.get("provisioningState"),
    }


def _full(account: Mapping[str, Any]) -> dict[str, object]:
    properties = account["properties"]
    storage = properties.get("autoStorage") or {}
    return {
        **_brief(account),
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
