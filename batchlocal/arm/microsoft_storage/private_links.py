"""Private endpoints that lead to a storage account's blobs: who has connected, and what the account's owner decides.

Source: Microsoft's description of the Storage resource provider (PrivateEndpointConnections, PrivateLinkResources).
"""

from __future__ import annotations

from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.fabric import ResourceNotFound, body_object
from batchlocal.arm.microsoft_storage.provider import ACCOUNT_TYPE, PROVIDER, account_of, json_answer
from batchlocal.arm.private_endpoints import GROUPS, connections, shown_connection
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__ = ["shown_storage_connection"]

_CONNECTION_TYPE = f"{ACCOUNT_TYPE}/privateEndpointConnections"
_SPELT = {"actionRequired": "actionsRequired"}  # this provider's word, the other providers' word
_GROUPS = GROUPS[ACCOUNT_TYPE.lower()] = ("blob",)


@PROVIDER.operation("PrivateLinkResources_ListByStorageAccount")
def list_private_links(call: ArmCall) -> Answer:
    """What a private endpoint may lead to: blobs, the only service that there is here."""
    account = account_of(call)
    value = [
        {
            "id": f"{account.id}/privateLinkResources/{group}",
            "name": group,
            "type": f"{ACCOUNT_TYPE}/privateLinkResources",
            "properties": {
                "groupId": group,
                "requiredMembers": [group],
                "requiredZoneNames": [f"privatelink.{group}.core.windows.net"],
            },
        }
        for group in _GROUPS
    ]
    return json_answer(200, {"value": value})


@PROVIDER.operation("PrivateEndpointConnections_List")
def list_connections(call: ArmCall) -> Answer:
    """Who has connected."""
    found = connections(call.tx, account_of(call).id)
    return json_answer(200, {"value": [shown_storage_connection(one) for one in found]})


def shown_storage_connection(connection: Resource) -> dict[str, Any]:
    """A connection's JSON, in this provider's words and without the groups, which it does not show (description)."""
    found = shown_connection(connection)
    properties = {name: value for name, value in found["properties"].items() if name != "groupIds"}
    own = {word: name for name, word in _SPELT.items()}
    state = {own.get(name, name): value for name, value in properties["privateLinkServiceConnectionState"].items()}
    return {**found, "properties": {**properties, "privateLinkServiceConnectionState": state}}


def _connection(call: ArmCall) -> Resource:
    account, name = account_of(call), call.parameters["privateEndpointConnectionName"]
    found = call.tx.resources.find(f"{account.id}/privateEndpointConnections/{name}")
    if found is None:
        raise ResourceNotFound(_CONNECTION_TYPE, f"{account.name}/{name}", account.resource_group)
    return found


@PROVIDER.operation("PrivateEndpointConnections_Get")
def get_connection(call: ArmCall) -> Answer:
    """One connection."""
    return json_answer(200, shown_storage_connection(_connection(call)))


@PROVIDER.operation("PrivateEndpointConnections_Put")
def decide_on_connection(call: ArmCall) -> Answer:
    """The owner approves or rejects."""
    connection = _connection(call)
    sent = (body_object(call).get("properties") or {}).get("privateLinkServiceConnectionState") or {}
    sent = {_SPELT.get(name, name): value for name, value in sent.items()}
    connection.body["properties"]["privateLinkServiceConnectionState"] |= sent
    connection.modified = call.now
    call.tx.resources.put(connection)
    return json_answer(200, shown_storage_connection(connection))


@PROVIDER.operation("PrivateEndpointConnections_Delete")
def delete_connection(call: ArmCall) -> Answer:
    """200, or 204 when there was none."""
    try:
        connection = _connection(call)
    except ResourceNotFound:
        return Answer(204)
    call.tx.resources.remove(connection.id)
    return Answer(200)
