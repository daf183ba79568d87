"""The provider's operations, as those who write role definitions look them up."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from batchlocal.arm.actions import action_of
from batchlocal.arm.call import ArmCall
from batchlocal.arm.microsoft_batch.provider import PROVIDER
from batchlocal.protocol.messages import Answer

__all__: list[str] = []

# Azure documentation, "Azure permissions for Compute", Microsoft.Batch: what roles grant at the service plane.
_DATA_ACTIONS: Final = tuple(
    f"Microsoft.Batch/batchAccounts/{kind}/{verb}"
    for kind in ("jobs", "jobSchedules")
    for verb in ("read", "write", "delete")
)


@PROVIDER.operation("Operations_List")
def list_operations(_call: ArmCall) -> Answer:
    """Every operation once, and the data actions."""
    return Answer(200, {"value": _operations()})


@cache
def _operations() -> list[dict[str, Any]]:
    actions = {action_of(operation.method, operation.path): False for operation in PROVIDER.operations.values()}
    actions |= dict.fromkeys(_DATA_ACTIONS, True)
    return [_shown(name, is_data) for name, is_data in sorted(actions.items())]


def _shown(name: str, is_data: bool) -> dict[str, Any]:
    *types, verb = name.split("/")
    if verb == "action":
        verb = types.pop()
    resource, doing = _words(types[-1]), _words(verb)
    display = {"provider": "Microsoft Batch", "resource": resource, "operation": f"{doing} {resource}"}
    return {
        "name": name,
        "isDataAction": is_data,
        "display": {**display, "description": f"{doing}: {resource} of a Batch account."},
        "origin": "user,system",
    }


def _words(name: str) -> str:
    """``batchAccounts`` as "Batch Accounts"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name[:1].upper() + name[1:])
