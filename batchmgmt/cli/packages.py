"""``batchmgmt package``."""

from __future__ import annotations

from typing import Annotated

import typer

from batchmgmt.cli import queries, uploads
from batchmgmt.cli.chosen import AccountOptions
from batchmgmt.cli.options import OutputFormat, Yes, confirm, with_account_options
from batchmgmt.cli.output import Format, say, show_one
from batchmgmt.errors import NotFound

__all__ = ["app"]

app = typer.Typer(help="Application packages: upload, list, show, prune, delete.", no_args_is_help=True)

Application = Annotated[str, typer.Option("--application", "-a", help="Id of the application.")]
Version = Annotated[str, typer.Option("--version", "-v", help="Version of the package.")]


@app.command()
@with_account_options
def upload(
    source: Annotated[str, typer.Argument(help="A .zip file, a folder to be zipped, or an https URL of a .zip.")],
    application: Application,
    version: Version,
    options: AccountOptions,
    default: Annotated[bool, typer.Option("--default", help="Make it the application's default version.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Then delete versions that nothing refers to, but the latest.")
    ] = False,
    format: Annotated[uploads.Format, typer.Option(help="How the result is shown.")] = uploads.Format.text,
) -> None:
    """Upload a package version, verify it, activate it and wait until it is Active.

    An application that is not there is created. The same content is not sent twice; other content under an existing
    version is refused where the application's allowUpdates is false. A run that was cut off may be repeated.

    Examples:

        batchmgmt package upload FOLDER --stack local -a tool -v 1.0 --default

        batchmgmt package upload FOLDER --stack local -a other -v 1.0 --prune --format json
    """
    uploads.upload(source, application, version, options, default, prune, format)


@app.command("list")
@with_account_options
def list_packages(
    application: Application,
    options: AccountOptions,
    format: OutputFormat = Format.table,
) -> None:
    """List the versions of an application.

    Examples:

        batchmgmt package list -a APPLICATION --stack local
    """
    queries.list_packages(application, options, format)


@app.command()
@with_account_options
def show(
    application: Application,
    version: Version,
    options: AccountOptions,
    format: OutputFormat = Format.json,
) -> None:
    """Show one version with the size and SHA-256 of its content.

    Examples:

        batchmgmt package show -a APPLICATION -v VERSION --stack local
    """
    account = options.account()
    found = account.packages.find(application, version)
    if found is None:
        act = f"reading version '{version}' of application '{application}' of account '{account.name}'"
        raise NotFound(act, "ApplicationPackageNotFound", "the account has no such package")
    show_one(uploads.published_document(found), dict, format)


@app.command()
@with_account_options
def delete(
    application: Application,
    version: Version,
    options: AccountOptions,
    yes: Yes = False,
) -> None:
    """Delete a version.

    Examples:

        batchmgmt package delete -a tool -v 1.0 --stack local --yes
    """
    account = options.account()
    confirm(f"delete {application} {version} of account '{account.name}'", yes)
    there = account.packages.delete(application, version)
    say(f"{application} {version} is gone" if there else f"{application} {version} was not there")


@app.command()
@with_account_options
def prune(
    application: Application,
    keep: Annotated[int, typer.Option(min=0, help="How many of the latest unused versions to keep.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which would go.")] = False,
    *,
    options: AccountOptions,
) -> None:
    """Delete versions that neither the default setting nor any pool refers to.

    Examples:

        batchmgmt package prune -a APPLICATION --keep 1 --dry-run --stack local
    """
    account = options.account()
    for each in account.packages.prune(application, keep=keep, dry_run=dry_run):
        say(f"{application} {each} {'would go' if dry_run else 'is deleted'}")
