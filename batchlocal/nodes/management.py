"""Whether a pool's nodes reach the service that manages them.

With simplified communication a node calls the account's node management endpoint; a node that cannot is ``unusable``
without errors, and Batch keeps trying (articles "Use simplified compute node communication" and "Check for pool and
node errors"). With classic communication Batch calls the nodes. What ``default`` means is Batch's choice; here it
leaves nodes alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from batchlocal.domain.network_rules import admits_nodes
from batchlocal.domain.pool import Pool
from batchlocal.private_links import networks_to
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["is_reached"]


def is_reached(tx: Tx, account: Resource, pool: Pool) -> bool:
    """Whether the account's node management endpoint answers the pool's nodes."""
    if str(pool.properties.get("targetNodeCommunicationMode", "")).lower() != "simplified":
        return True
    properties = account.body["properties"]
    network = pool.properties.get("networkConfiguration") or {}
    own = str(network.get("subnetId") or "").lower().rpartition("/subnets/")[0]
    return admits_nodes(
        properties["publicNetworkAccess"],
        (properties.get("networkProfile") or {}).get("nodeManagementAccess"),
        _addresses(tx, network.get("publicIPAddressConfiguration") or {}),
        has_private_endpoint=any(one.key == own for one in networks_to(tx, account, "nodeManagement")),
    )


def _addresses(tx: Tx, public: dict[str, list[str]]) -> Iterator[str]:
    """The addresses of the public IP address resources that the pool names, where they have any."""
    for resource_id in public.get("ipAddressIds") or ():
        found = tx.resources.find(resource_id)
        if found is not None and found.body["properties"].get("ipAddress"):
            yield str(found.body["properties"]["ipAddress"])
