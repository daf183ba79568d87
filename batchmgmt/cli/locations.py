"""``batchmgmt location``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from batchmgmt.cli.chosen import AccountOptions, management_of, subscription_reader
from batchmgmt.cli.options import OutputFormat, Subscription, with_account_options
from batchmgmt.cli.output import Format, document, say, show_all, show_one
from batchmgmt.errors import UsageError

__all__ = ["app"]

app = typer.Typer(help="What a region offers: quotas, VM sizes, images, names.", no_args_is_help=True)

Location = Annotated[
    str | None, typer.Option("--location", "-l", help="Region; else the account's.", show_default=False)
]


@app.command()
@with_account_options
def quota(
    location: Location = None,
    *,
    options: AccountOptions,
    format: OutputFormat = Format.table,
) -> None:
    """Show how many accounts the region allows and, of a named account, its cores, pools and jobs.

    Examples:

        batchmgmt location quota --stack local

        batchmgmt location quota --location westeurope
    """
    _need_a_region(location, options)
    if location and not (options.stack or options.name):
        accounts = subscription_reader(options.subscription).account_quota(location)
        show_one({"location": location, "accounts": accounts}, dict, format)
        return
    reader = options.reader()
    found = reader.account()
    properties, region = found["properties"], location or found["location"]
    quotas = {
        "location": region,
        "accounts": reader.subscription.account_quota(region),
        "account": found["name"],
        "dedicatedCores": properties.get("dedicatedCoreQuota"),
        "lowPriorityCores": properties.get("lowPriorityCoreQuota"),
        "pools": properties.get("poolQuota"),
        "activeJobsAndSchedules": properties.get("activeJobAndJobScheduleQuota"),
    }
    show_one(quotas, dict, format)


@app.command()
@with_account_options
def skus(
    location: Location = None,
    *,
    options: AccountOptions,
    format: OutputFormat = Format.table,
) -> None:
    """List the VM sizes that pools in a region may have.

    Examples:

        batchmgmt location skus --stack local
    """
    _need_a_region(location, options)
    if location:
        reader = subscription_reader(options.subscription)
    else:
        account = options.reader()
        reader, location = account.subscription, str(account.account()["location"])
    show_all(reader.skus(location), _sku, format)


@app.command()
@with_account_options
def images(
    options: AccountOptions,
    format: OutputFormat = Format.table,
) -> None:
    """List the images that an account's pools may use, with their node agents. A service-level call.

    Examples:

        batchmgmt location images --stack local
    """
    account = options.account()
    show_all([document(each) for each in account.images()], _image, format)


@app.command("check-name")
def check_name(
    account: Annotated[str, typer.Argument(help="Name for a new Batch account.")],
    location: Annotated[str, typer.Option("--location", "-l", help="Region that it would be in.")],
    subscription: Subscription = None,
) -> None:
    """Say whether an account of that name could be created; exit code 3 when not.

    Examples:

        batchmgmt location check-name someunusualname --location westeurope
    """
    answer = management_of(subscription).locations.check_name(location, account)
    say(f"'{account}' is free in {location}" if answer.name_available else str(answer.message))
    if not answer.name_available:
        raise typer.Exit(3)


def _need_a_region(location: str | None, options: AccountOptions) -> None:
    if not (location or options.stack or options.name or options.resource_group):
        raise UsageError("name a region by --location, or an account by --stack or by -g and -n")


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
