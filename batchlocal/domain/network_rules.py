"""Who reaches an account's endpoint: public access, IP rules, private endpoints.

Azure documentation, "Configure public network access with Azure Batch accounts" and "Use private endpoints with Azure
Batch accounts": with public access disabled only private endpoints lead to the account; with it enabled, an endpoint's
default action holds for whom no IP rule names; private endpoints are asked no rule.

On one machine every client has a loopback address, and a client may choose which of the 127.0.0.0/8 it comes from. So
an address stands for every address that has the same last three numbers: a client from 127.20.0.5 comes from 10.20.0.5,
from 203.20.0.5, and from whatever network has either of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from typing import Any

__all__ = ["admits", "admits_nodes", "as_range", "comes_from"]

_LOOPBACK = int(IPv4Address("127.0.0.0"))
_LAST_THREE = 0x00FF_FFFF
_FIRST_NUMBER = 8  # bits


def as_range(text: str) -> IPv4Network:
    """An IPv4 address or a range in CIDR notation, as IP rules have them.

    Raises:
        ValueError: it is neither.
    """
    found = ip_network(text)
    if not isinstance(found, IPv4Network):
        raise ValueError(f"{text} is not an IPv4 address")
    return found


def comes_from(peer: str, range_: str) -> bool:
    """Whether a local client's address stands for one in a range."""
    try:
        network, address = as_range(range_), _ipv4(peer)
    except ValueError:
        return False
    if network.prefixlen < _FIRST_NUMBER:
        return True
    local = IPv4Network((_LOOPBACK | int(network.network_address) & _LAST_THREE, network.prefixlen))
    return address in local or address in network


def _ipv4(peer: str) -> IPv4Address:
    """IPv6 has one loopback address, which is everybody's."""
    found = ip_address(peer)
    return found if isinstance(found, IPv4Address) else IPv4Address("127.0.0.1")


def admits(public_access: str, rules: Mapping[str, Any] | None, peer: str, private_ranges: Iterable[str]) -> bool:
    """Whether an endpoint answers a client.

    Args:
        public_access: the account's ``publicNetworkAccess``.
        rules: the endpoint's part of ``networkProfile``: ``defaultAction`` and ``ipRules``.
        peer: the client's address. private_ranges: those of networks with an approved private endpoint.
    """
    if public_access == "Enabled" and _is_public(rules, peer):
        return True
    return any(comes_from(peer, one) for one in private_ranges)


def _is_public(rules: Mapping[str, Any] | None, peer: str) -> bool:
    if not rules or rules.get("defaultAction", "Allow") == "Allow":
        return True
    return any(comes_from(peer, str(rule["value"])) for rule in rules.get("ipRules") or ())


def admits_nodes(
    public_access: str, rules: Mapping[str, Any] | None, addresses: Iterable[str], *, has_private_endpoint: bool
) -> bool:
    """Whether the node management endpoint answers a pool's nodes, which it must with simplified communication.

    Azure documentation, "Configure public network access with Azure Batch accounts" (node management endpoint), and
    "Azure Batch node gets stuck in the Unusable state" (simplified node communication, cause 2).

    Args:
        public_access: the account's ``publicNetworkAccess``.
        rules: ``nodeManagementAccess`` of its ``networkProfile``.
        addresses: the pool's public IP addresses as far as they are known; Batch's own choice is not.
        has_private_endpoint: whether an approved endpoint of group ``nodeManagement`` is in the nodes' network.
    """
    if has_private_endpoint:
        return True
    if public_access != "Enabled":
        return False
    if not rules or rules.get("defaultAction", "Allow") == "Allow":
        return True
    ranges = [as_range(str(rule["value"])) for rule in rules.get("ipRules") or ()]
    known = [ip_address(address) for address in addresses]
    return any(not one.prefixlen or any(address in one for address in known) for one in ranges)
