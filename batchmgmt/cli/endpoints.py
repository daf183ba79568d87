"""``batchmgmt endpoint``."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated

import typer

from batchmgmt.cli.chosen import AccountOptions
from batchmgmt.cli.endpoint_show import Request
from batchmgmt.cli.endpoint_show import show as show_endpoint
from batchmgmt.cli.options import with_account_options
from batchmgmt.cli.output import show_text
from batchmgmt.handoff import FORMATS, find

__all__ = ["app"]

app = typer.Typer(help="Hand out the service endpoint of an account.", no_args_is_help=True)


def _formats() -> str:
    """A line a format: what it is for, and who reads it in our tests or which document its form comes from."""
    return "\n\n".join([f"{name}: {find(name).help} ({find(name).read_by})" for name in FORMATS])


@app.command(epilog=f"Formats:\n\n{_formats()}")
@with_account_options
def show(
    options: AccountOptions,
    auth: Annotated[str, typer.Option(help="key, token, or auto: a key where the account allows it.")] = "auto",
    key: Annotated[str, typer.Option(help="Which key: primary or secondary.")] = "primary",
    details: Annotated[
        bool, typer.Option("--details", help="Also location, pools, applications and linked storage.")
    ] = False,
    format: Annotated[str, typer.Option(help="One of the formats below.", autocompletion=lambda: [*FORMATS])] = "json",
    output: Annotated[str | None, typer.Option("--output", "-o", help="A file, created with mode 0600.")] = None,
) -> None:
    """Print an account's Batch service endpoint with what opens it.

    Examples:

        batchmgmt endpoint show -g my-group -n myaccount

        batchmgmt endpoint show --stack local --format shell

        batchmgmt endpoint show --stack local --auth token --details
    """
    show_endpoint(Request(*options, auth, key, format, output, details))


@app.command()
@with_account_options
def storage(
    container: Annotated[str, typer.Option(help="Container of the linked storage; created if it is not there.")],
    ttl: Annotated[int, typer.Option(min=60, help="Seconds that the access lasts.")] = 3600,
    permissions: Annotated[str, typer.Option(help="Letters of racwdl: read, add, create, write, delete, list.")] = "rl",
    *,
    options: AccountOptions,
) -> None:
    """Print a short-lived SAS URL for a container of the linked storage, as JSON.

    Examples:

        batchmgmt endpoint storage --container inputs --permissions rwl --ttl 900 --stack local
    """
    account = options.account()
    access = account.container_access(container, ttl=timedelta(seconds=ttl), permissions=permissions)
    shown = {"containerUrl": access.url.reveal(), "expiresOn": access.expires_on.strftime("%Y-%m-%dT%H:%M:%SZ")}
    show_text(f"{json.dumps(shown, indent=2)}\n")
