"""``batchmgmt application``."""

from __future__ import annotations

from typing import Annotated

import typer

from batchmgmt.cli import queries
from batchmgmt.cli.chosen import AccountOptions
from batchmgmt.cli.options import OutputFormat, Yes, confirm, with_account_options
from batchmgmt.cli.output import Format, say
from batchmgmt.errors import UsageError

__all__ = ["app"]

app = typer.Typer(help="Applications, what packages are versions of.", no_args_is_help=True)

ApplicationId = Annotated[str, typer.Argument(help="Id of the application.", metavar="APPLICATION")]
DisplayName = Annotated[str | None, typer.Option(help="Name for people.", show_default=False)]
AllowUpdates = Annotated[
    bool | None, typer.Option(help="Whether packages may be overwritten with the same version.", show_default=False)
]


@app.command("list")
@with_account_options
def list_applications(
    options: AccountOptions,
    format: OutputFormat = Format.table,
) -> None:
    """List applications with their default versions.

    Examples:

        batchmgmt application list --stack local
    """
    queries.list_applications(options, format)


@app.command()
@with_account_options
def show(
    application: ApplicationId,
    options: AccountOptions,
    format: OutputFormat = Format.table,
) -> None:
    """Show one application.

    Examples:

        batchmgmt application show APPLICATION --stack local
    """
    queries.show_application(application, options, format)


@app.command()
@with_account_options
def create(
    application: ApplicationId,
    display_name: DisplayName = None,
    allow_updates: AllowUpdates = None,
    *,
    options: AccountOptions,
) -> None:
    """Create an application.

    Examples:

        batchmgmt application create tool --no-allow-updates --stack local
    """
    applications = options.account().applications
    applications.create(application, display_name=display_name, allow_updates=allow_updates)
    say(f"application '{application}' is there")


@app.command("set")
@with_account_options
def set_properties(
    application: ApplicationId,
    display_name: DisplayName = None,
    allow_updates: AllowUpdates = None,
    default_version: Annotated[str | None, typer.Option(help="An active version.", show_default=False)] = None,
    *,
    options: AccountOptions,
) -> None:
    """Change an application's properties; what is not given stays.

    Examples:

        batchmgmt application set tool --display-name "The tool" --stack local
    """
    if display_name is None and allow_updates is None and default_version is None:
        raise UsageError("say what to change: --display-name, --allow-updates or --default-version")
    applications = options.account().applications
    applications.update(
        application, display_name=display_name, allow_updates=allow_updates, default_version=default_version
    )
    say(f"application '{application}' is changed")


@app.command()
@with_account_options
def delete(
    application: ApplicationId,
    options: AccountOptions,
    yes: Yes = False,
) -> None:
    """Delete an application that has no packages.

    Examples:

        batchmgmt application delete tool --stack local --yes
    """
    account = options.account()
    confirm(f"delete application '{application}' of account '{account.name}'", yes)
    account.applications.delete(application)
    say(f"application '{application}' is gone")
