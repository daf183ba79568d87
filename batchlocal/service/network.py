"""Whether the Batch service answers a client where it is: the account's public access, IP rules, private endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from batchlocal.domain.network_rules import admits
from batchlocal.domain.refusals import Refusal
from batchlocal.service.errors import CATALOGUE, worded
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["check_network"]

_CONNECTIONS = "Microsoft.Batch/batchAccounts/privateEndpointConnections"
_GROUP = "batchAccount"


@dataclass(eq=False)
class NetworkNotAdmitted(Refusal):
    """The account's endpoint does not answer where the client is."""

    peer: str


# Code and message: recorded in Azure/BatchExplorer#2203.
CATALOGUE[NetworkNotAdmitted] = worded(
    403,
    "AuthorizationFailure",
    "This request is not authorized to perform this operation.",
    AuthorizationErrorDetail="The account's network rules do not admit {peer}, and no approved private endpoint leads"
    " from there to it.",
)


def check_network(tx: Tx, account: Resource, peer: str) -> None:
    """Refuse a client that the account's network rules do not admit.

    Raises:
        NetworkNotAdmitted
    """
    properties = account.body["properties"]
    access = properties["publicNetworkAccess"]
    rules = (properties.get("networkProfile") or {}).get("accountAccess")
    if access == "Enabled" and not rules:
        return
    if not admits(access, rules, peer, _private_ranges(tx, account)):
        raise NetworkNotAdmitted(peer)


def _private_ranges(tx: Tx, account: Resource) -> Iterator[str]:
    """The address spaces of the networks from which an approved private endpoint leads to the account."""
    for connection in tx.resources.children(account.id, _CONNECTIONS):
        properties = connection.body["properties"]
        is_approved = properties["privateLinkServiceConnectionState"]["status"] == "Approved"
        endpoint = tx.resources.find(properties["privateEndpoint"]["id"])
        if is_approved and _GROUP in properties["groupIds"] and endpoint is not None:
            network = tx.resources.find(endpoint.body["properties"]["subnet"]["id"].rpartition("/subnets/")[0])
            if network is not None:
                yield from network.body["properties"]["addressSpace"]["addressPrefixes"]
