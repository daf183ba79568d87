"""Commands whose time is mostly imports, answered before Typer is imported.

Only what is understood fully is taken here; for anything else (``--help``, an unknown option, a missing value)
``run`` returns False and the Typer application, which has the same command, answers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

__all__ = ["FLAGS", "OPTIONS", "run"]

OPTIONS = {
    "-g": "resource_group",
    "--resource-group": "resource_group",
    "-n": "name",
    "--name": "name",
    "--stack": "stack",
    "--subscription": "subscription",
    "--auth": "auth",
    "--key": "key",
    "--format": "format",
    "-o": "output",
    "--output": "output",
}
FLAGS = {"--details": "details"}


def run(arguments: Sequence[str]) -> bool:
    """Whether the command was one of these, and is done.

    Raises:
        BatchManagementError: it failed.
    """
    if list(arguments[:2]) != ["endpoint", "show"]:
        return False
    options = parse(arguments[2:])
    if options is None:
        return False
    from batchmgmt.cli.endpoint_show import Request, show

    request = Request(**options)  # type: ignore[arg-type]  # names and kinds are those of the tables above
    _with_a_sign_of_life(lambda: show(request))
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


def parse(arguments: Sequence[str]) -> dict[str, str | bool] | None:
    """The options by name, or None when something is not as simple as ``--name value`` or ``--name=value``."""
    options: dict[str, str | bool] = {}
    waiting = iter(arguments)
    for argument in waiting:
        option, equals, value = argument.partition("=")
        if option in FLAGS and not equals:
            options[FLAGS[option]] = True
        elif option in OPTIONS and (not equals or option.startswith("--")):
            text = value if equals else next(waiting, None)
            if text is None or (not equals and text.startswith("-")):
                return None
            options[OPTIONS[option]] = text
        else:
            return None
    return options
