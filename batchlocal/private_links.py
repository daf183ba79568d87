"""Networks from which a private endpoint leads to an account. The service plane, the nodes and linked storage ask.

Azure documentation, "Use private endpoints with Azure Batch accounts": an approved endpoint of group ``batchAccount``
leads to the Batch service, one of ``nodeManagement`` lets nodes reach the node management service. To a storage account
one of group ``blob`` leads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["networks_to"]

Group = Literal["batchAccount", "nodeManagement", "blob"]


def networks_to(tx: Tx, account: Resource, group: Group) -> Iterator[Resource]:
    """The virtual networks that have an approved private endpoint of the group to the account."""
    for connection in tx.resources.children(account.id, f"{account.type}/privateEndpointConnections"):
        properties = connection.body["properties"]
        is_approved = properties["privateLinkServiceConnectionState"]["status"] == "Approved"
        endpoint = tx.resources.find(properties["privateEndpoint"]["id"])
        if is_approved and group in properties["groupIds"] and endpoint is not None:
            network = tx.resources.find(endpoint.body["properties"]["subnet"]["id"].rpartition("/subnets/")[0])
            if network is not None:
                yield network
