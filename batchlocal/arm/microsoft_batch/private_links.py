"""What a private endpoint may connect to, and who has connected (F8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, provider
from batchlocal.arm.microsoft_batch.provider import ACCOUNT_TYPE, PROVIDER, account_of
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__: list[str] = []

_GROUPS = ("batchAccount", "nodeManagement")
_ZONE = "privatelink.batch.azure.com"  # recorded December 2024; until 2020 the zone named the region (F8)


@dataclass(eq=False)
class PrivateLinkResourceNotFound(Refusal):
    """The account has no private link resource of this name."""


@dataclass(eq=False)
class PrivateEndpointConnectionNotFound(Refusal):
    """Nobody has connected under this name."""


CATALOGUE.update(
    {
        PrivateLinkResourceNotFound: provider(
            404, "PrivateLinkResourceNotFound", "The specified private link resource does not exist."
        ),
        PrivateEndpointConnectionNotFound: provider(
            404, "PrivateEndpointConnectionNotFound", "The specified private endpoint connection does not exist."
        ),
    }
)


def _resources(account: Resource) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{account.id}/privateLinkResources/{group}",
            "name": group,
            "type": f"{ACCOUNT_TYPE}/privateLinkResources",
            "properties": {"groupId": group, "requiredMembers": [group], "requiredZoneNames": [_ZONE]},
        }
        for group in _GROUPS
    ]


@PROVIDER.operation("PrivateLinkResource_ListByBatchAccount")
def list_private_links(call: ArmCall) -> Answer:
    """The account itself and its node management endpoint."""
    return Answer(200, {"value": _resources(account_of(call))})


@PROVIDER.operation("PrivateLinkResource_Get")
def get_private_link(call: ArmCall) -> Answer:
    """One of them, by name."""
    wanted = call.parameters["privateLinkResourceName"].lower()
    for resource in _resources(account_of(call)):
        if resource["name"].lower() == wanted:
            return Answer(200, resource)
    raise PrivateLinkResourceNotFound


@PROVIDER.operation("PrivateEndpointConnection_ListByBatchAccount")
def list_connections(call: ArmCall) -> Answer:
    """Nobody: private endpoints are not emulated yet."""
    account_of(call)
    return Answer(200, {"value": []})


@PROVIDER.operation("PrivateEndpointConnection_Get")
def get_connection(call: ArmCall) -> Answer:
    """Nobody has connected."""
    account_of(call)
    raise PrivateEndpointConnectionNotFound
