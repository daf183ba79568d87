"""``batchmgmt keys``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from batchmgmt.cli import queries
from batchmgmt.cli.chosen import AccountOptions
from batchmgmt.cli.options import OutputFormat, Yes, confirm, with_account_options
from batchmgmt.cli.output import Format, say
from batchmgmt.errors import UsageError
from batchmgmt.keys import KeyName

__all__ = ["app"]

app = typer.Typer(help="The account's keys: list, regenerate, rotate.", no_args_is_help=True)


@app.command("list")
@with_account_options
def list_keys(
    options: AccountOptions,
    format: OutputFormat = Format.table,
) -> None:
    """Print both keys, in clear.

    Examples:

        batchmgmt keys list --stack local --format json
    """
    queries.list_keys(options, format)


@app.command()
@with_account_options
def regenerate(
    key: Annotated[str, typer.Argument(help="primary or secondary.")],
    options: AccountOptions,
    yes: Yes = False,
) -> None:
    """Replace one key; whoever still uses it is locked out at once.

    Examples:

        batchmgmt keys regenerate secondary --stack local --yes
    """
    _check("a key", key)
    account = options.account()
    confirm(f"replace the {key} key of account '{account.name}'", yes)
    account.keys.regenerate(cast("KeyName", key))
    say(f"the {key} key of account '{account.name}' is a new one")


@app.command()
@with_account_options
def rotate(
    file: Annotated[
        list[Path] | None, typer.Option("--file", "-f", help="A file that holds the key; may be repeated.")
    ] = None,
    away_from: Annotated[str, typer.Option("--away-from", help="The key to be replaced.")] = "primary",
    storage: Annotated[bool, typer.Option("--storage", help="Rotate the linked storage account's key.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    *,
    options: AccountOptions,
    yes: Yes = False,
) -> None:
    """Move files to the other key, then replace the one they used.

    After a crash at any step it may be run again. With --storage it is the linked storage account's key (primary is its
    key1, secondary its key2), and Batch reads the storage's keys again before and after.

    Examples:

        batchmgmt keys rotate --stack local --file .env --dry-run

        batchmgmt keys rotate --stack local --storage --dry-run
    """
    _check("--away-from", away_from)
    account = options.account()
    if not (file or dry_run) and sys.stdin.isatty():  # scripts mean it
        confirm(f"replace the {away_from} key of account '{account.name}', with no --file to bring to the other", yes)
    chosen = cast("KeyName", away_from)

    def told(step: str) -> None:
        say(f"would {step}" if dry_run else step)

    if storage:
        account.keys.rotate_storage(file or [], away_from=chosen, dry_run=dry_run, told=told)
    else:
        account.keys.rotate(file or [], away_from=chosen, dry_run=dry_run, told=told)
    if not dry_run:
        say("done")


def _check(what: str, key: str) -> None:
    if key not in get_args(KeyName):
        raise UsageError(f"{what} is primary or secondary, not '{key}'")


@app.command("sync-storage")
@with_account_options
def sync_storage(
    options: AccountOptions,
) -> None:
    """Let Batch read the linked storage account's keys again, after they were changed elsewhere.

    Examples:

        batchmgmt keys sync-storage --stack local
    """
    account = options.account()
    account.keys.synchronize_storage()
    say(f"account '{account.name}' has read its storage's keys")
