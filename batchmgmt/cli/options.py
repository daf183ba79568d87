"""Options that every command spells the same way."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Final

import typer

from batchmgmt.cli import progress
from batchmgmt.cli.chosen import AccountOptions
from batchmgmt.cli.output import Format
from batchmgmt.errors import UsageError

__all__ = ["OutputFormat", "ResourceGroup", "Subscription", "Yes", "confirm", "with_account_options"]

ResourceGroup = Annotated[
    str | None, typer.Option("--resource-group", "-g", help="Resource group of the account.", show_default=False)
]
AccountName = Annotated[str | None, typer.Option("--name", "-n", help="Name of the Batch account.", show_default=False)]
Stack = Annotated[
    str | None,
    typer.Option("--stack", help="Pulumi stack that deployed the account, instead of -g and -n.", show_default=False),
]
Subscription = Annotated[
    str | None,
    typer.Option("--subscription", help="Subscription id; else AZURE_SUBSCRIPTION_ID.", show_default=False),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
OutputFormat = Annotated[Format, typer.Option("--format", help="tsv has no header, for cut and read.")]

_NAMING: Final[Mapping[str, Any]] = {  # AccountOptions' fields, as Typer takes them
    "resource_group": ResourceGroup,
    "name": AccountName,
    "stack": Stack,
    "subscription": Subscription,
}


def with_account_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of ``AccountOptions`` in the place of its parameter ``options: AccountOptions``.

    Typer makes a command line of a function's parameters; so they need not stand in each function.
    """

    def run(**given: Any) -> None:
        options = AccountOptions(**{name: given.pop(name) for name in AccountOptions._fields})
        command(**given, options=options)

    parameters = [*_parameters(command)]
    run.__name__, run.__doc__, run.__module__ = command.__name__, command.__doc__, command.__module__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect.signature looks at
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _parameters(command: Callable[..., None]) -> Iterator[inspect.Parameter]:
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        if parameter.annotation is not AccountOptions:
            yield parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            continue
        for name, annotation in _NAMING.items():
            yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def confirm(act: str, yes: bool) -> None:
    """Ask before what cannot be undone.

    Raises:
        UsageError: nobody is there to be asked, or the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"this would {act}: say --yes")
    progress.end()
    if not typer.confirm(f"{act[0].upper()}{act[1:]}?"):
        raise UsageError("nothing was done")
