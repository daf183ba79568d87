"""The Typer application: every command group on one screen."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from batchmgmt.cli import accounts, activity, applications, endpoints, keys, locations, packages, pools
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
app.add_typer(accounts.app, name="account")
app.add_typer(keys.app, name="keys")
app.add_typer(pools.app, name="pool")
app.add_typer(applications.app, name="application")
app.add_typer(packages.app, name="package")
app.add_typer(locations.app, name="location")
app.add_typer(activity.app, name="activity")


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")] = False,
) -> None:
    """Manage Azure Batch accounts, and hand their service endpoints to the tools that run work on them.

    The cloud is ARM_METADATA_HOSTNAME's, else the public one; the identity is that of azure-identity's default chain.
    """


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
