"""Private endpoint connections: what stands below a resource that a private endpoint has connected to (F8).

A private endpoint is a resource of Microsoft.Network; the connection is a resource of the provider that it leads to.
Microsoft.Network calls ``connect`` and ``disconnect``; each provider that may be connected to puts its type and its
groups into ``GROUPS`` and serves the connections under its own operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.resource_id import ResourceId
from batchlocal.domain.refusals import Refusal
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["GROUPS", "Link", "connect", "connection_of", "connections", "disconnect", "shown_connection"]

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


@dataclass(frozen=True)
class Link:
    """What a private endpoint asks of the resource that it leads to.

    ``target_id`` and ``endpoint_id`` are resource IDs, ``guid`` the private endpoint's ``resourceGuid``, recorded as
    the second part of the connection's name; ``group_ids`` are names of the target's private link resources, such as
    ``batchAccount``. ``approved``: whether the caller may approve for the owner (``privateLinkServiceConnections``);
    if not (``manualPrivateLinkServiceConnections``) the owner has to, and is shown ``message`` meanwhile.
    """

    target_id: str
    endpoint_id: str
    guid: str
    group_ids: Sequence[str]
    message: str = ""
    approved: bool = True


def connect(tx: Tx, link: Link, now: int) -> Resource:
    """Connect a private endpoint to a resource, or change the groups of one that is connected already.

    ``now`` is in ticks. A connection that is there keeps what its owner has decided.

    Raises:
        PrivateLinkTargetNotFound, PrivateLinkGroupUnknown
    """
    target = tx.resources.find(link.target_id)
    known = GROUPS.get(target.type.lower()) if target else None
    if target is None or known is None:
        raise PrivateLinkTargetNotFound(link.target_id)
    groups = [_group(group, link.target_id, known) for group in link.group_ids]
    connection = connection_of(tx, link.target_id, link.endpoint_id) or _new_connection(target, link, now)
    connection.body["properties"]["groupIds"] = groups
    connection.modified = now
    tx.resources.put(connection)
    return connection


def _new_connection(target: Resource, link: Link, now: int) -> Resource:
    parent, endpoint = ResourceId.parse(target.id), ResourceId.parse(link.endpoint_id)
    where = parent.child(_KIND, f"{endpoint.name}.{link.guid}")
    return Resource(
        id=str(where),
        type=where.type,
        subscription=target.subscription,
        resource_group=target.resource_group,
        name=where.name,
        parent=target.id,
        body={
            "properties": {
                "provisioningState": "Succeeded",
                "privateEndpoint": {"id": link.endpoint_id},
                "privateLinkServiceConnectionState": _first_state(link),
            }
        },
        hidden={"type": f"{parent.type}/{_KIND}"},
        created=now,
    )


def _group(group: str, target_id: str, known: tuple[str, ...]) -> str:
    found = next((name for name in known if name.lower() == group.lower()), None)
    if found is None:
        raise PrivateLinkGroupUnknown(group, target_id, ", ".join(known))
    return found


def _first_state(link: Link) -> dict[str, str]:
    if link.approved:
        return {"status": "Approved", "description": "Auto-approved", "actionsRequired": "None"}
    return {"status": "Pending", "description": link.message, "actionsRequired": "None"}


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
