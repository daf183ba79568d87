"""``batchmgmt private-endpoint-connection``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from batchmgmt.cli.chosen import AccountOptions
from batchmgmt.cli.options import OutputFormat, Yes, confirm, with_account_options
from batchmgmt.cli.output import Format, say, show_all, show_one
from batchmgmt.cli.progress import waiting

__all__ = ["app"]

app = typer.Typer(
    help="Private endpoint connections of an account: list, show, approve, reject, delete.", no_args_is_help=True
)

PATH = "privateEndpointConnections"  # below an account's ARM id

Connection = Annotated[str, typer.Argument(help="Name of the connection.", metavar="CONNECTION")]
Description = Annotated[str, typer.Option(help="Why, for whoever asked for the connection.")]


@app.command("list")
@with_account_options
def list_connections(
    options: AccountOptions,
    format: OutputFormat = Format.table,
) -> None:
    """List the connections, those that wait for approval among them.

    Examples:

        batchmgmt private-endpoint-connection list --stack local
    """
    show_all(options.reader().list("private endpoint connections", PATH), _row, format)


@app.command()
@with_account_options
def show(
    connection: Connection,
    options: AccountOptions,
    format: OutputFormat = Format.table,
) -> None:
    """Show one connection.

    Examples:

        batchmgmt private-endpoint-connection show CONNECTION --stack local --format yaml
    """
    show_one(options.reader().get(f"private endpoint connection '{connection}'", PATH, connection), _row, format)


@app.command()
@with_account_options
def approve(
    connection: Connection,
    description: Description = "",
    *,
    options: AccountOptions,
) -> None:
    """Let a connection in, and wait until it is.

    Examples:

        batchmgmt private-endpoint-connection approve CONNECTION --stack local
    """
    connections = options.account().private_endpoint_connections
    with waiting(f"approving '{connection}'") as news:
        connections.approve(connection, description=description, progress=lambda seconds: news(f"{seconds:.0f} s"))
    say(f"private endpoint connection '{connection}' is approved")


@app.command()
@with_account_options
def reject(
    connection: Connection,
    description: Description = "",
    *,
    options: AccountOptions,
) -> None:
    """Turn a connection away, and wait until it is.

    Examples:

        batchmgmt private-endpoint-connection reject CONNECTION --description "not ours" --stack local
    """
    connections = options.account().private_endpoint_connections
    with waiting(f"rejecting '{connection}'") as news:
        connections.reject(connection, description=description, progress=lambda seconds: news(f"{seconds:.0f} s"))
    say(f"private endpoint connection '{connection}' is rejected")


@app.command()
@with_account_options
def delete(
    connection: Connection,
    options: AccountOptions,
    yes: Yes = False,
) -> None:
    """Remove a connection, and wait until it is gone; the private endpoint itself stays where it is.

    Examples:

        batchmgmt private-endpoint-connection delete CONNECTION --stack local --yes
    """
    account = options.account()
    confirm(f"remove private endpoint connection '{connection}' of account '{account.name}'", yes)
    with waiting(f"removing '{connection}'") as news:
        connections = account.private_endpoint_connections
        connections.delete(connection, progress=lambda seconds: news(f"{seconds:.0f} s"))
    say(f"private endpoint connection '{connection}' is gone")


def _row(connection: Mapping[str, Any]) -> dict[str, object]:
    properties = connection.get("properties") or {}
    state = properties.get("privateLinkServiceConnectionState") or {}
    return {
        "name": connection["name"],
        "groups": properties.get("groupIds"),
        "status": state.get("status"),
        "description": state.get("description"),
        "state": properties.get("provisioningState"),
        "private endpoint": str((properties.get("privateEndpoint") or {}).get("id", "")).rsplit("/", 1)[-1],
    }
