"""A provider's operations, as those who write role definitions look them up: drawn from what there is to ask of it."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from batchlocal.arm.actions import action_of
from batchlocal.arm.provider import ResourceProvider

__all__ = ["operations_of"]


@cache
def operations_of(provider: ResourceProvider) -> list[dict[str, Any]]:
    """Every action once, and the data actions, each with ``name``, ``isDataAction``, ``display`` and ``origin``."""
    actions = {action_of(one.method, one.path): False for one in provider.operations.values()}
    own = {name: False for name in actions if name.lower().startswith(provider.namespace.lower())}
    own |= dict.fromkeys(provider.data_actions, True)
    title = provider.namespace.replace(".", " ")
    return [_shown(title, name, is_data) for name, is_data in sorted(own.items())]


def _shown(title: str, name: str, is_data: bool) -> dict[str, Any]:
    *types, verb = name.split("/")
    if verb == "action":
        verb = types.pop()
    resource, doing = _words(types[-1]), _words(verb)
    display = {"provider": title, "resource": resource, "operation": f"{doing} {resource}"}
    display["description"] = f"{doing}: {resource} of {title}."
    return {"name": name, "isDataAction": is_data, "display": display, "origin": "user,system"}


def _words(name: str) -> str:
    """``batchAccounts`` as "Batch Accounts"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name[:1].upper() + name[1:])
