"""Whether the Batch service answers a client where it is: the account's public access, IP rules, private endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from batchlocal.domain.network_rules import admits
from batchlocal.domain.refusals import Refusal
from batchlocal.private_links import networks_to
from batchlocal.service.errors import CATALOGUE, worded
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["check_network"]


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
    for network in networks_to(tx, account, "batchAccount"):
        yield from network.body["properties"]["addressSpace"]["addressPrefixes"]
