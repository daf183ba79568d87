"""Private endpoints: an address in a subnet that leads to one resource, once its owner has approved.

The connection stands below the resource that it leads to (``arm/private_endpoints.py``); its state is shown here as it
is there. Names in DNS: Azure documentation, "Azure Private Endpoint private DNS zone values".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from batchlocal.arm.access import JOIN_SUBNET, check_linked
from batchlocal.arm.call import ArmCall
from batchlocal.arm.kept import KeptType, Values, serve, text_at
from batchlocal.arm.microsoft_network.provider import ENVELOPE, PROVIDER, born
from batchlocal.arm.microsoft_network.virtual_networks import endpoints_in, prefixes_of
from batchlocal.arm.private_endpoints import Link, connect, connection_of, disconnect
from batchlocal.arm.shapes import InvalidValue
from batchlocal.domain.subnets import free_address
from batchlocal.platform import Platform
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["ENDPOINT_TYPE", "address_of", "names_behind"]

ENDPOINT_TYPE = "Microsoft.Network/privateEndpoints"
_AUTOMATIC, _MANUAL = "privateLinkServiceConnections", "manualPrivateLinkServiceConnections"
_CONNECTION_SHAPE = {"privateLinkServiceId": str, "groupIds": [str], "requestMessage": str}
_GONE = {
    "status": "Disconnected",
    "description": "The connection was removed by its owner.",
    "actionsRequired": "None",
}


def _connections(body: Values | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """The connections that a body asks for, each with the list that it stands in."""
    properties = (body or {}).get("properties") or {}
    for kind in (_AUTOMATIC, _MANUAL):
        for connection in properties.get(kind) or []:
            yield kind, connection


def _target(connection: dict[str, Any]) -> str:
    return text_at(connection, "properties.privateLinkServiceId")


def _complete(call: ArmCall, endpoint: Resource, before: Values | None) -> None:
    """Take an address, and connect; what is no longer asked for is disconnected."""
    targets = [_target(connection) for _, connection in _connections(endpoint.body)]
    if not all(targets) or not targets:
        raise InvalidValue(f"properties.{_AUTOMATIC}", "A private endpoint leads to one resource.")
    wanted = {target.lower() for target in targets}
    for _, old in _connections(before):
        if _target(old).lower() not in wanted:
            disconnect(call.tx, _target(old), endpoint.id)
    check_linked(call, JOIN_SUBNET, [text_at(endpoint.body, "properties.subnet.id")])
    _take_address(call.tx, endpoint)
    for kind, connection in _connections(endpoint.body):
        _connect(call, endpoint, connection, approved=kind == _AUTOMATIC)
    properties = endpoint.body["properties"]
    nic = f"{endpoint.id.rpartition('/privateEndpoints/')[0]}/networkInterfaces/{endpoint.name}.nic"
    properties["networkInterfaces"] = [{"id": f"{nic}.{properties['resourceGuid']}"}]


def _connect(call: ArmCall, endpoint: Resource, connection: dict[str, Any], *, approved: bool) -> None:
    sent = connection["properties"]
    message = str(sent.get("requestMessage") or "")
    guid, groups = endpoint.body["properties"]["resourceGuid"], sent.get("groupIds") or []
    connect(call.tx, Link(_target(connection), endpoint.id, guid, groups, message, approved), call.now)


def _take_address(tx: Tx, endpoint: Resource) -> None:
    if endpoint.hidden.get("address"):
        return
    subnet_id = text_at(endpoint.body, "properties.subnet.id")
    subnet = tx.resources.find(subnet_id)
    prefixes = prefixes_of(subnet) if subnet else []
    taken = [address_of(one) for one in endpoints_in(tx, subnet_id)]
    endpoint.hidden["address"] = free_address(prefixes[0], taken) if prefixes else ""
    if not endpoint.hidden["address"]:
        raise InvalidValue("properties.subnet", "The subnet has no address left.")


def address_of(endpoint: Resource) -> str:
    """A private endpoint's address in its subnet."""
    return str(endpoint.hidden.get("address", ""))


def names_behind(tx: Tx, endpoint: Resource) -> list[str]:
    """The public DNS names that a private endpoint answers for."""
    found = []
    for _, connection in _connections(endpoint.body):
        target = tx.resources.find(_target(connection))
        if target is not None:
            found += [_name(target, group) for group in connection["properties"].get("groupIds") or []]
    return found


def _name(target: Resource, group: str) -> str:
    if group.lower() == "nodemanagement":
        return str(target.body["properties"]["nodeManagementEndpoint"])
    if group.lower() == "batchaccount":
        return f"{target.name}.{target.body['location']}.batch.azure.com"
    return f"{target.name}.{group}.core.windows.net"


def _view(tx: Tx, endpoint: Resource) -> Values:
    """The connections with their states, and the names that clients need where no zone has them."""
    shown: Values = {_AUTOMATIC: [], _MANUAL: []}
    for kind, connection in _connections(endpoint.body):
        shown[kind].append(_shown_connection(tx, endpoint, kind, connection))
    zoned = any(tx.resources.children(endpoint.id, f"{ENDPOINT_TYPE}/privateDnsZoneGroups"))
    names = [] if zoned else names_behind(tx, endpoint)
    shown["customDnsConfigs"] = [{"fqdn": name, "ipAddresses": [address_of(endpoint)]} for name in names]
    return shown


def _shown_connection(tx: Tx, endpoint: Resource, kind: str, connection: dict[str, Any]) -> dict[str, Any]:
    made = connection_of(tx, _target(connection), endpoint.id)
    state = made.body["properties"]["privateLinkServiceConnectionState"] if made else _GONE
    return {
        "name": connection.get("name", ""),
        "id": f"{endpoint.id}/{kind}/{connection.get('name', '')}",
        "type": f"{ENDPOINT_TYPE}/{kind}",
        "properties": {
            **connection["properties"],
            "provisioningState": "Succeeded",
            "privateLinkServiceConnectionState": state,
        },
    }


def _removed(_: Platform, tx: Tx, endpoint: Resource) -> None:
    for _kind, connection in _connections(endpoint.body):
        disconnect(tx, _target(connection), endpoint.id)


serve(
    PROVIDER,
    KeptType(
        ENDPOINT_TYPE,
        "PrivateEndpoints",
        envelope=ENVELOPE,
        shape={
            "subnet": {"id": str},
            **{kind: [{"name": str, "properties": _CONNECTION_SHAPE}] for kind in (_AUTOMATIC, _MANUAL)},
        },
        required=("location", "properties.subnet.id"),
        references=("properties.subnet.id",),
        defaults={"ipConfigurations": [], _AUTOMATIC: [], _MANUAL: []},
        drawn=born,
        complete=_complete,
        view=_view,
        removed=_removed,
    ),
)
