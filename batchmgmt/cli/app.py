"""The Typer application: every command group on one screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Any, Final

import typer

from batchmgmt.cli import progress
from batchmgmt.errors import UsageError

__all__ = ["application", "run"]

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
STOPPED: Final = 130  # what Typer makes of Ctrl-C


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code.

    Raises:
        UsageError: there is no such command or option, or a value that it does not take.
        KeyboardInterrupt: Ctrl-C. BatchManagementError: the command failed.
    """
    try:
        ended = application(arguments)(args=list(arguments), prog_name="batchmgmt", standalone_mode=False)
    except typer.Abort as aborted:
        if isinstance(aborted.__cause__ or aborted.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise UsageError("nothing was done") from None
    except Exception as mistake:
        if not hasattr(mistake, "format_message"):  # Typer's own: their module differs from version to version
            raise
        return _told(mistake)
    if ended == STOPPED:
        raise KeyboardInterrupt
    return ended if isinstance(ended, int) else 0


def _told(mistake: Any) -> int:
    """A mistake of the command line's as one sentence; a group without a command has shown its help already."""
    context = mistake.ctx
    if "NoArgsIsHelp" in type(mistake).__name__:
        return int(mistake.exit_code)
    words = str(mistake.format_message()).replace("Value error, ", "").strip().rstrip(".")
    raise UsageError(f"{words}; see `{context.command_path if context else 'batchmgmt'} --help`") from None


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
