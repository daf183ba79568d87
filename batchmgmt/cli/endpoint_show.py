"""``endpoint show``: shared by the hot path and the Typer command, so it imports no SDK, no Typer and no Rich."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple, cast, get_args

from batchmgmt.arm import Arm, cloud_from_environment, subscription_from_environment
from batchmgmt.cli.naming import named
from batchmgmt.endpoint import AuthMode, ServiceEndpoint, resolve
from batchmgmt.errors import BatchManagementError, UsageError
from batchmgmt.files import write_private
from batchmgmt.handoff import find
from batchmgmt.lean import LeanHttp
from batchmgmt.tokens import EnvironmentTokens

__all__ = ["Request", "show"]


class Request(NamedTuple):
    """The command's options, as typed."""

    resource_group: str | None = None
    name: str | None = None
    stack: str | None = None
    subscription: str | None = None
    auth: str = "auto"
    key: str = "primary"
    format: str = "json"
    output: str | None = None
    details: bool = False


def show(request: Request) -> None:
    """Print the endpoint, or write it to a file of mode 0600.

    Raises:
        BatchManagementError: with the text for the user and the exit code.
    """
    form = find(request.format)
    text = form.render(_endpoint(request, request.details or form.details))
    if request.output is None:
        sys.stdout.write(f"{text}\n")
        return
    _write(Path(request.output), f"{text}\n")
    sys.stderr.write(f"wrote {request.output} (mode 0600: it holds a secret)\n" if form.secret else "")


def _endpoint(request: Request, details: bool) -> ServiceEndpoint:
    if request.auth not in get_args(AuthMode):
        raise UsageError(f"--auth is one of {', '.join(get_args(AuthMode))}, not '{request.auth}'")
    if request.key not in {"primary", "secondary"}:
        raise UsageError(f"--key is primary or secondary, not '{request.key}'")
    found = named(request.resource_group, request.name, request.stack, request.subscription)
    subscription = found.subscription or subscription_from_environment()
    http = LeanHttp()
    cloud = cloud_from_environment(http)
    tokens = EnvironmentTokens(cloud, http)
    arm = Arm(cloud, http, tokens, forget=tokens.forget)
    return resolve(
        arm,
        subscription,
        found.resource_group,
        found.account,
        auth=cast("AuthMode", request.auth),
        key_name=request.key,
        details=details,
        stack=found.stack,
    )


def _write(path: Path, text: str) -> None:
    try:
        write_private(path, text)
    except OSError as fault:
        raise BatchManagementError(f"{path} cannot be written: {fault.strerror}") from None
