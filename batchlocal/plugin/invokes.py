"""The provider's functions, as far as a Batch environment uses them."""

from __future__ import annotations

import base64
import json
from typing import Any

from batchlocal.plugin.arm import ArmClient
from batchlocal.plugin.bodies import outputs_of, path_of
from batchlocal.plugin.types import type_named
from batchlocal.plugin.values import secret

__all__ = ["invoke"]

Values = dict[str, Any]

_LISTS = {
    "azure-native:batch:listBatchAccountKeys": ("azure-native:batch:BatchAccount", "listKeys"),
    "azure-native:operationalinsights:getSharedKeys": ("azure-native:operationalinsights:Workspace", "sharedKeys"),
    "azure-native:operationalinsights:getWorkspaceSharedKeys": (
        "azure-native:operationalinsights:Workspace",
        "sharedKeys",
    ),
    "azure-native:storage:listStorageAccountKeys": ("azure-native:storage:StorageAccount", "listKeys"),
    "azure-native:storage:listStorageAccountSAS": ("azure-native:storage:StorageAccount", "ListAccountSas"),
    "azure-native:storage:listStorageAccountServiceSAS": ("azure-native:storage:StorageAccount", "ListServiceSas"),
}
"""Functions that ask for secrets: the type whose path they go to, and the action."""

_NOT_SECRET = frozenset({"accountName"})


async def invoke(arm: ArmClient, token: str, arguments: Values) -> Values:
    """Call a function by its token.

    Raises:
        LookupError: the plugin has no such function.
        ValueError: an argument is missing.
        ArmError: ARM refused, or what was asked for does not exist.
    """
    if token == "azure-native:authorization:getClientConfig":  # noqa: S105 - a function's name
        return await _client_config(arm)
    if token == "azure-native:authorization:getClientToken":  # noqa: S105 - a function's name
        return {"token": secret(await arm.bearer())}
    if token in _LISTS:
        return await _secrets(arm, *_LISTS[token], arguments)
    module, _, function = token.rpartition(":")
    if not function.startswith("get"):
        raise LookupError(f"this local azure-native plugin has no function {token}")
    kind = type_named(f"{module}:{function.removeprefix('get')}")
    path = path_of(kind, arguments, arm.settings.subscription_id)
    body = await arm.get(path, kind.api_version)
    if body is None:
        raise LookupError(f"'{path}' does not exist")
    return outputs_of(kind, body)


async def _secrets(arm: ArmClient, token: str, action: str, arguments: Values) -> Values:
    kind = type_named(token)
    path = path_of(kind, arguments, arm.settings.subscription_id)
    body = {name: value for name, value in arguments.items() if name not in (*kind.path_parameters, "subscriptionId")}
    body.pop("expand", None)
    found = await arm.post(f"{path}/{action}", kind.api_version, body or None)
    return {name: value if name in _NOT_SECRET else secret(value) for name, value in found.items()}


async def _client_config(arm: ArmClient) -> Values:
    """Who the provider is: the object id stands in its token's claims."""
    claims = (await arm.bearer()).split(".")[1]
    found = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return {
        "clientId": arm.settings.client_id or found.get("appid", ""),
        "objectId": found.get("oid", ""),
        "subscriptionId": arm.settings.subscription_id,
        "tenantId": arm.settings.tenant_id or found.get("tid", ""),
    }
