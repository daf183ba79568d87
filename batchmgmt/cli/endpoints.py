"""``batchmgmt endpoint``."""

from __future__ import annotations

from typing import Annotated

import typer

from batchmgmt.cli.endpoint_show import Request
from batchmgmt.cli.endpoint_show import show as show_endpoint
from batchmgmt.cli.options import AccountName, ResourceGroup, Stack, Subscription
from batchmgmt.handoff import FORMATS

__all__ = ["app"]

app = typer.Typer(help="Hand out the service endpoint of an account.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep ``show`` a command of its own while it is the only one."""


@app.command()
def show(
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
    auth: Annotated[str, typer.Option(help="key, token, or auto: a key where the account allows it.")] = "auto",
    key: Annotated[str, typer.Option(help="Which key: primary or secondary.")] = "primary",
    details: Annotated[
        bool, typer.Option("--details", help="Also location, pools, applications and linked storage.")
    ] = False,
    format: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}.")] = "json",
    output: Annotated[str | None, typer.Option("--output", "-o", help="A file, created with mode 0600.")] = None,
) -> None:
    """Print an account's Batch service endpoint with what opens it.

    Examples:

        batchmgmt endpoint show -g my-group -n myaccount

        batchmgmt endpoint show --stack local --format shell

        batchmgmt endpoint show --stack local --auth token --details
    """
    show_endpoint(Request(resource_group, name, stack, subscription, auth, key, format, output, details))
