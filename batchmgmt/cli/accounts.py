"""``batchmgmt account``."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from batchmgmt.cli import queries
from batchmgmt.cli.chosen import AccountOptions, management_of
from batchmgmt.cli.options import OutputFormat, ResourceGroup, Subscription, Yes, confirm, with_account_options
from batchmgmt.cli.output import Format, say, show_all, show_one
from batchmgmt.cli.progress import waiting

__all__ = ["app"]

app = typer.Typer(help="Batch accounts: create, list, show, link storage, delete.", no_args_is_help=True)


@app.command("list")
def list_accounts(
    resource_group: ResourceGroup = None, subscription: Subscription = None, format: OutputFormat = Format.table
) -> None:
    """List the subscription's accounts, or those of one resource group.

    Examples:

        batchmgmt account list

        batchmgmt account list --format tsv
    """
    queries.list_accounts(resource_group, subscription, format)


@app.command()
@with_account_options
def show(
    options: AccountOptions,
    format: OutputFormat = Format.table,
) -> None:
    """Show one account: endpoint, linked storage, quotas, how it lets callers in.

    Examples:

        batchmgmt account show --stack local
    """
    queries.show_account(options, format)


@app.command()
def create(
    resource_group: Annotated[str, typer.Option("--resource-group", "-g", help="Resource group, which is there.")],
    name: Annotated[str, typer.Option("--name", "-n", help="Name: 3 to 24 lower-case letters and digits.")],
    location: Annotated[str, typer.Option("--location", "-l", help="Region, such as westeurope.")],
    storage: Annotated[
        str | None,
        typer.Option("--storage-account", help="To be linked: ARM id, or name in that group.", show_default=False),
    ] = None,
    subscription: Subscription = None,
) -> None:
    """Create an account and wait until it is there; one that is there already stays as it is.

    What it has here are Azure's defaults: for more, a stack of the Pulumi program describes it.

    Examples:

        batchmgmt account create -g my-group -n newaccount -l westeurope

        batchmgmt account create -g my-group -n newaccount -l westeurope --storage-account my-storage
    """
    with management_of(subscription) as management, waiting(f"creating account '{name}'") as news:
        linked = _storage_id(storage, management.subscription_id, resource_group) if storage else None
        created = management.accounts.ensure(
            resource_group,
            name,
            location=location,
            storage_account_id=linked,
            progress=lambda seconds: news(f"{seconds:.0f} s"),
        )
    say(f"account '{name}' is {'created' if created else 'there already, and stays as it is'}")


@app.command("link-storage")
@with_account_options
def link_storage(
    storage: Annotated[str, typer.Option("--storage-account", help="ARM id, or name in the account's group.")],
    options: AccountOptions,
) -> None:
    """Link a storage account, which application packages need.

    Examples:

        batchmgmt account link-storage --stack local --storage-account my-storage
    """
    account = options.account()
    wanted = _storage_id(storage, account.management.subscription_id, account.resource_group)
    account.link_storage(wanted)
    say(f"account '{account.name}' is linked to {wanted.rsplit('/', 1)[-1]}")


@app.command()
@with_account_options
def detectors(
    detector: Annotated[
        str | None, typer.Argument(help="Id of one, to be shown whole.", metavar="[DETECTOR]", show_default=False)
    ] = None,
    *,
    options: AccountOptions,
    format: OutputFormat = Format.table,
) -> None:
    """List Azure's own diagnostics of the account, or show what one of them found.

    Examples:

        batchmgmt account detectors --stack local --format json

        batchmgmt account detectors poolsAndNodes --stack local
    """
    reader = options.reader()
    if detector:
        found = reader.get(f"detector '{detector}'", "detectors", detector)
        show_one(_decoded(found), dict, format)
    else:
        show_all(reader.list("detectors", "detectors"), lambda each: {"name": each.get("name")}, format)


@app.command("outbound-endpoints")
@with_account_options
def outbound_endpoints(
    options: AccountOptions,
    format: OutputFormat = Format.table,
) -> None:
    """List the hosts that nodes without public addresses must be let out to.

    Examples:

        batchmgmt account outbound-endpoints --stack local --format tsv
    """
    categories = options.reader().list("outbound dependencies", "outboundNetworkDependenciesEndpoints")
    show_all((host for each in categories for host in _hosts(each)), dict, format)


@app.command()
@with_account_options
def delete(
    options: AccountOptions,
    yes: Yes = False,
) -> None:
    """Delete an account with its pools, jobs and packages, and wait until it is gone.

    Examples:

        batchmgmt account delete -g my-group -n oldaccount --yes
    """
    account = options.account()
    confirm(f"delete account '{account.name}' with all it holds", yes)
    with waiting(f"deleting account '{account.name}'") as news:
        account.delete(progress=lambda seconds: news(f"{seconds:.0f} s"))
    say(f"account '{account.name}' is gone")


def _storage_id(storage: str, subscription: str, resource_group: str) -> str:
    """The ARM id of a storage account that is named by its id, or by its name in the group."""
    if "/" in storage:
        return storage
    group = f"/subscriptions/{subscription}/resourceGroups/{resource_group}"
    return f"{group}/providers/Microsoft.Storage/storageAccounts/{storage}"


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
