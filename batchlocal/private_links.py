"""Networks from which a private endpoint leads to a Batch account. The service plane and the nodes ask.

Azure documentation, "Use private endpoints with Azure Batch accounts": an approved endpoint of group ``batchAccount``
leads to the Batch service, one of ``nodeManagement`` lets nodes reach the node management service.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["networks_to"]

_CONNECTIONS = "Microsoft.Batch/batchAccounts/privateEndpointConnections"


def networks_to(tx: Tx, account: Resource, group: Literal["batchAccount", "nodeManagement"]) -> Iterator[Resource]:
    """The virtual networks that have an approved private endpoint of the group to the account."""
    for connection in tx.resources.children(account.id, _CONNECTIONS):
        properties = connection.body["properties"]
        is_approved = properties["privateLinkServiceConnectionState"]["status"] == "Approved"
        endpoint = tx.resources.find(properties["privateEndpoint"]["id"])
        if is_approved and group in properties["groupIds"] and endpoint is not None:
            network = tx.resources.find(endpoint.body["properties"]["subnet"]["id"].rpartition("/subnets/")[0])
            if network is not None:
                yield network
