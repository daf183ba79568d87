"""``batchmgmt package``."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from batchmgmt import packages
from batchmgmt.cli.options import AccountName, ResourceGroup, Stack, Subscription, account_of

__all__ = ["app"]

app = typer.Typer(help="Application packages: upload, activate, list, delete.", no_args_is_help=True)

Application = Annotated[str, typer.Option("--application", "-a", help="Id of the application.")]
Version = Annotated[str, typer.Option("--version", "-v", help="Version of the package.")]


@app.callback()
def group() -> None:
    """Keep ``upload`` a command of its own while it is the only one."""


@app.command()
def upload(
    source: Annotated[Path, typer.Argument(help="A .zip file, or a folder to be zipped.", metavar="PATH")],
    application: Application,
    version: Version,
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
    default: Annotated[bool, typer.Option("--default", help="Make it the application's default version.")] = False,
    format: Annotated[str, typer.Option(help="text or json.")] = "text",
) -> None:
    """Upload a package version, verify it, activate it and wait until it is Active.

    The same content is not sent twice; other content under an existing version is refused where the application's
    allowUpdates is false.

    Examples:

        batchmgmt package upload ./tool --stack local --application tool --version 1.0 --default
    """
    account = account_of(resource_group, name, stack, subscription)
    packages.content_of(source)
    account.applications.ensure(application)
    published = packages.publish(
        account.management,
        account.resource_group,
        account.name,
        application,
        version,
        source,
        set_default=default,
    )
    if format == "json":
        sys.stdout.write(f"{json.dumps(asdict(published), indent=2)}\n")
        return
    sent = "sent and activated" if published.sent else "is there already, nothing was sent"
    sys.stdout.write(f"{application} {version}: {sent} ({published.size} bytes, sha256 {published.sha256})\n")
