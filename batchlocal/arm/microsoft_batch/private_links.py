"""What a private endpoint may connect to, and who has connected (F8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.conditions import check_conditions
from batchlocal.arm.errors import CATALOGUE, provider
from batchlocal.arm.fabric import accept, retry_after
from batchlocal.arm.listing import listed_whole
from batchlocal.arm.microsoft_batch.provider import ACCOUNT_TYPE, PROVIDER, InvalidBody, account_of, properties_of
from batchlocal.arm.private_endpoints import GROUPS, connections, shown_connection
from batchlocal.domain.refusals import Refusal
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store import Tx
from batchlocal.store.effects import Effect
from batchlocal.store.resources import Resource

__all__ = ["finish_deletion", "finish_update", "shown_connections"]

_GROUPS = GROUPS[ACCOUNT_TYPE.lower()] = ("batchAccount", "nodeManagement")
_EFFECTS = {"Updating": "private-endpoint-connection.update", "Deleting": "private-endpoint-connection.delete"}
_SECONDS = 5  # no recording tells how long; two polls of a client that waits three seconds
_ZONE = "privatelink.batch.azure.com"
_ONE_ZONE_SINCE = "2022-06-01"  # recorded: before it the zone names the region, and the resource the account
_NODES_SINCE = "2022-10-01"  # recorded: before it the account alone could be connected to


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


def _resources(account: Resource, api_version: str) -> list[dict[str, Any]]:
    """The account's private link resources as an api-version has them (12 recordings of 2020-03-01 to 2024-02-01)."""
    groups = _GROUPS if api_version >= _NODES_SINCE else _GROUPS[:1]
    return [_resource(account, group, of_today=api_version >= _ONE_ZONE_SINCE) for group in groups]


def _resource(account: Resource, group: str, *, of_today: bool) -> dict[str, Any]:
    name = group if of_today else account.name
    zone = _ZONE if of_today else _ZONE.replace(".", f".{account.body['location']}.", 1)
    return {
        "id": f"{account.id}/privateLinkResources/{name}",
        "name": name,
        "type": f"{ACCOUNT_TYPE}/privateLinkResources",
        "properties": {"groupId": group, "requiredMembers": [group], "requiredZoneNames": [zone]},
    }


@PROVIDER.operation("PrivateLinkResource_ListByBatchAccount")
def list_private_links(call: ArmCall) -> Answer:
    """The account itself and its node management endpoint."""
    return listed_whole(call, _resources(account_of(call), call.request.api_version))


@PROVIDER.operation("PrivateLinkResource_Get")
def get_private_link(call: ArmCall) -> Answer:
    """One of them, by name."""
    wanted = call.parameters["privateLinkResourceName"].lower()
    for resource in _resources(account_of(call), call.request.api_version):
        if resource["name"].lower() == wanted:
            return Answer(200, resource)
    raise PrivateLinkResourceNotFound


@PROVIDER.operation("PrivateEndpointConnection_ListByBatchAccount")
def list_connections(call: ArmCall) -> Answer:
    """Who has connected, by name."""
    account = account_of(call)
    return listed_whole(call, shown_connections(call.tx, account))


def shown_connections(tx: Tx, account: Resource) -> list[dict[str, Any]]:
    """The connections as the list and the account itself show them."""
    return [_shown(connection) for connection in connections(tx, account.id)]


def _shown(connection: Resource) -> dict[str, Any]:
    return shown_connection(connection, etag=moments.weak_etag(connection.modified))


@PROVIDER.operation("PrivateEndpointConnection_Get")
def get_connection(call: ArmCall) -> Answer:
    """One connection."""
    return _answer(_connection(call), 200)


def _connection(call: ArmCall) -> Resource:
    account = account_of(call)
    name = call.parameters["privateEndpointConnectionName"]
    connection = call.tx.resources.find(f"{account.id}/privateEndpointConnections/{name}")
    if connection is None:
        raise PrivateEndpointConnectionNotFound
    return connection


def _answer(connection: Resource, status: int, **headers: str) -> Answer:
    etag = moments.weak_etag(connection.modified)
    shown = {"ETag": etag, "Last-Modified": moments.http_date(connection.modified)}
    return Answer(status, _shown(connection), {**shown, **headers})


@PROVIDER.operation("PrivateEndpointConnection_Update")
def decide_on_connection(call: ArmCall) -> Answer:
    """The owner approves or rejects: 202 with the connection and an Azure-AsyncOperation (F8)."""
    connection = _connection(call)
    check_conditions(call, connection.modified)
    state = properties_of(call.body).get("privateLinkServiceConnectionState")
    if not state:
        raise InvalidBody("privateLinkServiceConnectionState must be set")
    known = connection.body["properties"]
    known["privateLinkServiceConnectionState"] = {**known["privateLinkServiceConnectionState"], **state}
    return _begin(call, connection, "Updating")


def _begin(call: ArmCall, connection: Resource, doing: str) -> Answer:
    """202: an operation named after what it does, to whom and when, as recorded (F8)."""
    connection.body["properties"]["provisioningState"] = doing
    connection.modified = call.now
    call.tx.resources.put(connection)
    account = account_of(call)
    name = f"{doing}${connection.name}-{call.now:X}"
    accept(call, _EFFECTS[doing], connection, _SECONDS, f"{account.key}/{name}")
    path = f"{account.id}/privateEndpointConnectionResults/{name}"
    url = f"{call.platform.origin}{path}?api-version={call.request.api_version}"
    headers = {"Azure-AsyncOperation": url, "Retry-After": retry_after(call)}
    return _answer(connection, 202, **headers) if doing == "Updating" else Answer(202, headers=headers)


@PROVIDER.operation("PrivateEndpointConnection_Delete")
def delete_connection(call: ArmCall) -> Answer:
    """202 and an Azure-AsyncOperation; 204 when there is no such connection."""
    try:
        connection = _connection(call)
    except PrivateEndpointConnectionNotFound:
        return Answer(204)
    return _begin(call, connection, "Deleting")


@PROVIDER.operation("PrivateEndpointConnection_OperationResults")
def poll_connection(call: ArmCall) -> Answer:
    """200 with a status, whatever it is (F8: the one place where Batch answers so)."""
    operation = call.tx.operations.find(f"{account_of(call).key}/{call.parameters['operationId']}")
    if operation is not None and operation.status == "InProgress":
        wait = retry_after(call)
        return Answer(200, {"status": "InProgress", "retryAfter": int(wait)}, {"Retry-After": wait})
    return Answer(200, {"status": "Succeeded", "retryAfter": 0})


async def finish_update(platform: Platform, effect: Effect) -> None:
    """The owner's decision holds."""
    with platform.store.write() as tx:
        connection = tx.resources.find(effect.subject)
        if connection is not None:
            connection.body["properties"]["provisioningState"] = "Succeeded"
            tx.resources.put(connection)
        tx.operations.finish(effect.payload["operation"])
        tx.effects.settle(effect)


async def finish_deletion(platform: Platform, effect: Effect) -> None:
    """The connection is gone; its private endpoint leads nowhere."""
    with platform.store.write() as tx:
        tx.resources.remove(effect.subject)
        tx.operations.finish(effect.payload["operation"])
        tx.effects.settle(effect)
