"""The provider's functions, as far as a Batch environment uses them."""

from __future__ import annotations

import base64
import json
from typing import Any

from batchlocal.plugin.arm import ArmClient
from batchlocal.plugin.bodies import outputs_of, path_of
from batchlocal.plugin.types import TYPES
from batchlocal.plugin.values import secret

__all__ = ["invoke"]

Values = dict[str, Any]

_KEYS = {
    "azure-native:batch:listBatchAccountKeys": ("azure-native:batch:BatchAccount", "listKeys"),
    "azure-native:storage:listStorageAccountKeys": ("azure-native:storage:StorageAccount", "listKeys"),
}


async def invoke(arm: ArmClient, token: str, arguments: Values) -> Values:
    """Call a function by its token.

    Raises:
        LookupError: the plugin has no such function.
        ArmError: ARM refused, or what was asked for does not exist.
    """
    if token == "azure-native:authorization:getClientConfig":  # noqa: S105 - a function's name
        return await _client_config(arm)
    if token in _KEYS:
        name, action = _KEYS[token]
        kind = TYPES[name]
        path = path_of(kind, arguments, arm.settings.subscription_id)
        return {name: secret(value) for name, value in (await arm.post(f"{path}/{action}", kind.api_version)).items()}
    package, module, function = token.split(":")
    kind_found = TYPES.get(f"{package}:{module}:{function.removeprefix('get')}")
    if kind_found is None or not function.startswith("get"):
        raise LookupError(f"this local azure-native plugin has no function {token} yet")
    path = path_of(kind_found, arguments, arm.settings.subscription_id)
    body = await arm.get(path, kind_found.api_version)
    if body is None:
        raise LookupError(f"'{path}' does not exist")
    return outputs_of(kind_found, body)


async def _client_config(arm: ArmClient) -> Values:
    """Who the provider is: the object id stands in its token's claims."""
    claims = (await arm.bearer()).split(".")[1]
    found = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return {
        "clientId": arm.settings.client_id,
        "objectId": found.get("oid", ""),
        "subscriptionId": arm.settings.subscription_id,
        "tenantId": arm.settings.tenant_id,
    }
