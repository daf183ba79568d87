"""Namespaces with their resource types and api-versions, as clients ask before they send anything."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any

from batchlocal import specs
from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.fabric import check_subscription
from batchlocal.arm.locations import LOCATIONS
from batchlocal.arm.microsoft_resources.provider import PROVIDER
from batchlocal.arm.provider import REGISTERED, ResourceProvider
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.messages import Answer

__all__: list[str] = []

_NAMESPACE = re.compile(r"\w+(\.\w+)+", re.ASCII)


@dataclass(eq=False)
class NamespaceInvalid(Refusal):
    """No provider can have this name."""

    namespace: str


CATALOGUE[NamespaceInvalid] = gateway(
    404, "InvalidResourceNamespace", "The resource namespace '{namespace}' is invalid."
)


@PROVIDER.operation("Providers_List", "Providers_ListAtTenantScope")
def list_providers(call: ArmCall) -> Answer:
    """The namespaces that are modelled, all registered."""
    if "subscriptionId" in call.parameters:
        check_subscription(call)
    return Answer(200, {"value": [_shown(call, name) for name in sorted({one.namespace for one in REGISTERED})]})


@PROVIDER.operation("Providers_Get", "Providers_Register", "Providers_GetAtTenantScope")
def get_provider(call: ArmCall) -> Answer:
    """One namespace, registered; one that is not modelled has no types."""
    if "subscriptionId" in call.parameters:
        check_subscription(call)
    namespace = call.parameters["namespace"]
    if not _NAMESPACE.fullmatch(namespace):
        raise NamespaceInvalid(namespace[:100])
    return Answer(200, _shown(call, namespace))


def _shown(call: ArmCall, namespace: str) -> dict[str, Any]:
    known = [one for one in REGISTERED if one.namespace.lower() == namespace.lower()]
    name = known[0].namespace if known else namespace
    scope = f"/subscriptions/{call.id.subscription}" if "subscriptionId" in call.parameters else ""
    return {
        "id": f"{scope}/providers/{name}",
        "namespace": name,
        "registrationPolicy": "RegistrationRequired",
        "registrationState": "Registered",
        "resourceTypes": [kind for one in known for kind in _types(one)],
    }


@cache
def _types(provider: ResourceProvider) -> list[dict[str, Any]]:
    """The types that a provider's paths name, with the api-versions that have them, newest first."""
    versions: dict[str, list[str]] = defaultdict(list)
    for operation in provider.operations.values():
        versions[_type_of(operation.path, provider.namespace)] = []
    for version in provider.versions:
        named = {_type_of(one.path, provider.namespace) for one in specs.operations(provider.namespace, version)}
        for kind in named:
            versions[kind].append(version)
    regions = [*LOCATIONS.values()]
    return [
        {"resourceType": kind, "locations": regions, "apiVersions": known, "capabilities": "None"}
        for kind, known in versions.items()
        if kind
    ]


def _type_of(path: str, namespace: str) -> str:
    """``batchAccounts/pools`` for the path template of a pool or of a list of pools."""
    _, found, tail = path.partition(f"/providers/{namespace}/")
    return "/".join(tail.split("/")[::2]) if found else ""
