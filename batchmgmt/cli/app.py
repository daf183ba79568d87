"""The Typer application: every command group on one screen."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from batchmgmt.cli import endpoints, packages
from batchmgmt.errors import BatchManagementError

__all__ = ["app", "run_app"]

app = typer.Typer(
    name="batchmgmt",
    help="Manage Azure Batch accounts, and hand their service endpoints to the tools that run work on them.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.add_typer(endpoints.app, name="endpoint")
app.add_typer(packages.app, name="package")


def run_app(arguments: Sequence[str]) -> int:
    """Run a command; a failure is one clear message, its traceback only with ``--debug``."""
    debug = "--debug" in arguments
    try:
        app(args=[each for each in arguments if each != "--debug"], standalone_mode=True)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except BatchManagementError as failure:
        if debug:
            raise
        sys.stderr.write(f"batchmgmt: {failure}\n")
        return failure.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("batchmgmt: stopped; what was begun can be begun again\n")
        return 130
    return 0
