"""What providers' operations are called, for all of them (REST reference, "Provider Operations Metadata")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.microsoft_authorization.provider import PROVIDER
from batchlocal.arm.provider import REGISTERED, ResourceProvider
from batchlocal.arm.provider_operations import operations_of
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.messages import Answer

__all__: list[str] = []


@dataclass(eq=False)
class ProviderUnknown(Refusal):
    """No provider of this name is modelled."""

    namespace: str


CATALOGUE[ProviderUnknown] = gateway(404, "ProviderNotFound", "Provider '{namespace}' not found.")


@PROVIDER.operation("ProviderOperationsMetadata_List")
def list_providers(_: ArmCall) -> Answer:
    """All providers that are modelled, with their operations."""
    return Answer(200, {"value": [_shown(one) for one in REGISTERED]})


@PROVIDER.operation("ProviderOperationsMetadata_Get")
def get_provider(call: ArmCall) -> Answer:
    """One of them."""
    wanted = call.parameters["namespace"]
    for one in REGISTERED:
        if one.namespace.lower() == wanted.lower():
            return Answer(200, _shown(one))
    raise ProviderUnknown(wanted[:100])


def _shown(provider: ResourceProvider) -> dict[str, Any]:
    types: dict[str, list[dict[str, Any]]] = {}
    for operation in operations_of(provider):
        inner = operation["name"].partition("/")[2].split("/")
        name = "/".join(inner[: -2 if inner[-1] == "action" else -1])
        display = operation["display"]
        told = {"displayName": display["operation"], "description": display["description"]}
        facts = {"name": operation["name"], "origin": operation["origin"], "isDataAction": operation["isDataAction"]}
        types.setdefault(name, []).append({**facts, **told})
    root = "/providers/Microsoft.Authorization/providerOperations"
    return {
        "id": f"{root}/{provider.namespace}",
        "name": provider.namespace,
        "type": "Microsoft.Authorization/providerOperations",
        "displayName": provider.namespace.replace(".", " "),
        "operations": types.pop("", []),
        "resourceTypes": [{"name": name, "displayName": name, "operations": found} for name, found in types.items()],
    }
