"""The Typer application: every command group on one screen."""

from __future__ import annotations

from typing import Annotated

import typer

from batchmgmt.cli import (
    accounts,
    activity,
    applications,
    endpoints,
    keys,
    locations,
    packages,
    pools,
    private_endpoint_connections,
    progress,
)

__all__ = ["app"]

app = typer.Typer(
    name="batchmgmt",
    help="Manage Azure Batch accounts, and hand their service endpoints to the tools that run work on them.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.add_typer(endpoints.app, name="endpoint")
app.add_typer(accounts.app, name="account")
app.add_typer(keys.app, name="keys")
app.add_typer(pools.app, name="pool")
app.add_typer(applications.app, name="application")
app.add_typer(packages.app, name="package")
app.add_typer(locations.app, name="location")
app.add_typer(activity.app, name="activity")
app.add_typer(private_endpoint_connections.app, name="private-endpoint-connection")


@app.callback()
def options(
    context: typer.Context,
    _debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")] = False,
) -> None:
    """Manage Azure Batch accounts, and hand their service endpoints to the tools that run work on them.

    The cloud is ARM_METADATA_HOSTNAME's, else ARM_ENVIRONMENT's, else the public one; the identity is that of
    azure-identity's default chain.
    """
    context.call_on_close(progress.end)
