"""``batchmgmt location``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from batchmgmt.cli.options import AccountName, ResourceGroup, Stack, Subscription, account_of, management_of
from batchmgmt.cli.output import Format, OutputFormat, document, say, show_all, show_one
from batchmgmt.errors import UsageError

__all__ = ["app"]

app = typer.Typer(help="What a region offers: quotas, VM sizes, images, names.", no_args_is_help=True)

Location = Annotated[
    str | None, typer.Option("--location", "-l", help="Region; else the account's.", show_default=False)
]


@app.command()
def quota(
    location: Location = None,
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
    format: OutputFormat = Format.table,
) -> None:
    """Show how many accounts the region allows and, of a named account, its cores, pools and jobs.

    Examples:

        batchmgmt location quota --stack local

        batchmgmt location quota --location westeurope
    """
    if location and not (stack or name):
        accounts = management_of(subscription).locations.account_quota(location)
        show_one({"location": location, "accounts": accounts}, dict, format)
        return
    account = account_of(resource_group, name, stack, subscription)
    found = document(account.get())
    properties, region = found["properties"], location or found["location"]
    quotas = {
        "location": region,
        "accounts": account.management.locations.account_quota(region),
        "account": account.name,
        "dedicatedCores": properties.get("dedicatedCoreQuota"),
        "lowPriorityCores": properties.get("lowPriorityCoreQuota"),
        "pools": properties.get("poolQuota"),
        "activeJobsAndSchedules": properties.get("activeJobAndJobScheduleQuota"),
    }
    show_one(quotas, dict, format)


@app.command()
def skus(
    location: Location = None,
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
    format: OutputFormat = Format.table,
) -> None:
    """List the VM sizes that pools in a region may have.

    Examples:

        batchmgmt location skus --stack local
    """
    if location:
        management = management_of(subscription)
    else:
        account = account_of(resource_group, name, stack, subscription)
        management, location = account.management, str(account.get().location)
    show_all([document(each) for each in management.locations.skus(location)], _sku, format)


@app.command()
def images(
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
    format: OutputFormat = Format.table,
) -> None:
    """List the images that an account's pools may use, with their node agents. A service-level call.

    Examples:

        batchmgmt location images --stack local
    """
    account = account_of(resource_group, name, stack, subscription)
    show_all([document(each) for each in account.images()], _image, format)


@app.command("check-name")
def check_name(
    account: Annotated[str, typer.Argument(help="Name for a new Batch account.")],
    location: Location = None,
    subscription: Subscription = None,
) -> None:
    """Say whether an account of that name could be created; exit code 3 when not.

    Examples:

        batchmgmt location check-name someunusualname --location westeurope
    """
    if location is None:
        raise UsageError("say which region: --location")
    answer = management_of(subscription).locations.check_name(location, account)
    say(f"'{account}' is free in {location}" if answer.name_available else str(answer.message))
    if not answer.name_available:
        raise typer.Exit(3)


def _sku(sku: Mapping[str, Any]) -> dict[str, object]:
    capabilities = {each.get("name"): each.get("value") for each in sku.get("capabilities") or []}
    return {
        "name": sku["name"],
        "family": sku.get("familyName"),
        "vCPUs": capabilities.get("vCPUs"),
        "memory GB": capabilities.get("MemoryGB"),
    }


def _image(image: Mapping[str, Any]) -> dict[str, object]:
    reference = image.get("imageReference") or {}
    return {
        "publisher": reference.get("publisher"),
        "offer": reference.get("offer"),
        "sku": reference.get("sku"),
        "node agent": image.get("nodeAgentSKUId"),
        "os": image.get("osType"),
    }
