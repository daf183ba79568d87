"""``batchmgmt account``."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from batchmgmt.cli import queries
from batchmgmt.cli.chosen import AccountOptions
from batchmgmt.cli.options import OutputFormat, ResourceGroup, Subscription, Yes, confirm, with_account_options
from batchmgmt.cli.output import Format, say, show_all, show_one
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
    scope = f"/subscriptions/{account.management.subscription_id}/resourceGroups/{account.resource_group}"
    wanted = storage if "/" in storage else f"{scope}/providers/Microsoft.Storage/storageAccounts/{storage}"
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
