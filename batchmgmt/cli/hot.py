"""The commonest commands, answered before Typer is imported: imports are most of their time.

Only what is understood fully is taken here; for anything else (``--help``, an unknown option, a value that is none)
``run`` returns False and the Typer application, which has the same commands, answers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

__all__ = ["COMMANDS", "ENDPOINT_SHOW", "Hot", "parse", "run"]

_GROUP: Final = {"-g": "resource_group", "--resource-group": "resource_group"}
_SUBSCRIPTION: Final = {"--subscription": "subscription"}
_ACCOUNT: Final = {**_GROUP, "-n": "name", "--name": "name", "--stack": "stack", **_SUBSCRIPTION}
_FORMAT: Final = {"--format": "format"}
_APPLICATION: Final = {"-a": "application", "--application": "application"}
_ACTIVITY: Final = {f"--{each}": each for each in ("caller", "operation", "status")}  # hours: Typer's to check


class Hot(NamedTuple):
    """A command as its Typer twin declares it.

    Attributes:
        function: in ``module`` of ``batchmgmt.cli``. options: parameter by spelling, with a value each. flags: those
            without. given: parameters with their defaults.
        arguments: parameters without a spelling, in their order, all required, as those of ``required`` are.
    """

    function: str
    options: Mapping[str, str]
    flags: Mapping[str, str] = {}
    given: Mapping[str, object] = {}
    arguments: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    module: str = "queries"


ENDPOINT_SHOW: Final = Hot(
    "",
    {**_ACCOUNT, "--auth": "auth", "--key": "key", **_FORMAT, "-o": "output", "--output": "output"},
    {"--details": "details"},
)
COMMANDS: Final[Mapping[tuple[str, str], Hot]] = {
    ("account", "list"): Hot(
        "list_accounts",
        {**_GROUP, **_SUBSCRIPTION, **_FORMAT},
        given={"resource_group": None, "subscription": None},
    ),
    ("account", "show"): Hot("show_account", {**_ACCOUNT, **_FORMAT}),
    ("activity", "list"): Hot(
        "list_activity",
        {**_ACTIVITY, **_ACCOUNT, **_FORMAT},
        given={"hours": 24.0, "caller": None, "operation": None, "status": None},
    ),
    ("application", "list"): Hot("list_applications", {**_ACCOUNT, **_FORMAT}),
    ("application", "show"): Hot("show_application", {**_ACCOUNT, **_FORMAT}, arguments=("application",)),
    ("keys", "list"): Hot("list_keys", {**_ACCOUNT, **_FORMAT}),
    ("package", "list"): Hot("list_packages", {**_APPLICATION, **_ACCOUNT, **_FORMAT}, required=("application",)),
    ("package", "upload"): Hot(
        "upload",
        {**_APPLICATION, "-v": "version", "--version": "version", **_ACCOUNT, **_FORMAT},
        {"--default": "default", "--prune": "prune"},
        given={"default": False, "prune": False},
        arguments=("source",),
        required=("application", "version"),
        module="uploads",
    ),
    ("pool", "list"): Hot("list_pools", {**_ACCOUNT, **_FORMAT}),
    ("pool", "show"): Hot("show_pool", {**_ACCOUNT, **_FORMAT}, arguments=("pool",)),
}


def run(arguments: Sequence[str]) -> bool:
    """Whether the command was one of these, and is done.

    Raises:
        BatchManagementError: it failed.
    """
    words = (arguments[0], arguments[1]) if len(arguments) > 1 else ("", "")
    if words == ("endpoint", "show"):
        return _show_endpoint(arguments[2:])
    command = COMMANDS.get(words)
    values = parse(command, arguments[2:]) if command else None
    return command is not None and values is not None and _call(command, values)


def _show_endpoint(arguments: Sequence[str]) -> bool:
    options = parse(ENDPOINT_SHOW, arguments)
    if options is None:
        return False
    from batchmgmt.cli.endpoint_show import Request, show

    request = Request(**options)  # type: ignore[arg-type]  # names and kinds are those of the table above
    _with_a_sign_of_life(lambda: show(request))
    return True


def _call(command: Hot, values: dict[str, Any]) -> bool:
    from importlib import import_module

    from batchmgmt.cli import progress
    from batchmgmt.cli.chosen import AccountOptions

    module = import_module(f"batchmgmt.cli.{command.module}")
    try:
        values["format"] = module.Format(values["format"]) if "format" in values else next(iter(module.Format))
    except ValueError:
        return False  # Typer says what would do
    if "stack" in command.options.values():
        values["options"] = AccountOptions(*(values.pop(name, None) for name in AccountOptions._fields))
    try:
        getattr(module, command.function)(**{**command.given, **values})
    finally:
        progress.end()
    return True


def _with_a_sign_of_life(do: Callable[[], None]) -> None:
    """At a terminal, say after a second that Azure is waited for; rich's spinner would cost more than the command."""
    if not sys.stderr.isatty():
        return do()
    from threading import Timer

    timer = Timer(1.0, sys.stderr.write, ["waiting for Azure ...\n"])
    timer.daemon = True
    timer.start()
    try:
        return do()
    finally:
        timer.cancel()


def parse(command: Hot, arguments: Sequence[str]) -> dict[str, str | bool] | None:
    """The options by name, or None when something is not as simple as ``--name value`` or ``--name=value``."""
    options: dict[str, str | bool] = {}
    expected = list(command.arguments)
    waiting = iter(arguments)
    for argument in waiting:
        option, equals, value = argument.partition("=")
        if option in command.flags and not equals:
            options[command.flags[option]] = True
        elif option in command.options and (not equals or option.startswith("--")):
            text = value if equals else next(waiting, None)
            if text is None or (not equals and text.startswith("-")):
                return None
            options[command.options[option]] = text
        elif expected and not argument.startswith("-"):
            options[expected.pop(0)] = argument
        else:
            return None
    return None if expected or not {*command.required} <= options.keys() else options
