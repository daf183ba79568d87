"""The Typer application: every command group on one screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Final

import typer

from batchmgmt.cli import progress

__all__ = ["application"]

GROUPS: Final[Mapping[str, str]] = {  # name on the command line -> module of batchmgmt.cli
    "endpoint": "endpoints",
    "account": "accounts",
    "keys": "keys",
    "pool": "pools",
    "application": "applications",
    "package": "packages",
    "location": "locations",
    "activity": "activity",
    "private-endpoint-connection": "private_endpoint_connections",
}


def application(arguments: Sequence[str] = ()) -> typer.Typer:
    """The application for a command line: with the one group that it calls, else with all; each costs its import."""
    app = typer.Typer(
        name="batchmgmt",
        help="Manage Azure Batch accounts, and hand their service endpoints to the tools that run work on them.",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )
    app.callback()(_options)
    called = arguments[0] if arguments else ""
    for name in [called] if called in GROUPS else GROUPS:
        app.add_typer(import_module(f"batchmgmt.cli.{GROUPS[name]}").app, name=name)
    return app


def _options(
    context: typer.Context,
    _debug: Annotated[
        bool, typer.Option("--debug", help="Show each request, and the traceback of a failure; secrets are masked.")
    ] = False,
) -> None:
    """Manage Azure Batch accounts, and hand their service endpoints to the tools that run work on them.

    The cloud is ARM_METADATA_HOSTNAME's, else ARM_ENVIRONMENT's, else the public one; the identity is a pipeline's
    own (ARM_USE_OIDC), else that of azure-identity's default chain.
    """
    context.call_on_close(progress.end)
