"""``batchmgmt keys``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from batchmgmt.cli import queries
from batchmgmt.cli.chosen import AccountOptions
from batchmgmt.cli.options import OutputFormat, Yes, confirm, with_account_options
from batchmgmt.cli.output import Format, say
from batchmgmt.errors import UsageError

if TYPE_CHECKING:
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
) -> None:
    """Move files to the other key, then replace the one they used.

    After a crash at any step it may be run again. With --storage it is the linked storage account's key (primary is its
    key1, secondary its key2), and Batch reads the storage's keys again before and after.

    Examples:

        batchmgmt keys rotate --stack local --file .env --dry-run

        batchmgmt keys rotate --stack local --storage --dry-run
    """
    if away_from not in {"primary", "secondary"}:
        raise UsageError(f"--away-from is primary or secondary, not '{away_from}'")
    keys = options.account().keys
    chosen = cast("KeyName", away_from)

    def told(step: str) -> None:
        say(f"would {step}" if dry_run else step)

    if storage:
        keys.rotate_storage(file or [], away_from=chosen, dry_run=dry_run, told=told)
    else:
        keys.rotate(file or [], away_from=chosen, dry_run=dry_run, told=told)


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
