"""``batchmgmt application``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from batchmgmt.cli.options import AccountName, ResourceGroup, Stack, Subscription, Yes, account_of, confirm
from batchmgmt.cli.output import Format, OutputFormat, document, say, show_all, show_one

__all__ = ["app"]

app = typer.Typer(help="Applications, what packages are versions of.", no_args_is_help=True)

ApplicationId = Annotated[str, typer.Argument(help="Id of the application.", metavar="APPLICATION")]
DisplayName = Annotated[str | None, typer.Option(help="Name for people.", show_default=False)]
AllowUpdates = Annotated[
    bool | None, typer.Option(help="Whether packages may be overwritten with the same version.", show_default=False)
]


@app.command("list")
def list_applications(
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
    format: OutputFormat = Format.table,
) -> None:
    """List applications with their default versions.

    Examples:

        batchmgmt application list --stack local
    """
    found = account_of(resource_group, name, stack, subscription).applications.list()
    show_all([document(each) for each in found], _row, format)


@app.command()
def show(
    application: ApplicationId,
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
    format: OutputFormat = Format.table,
) -> None:
    """Show one application.

    Examples:

        batchmgmt application show APPLICATION --stack local
    """
    found = account_of(resource_group, name, stack, subscription).applications.get(application)
    show_one(document(found), _row, format)


@app.command()
def create(
    application: ApplicationId,
    display_name: DisplayName = None,
    allow_updates: AllowUpdates = None,
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
) -> None:
    """Create an application.

    Examples:

        batchmgmt application create tool --no-allow-updates --stack local
    """
    applications = account_of(resource_group, name, stack, subscription).applications
    applications.create(application, display_name=display_name, allow_updates=allow_updates)
    say(f"application '{application}' is there")


@app.command("set")
def set_properties(
    application: ApplicationId,
    display_name: DisplayName = None,
    allow_updates: AllowUpdates = None,
    default_version: Annotated[str | None, typer.Option(help="An active version.", show_default=False)] = None,
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
) -> None:
    """Change an application's properties; what is not given stays.

    Examples:

        batchmgmt application set tool --display-name "The tool" --stack local
    """
    applications = account_of(resource_group, name, stack, subscription).applications
    applications.update(
        application, display_name=display_name, allow_updates=allow_updates, default_version=default_version
    )
    say(f"application '{application}' is changed")


@app.command()
def delete(
    application: ApplicationId,
    resource_group: ResourceGroup = None,
    name: AccountName = None,
    stack: Stack = None,
    subscription: Subscription = None,
    yes: Yes = False,
) -> None:
    """Delete an application that has no packages.

    Examples:

        batchmgmt application delete tool --stack local --yes
    """
    account = account_of(resource_group, name, stack, subscription)
    confirm(f"delete application '{application}' of account '{account.name}'", yes)
    account.applications.delete(application)
    say(f"application '{application}' is gone")


def _row(application: Mapping[str, Any]) -> dict[str, object]:
    properties = application.get("properties") or {}
    return {
        "name": application["name"],
        "display name": properties.get("displayName"),
        "default version": properties.get("defaultVersion"),
        "allow updates": properties.get("allowUpdates"),
    }
