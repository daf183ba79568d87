"""Private endpoint connections: what stands below a resource that a private endpoint has connected to (F8).

A private endpoint is a resource of Microsoft.Network; the connection is a resource of the provider that it leads to.
Microsoft.Network calls ``connect`` and ``disconnect``; each provider that may be connected to puts its type and its
groups into ``GROUPS`` and serves the connections under its own operations.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.resource_id import ResourceId
from batchlocal.domain.refusals import Refusal
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["GROUPS", "connect", "connection_of", "connections", "disconnect", "shown_connection"]

GROUPS: dict[str, tuple[str, ...]] = {}
"""The groups (private link sub-resources) that can be connected to, by resource type in lower case."""
_KIND = "privateEndpointConnections"


@dataclass(eq=False)
class PrivateLinkTargetNotFound(Refusal):
    """The resource to connect to does not exist, or its type takes no private endpoints."""

    target: str


@dataclass(eq=False)
class PrivateLinkGroupUnknown(Refusal):
    """The resource has no such group to connect to."""

    group: str
    target: str
    known: str


CATALOGUE.update(
    {
        PrivateLinkTargetNotFound: gateway(
            400, "LinkedResourceNotFound", "There is no resource '{target}' that takes private endpoint connections."
        ),
        PrivateLinkGroupUnknown: gateway(
            400,
            "InvalidGroupId",
            "The group '{group}' is invalid for the private link resource '{target}'; its groups are {known}.",
        ),
    }
)


def connect(
    tx: Tx,
    target_id: str,
    private_endpoint_id: str,
    group_ids: Iterable[str],
    message: str,
    now: int,
    *,
    guid: str,
    approved: bool = True,
) -> Resource:
    """Connect a private endpoint to a resource, or change the groups of one that is connected already.

    Args:
        tx: a write transaction.
        target_id: the id of the resource that is connected to, such as a Batch account's.
        private_endpoint_id: the id of the private endpoint; a resource of Microsoft.Network.
        group_ids: names of the target's private link resources, such as ``batchAccount``.
        message: what the caller says to the target's owner, shown while the connection waits for approval.
        now: the moment in ticks.
        guid: the private endpoint's ``resourceGuid``, which is recorded as the second part of the connection's name.
        approved: whether the caller may approve for the owner (``privateLinkServiceConnections``); if not
            (``manualPrivateLinkServiceConnections``) the owner has to.

    Raises:
        PrivateLinkTargetNotFound, PrivateLinkGroupUnknown
    """
    target = tx.resources.find(target_id)
    known = GROUPS.get(target.type.lower()) if target else None
    if target is None or known is None:
        raise PrivateLinkTargetNotFound(target_id)
    groups = [_group(group, target_id, known) for group in group_ids]
    connection = connection_of(tx, target_id, private_endpoint_id)
    if connection is None:
        endpoint = ResourceId.parse(private_endpoint_id)
        where = ResourceId.parse(target.id).child(_KIND, f"{endpoint.name}.{guid}")
        connection = Resource(
            id=str(where),
            type=where.type,
            subscription=target.subscription,
            resource_group=target.resource_group,
            name=where.name,
            parent=target.id,
            body={
                "properties": {
                    "provisioningState": "Succeeded",
                    "privateEndpoint": {"id": private_endpoint_id},
                    "privateLinkServiceConnectionState": _first_state(message, approved=approved),
                }
            },
            hidden={"type": f"{ResourceId.parse(target.id).type}/{_KIND}"},
            created=now,
        )
    connection.body["properties"]["groupIds"] = groups
    connection.modified = now
    tx.resources.put(connection)
    return connection


def _group(group: str, target_id: str, known: tuple[str, ...]) -> str:
    found = next((name for name in known if name.lower() == group.lower()), None)
    if found is None:
        raise PrivateLinkGroupUnknown(group, target_id, ", ".join(known))
    return found


def _first_state(message: str, *, approved: bool) -> dict[str, str]:
    if approved:
        return {"status": "Approved", "description": "Auto-approved", "actionsRequired": "None"}
    return {"status": "Pending", "description": message, "actionsRequired": "None"}


def disconnect(tx: Tx, target_id: str, private_endpoint_id: str) -> None:
    """The private endpoint is gone, and its connection with it; nothing happens when there is none."""
    connection = connection_of(tx, target_id, private_endpoint_id)
    if connection is not None:
        tx.resources.remove(connection.id)


def connection_of(tx: Tx, target_id: str, private_endpoint_id: str) -> Resource | None:
    """The connection of one private endpoint; None when it was never made or its owner has removed it."""
    wanted = private_endpoint_id.lower()
    for connection in connections(tx, target_id):
        if connection.body["properties"]["privateEndpoint"]["id"].lower() == wanted:
            return connection
    return None


def connections(tx: Tx, target_id: str) -> list[Resource]:
    """A resource's connections, by name."""
    return list(tx.resources.children(target_id, f"{ResourceId.parse(target_id).type}/{_KIND}"))


def shown_connection(connection: Resource, *, etag: str | None = None) -> dict[str, Any]:
    """A connection's JSON, in the recorded order; with ``etag`` where the provider shows one."""
    envelope = {"id": connection.id, "name": connection.name, "type": connection.hidden["type"]}
    return {**envelope, **({"etag": etag} if etag else {}), **connection.body}
