"""Address ranges: a subnet lies in its network and beside the others; its first addresses are Azure's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from batchlocal.domain.refusals import Refusal

__all__ = ["RangeInvalid", "SubnetOutside", "SubnetsOverlap", "check_subnets", "free_address"]

_RESERVED = 4  # Azure documentation, "Azure Virtual Network FAQ": the first four addresses (and the last) are reserved

Range = IPv4Network | IPv6Network


@dataclass(eq=False)
class RangeInvalid(Refusal):
    """Not an address range in CIDR notation."""

    value: str
    name: str


@dataclass(eq=False)
class SubnetOutside(Refusal):
    """A subnet's range is not within its network's."""

    subnet: str
    network: str


@dataclass(eq=False)
class SubnetsOverlap(Refusal):
    """Two subnets share addresses."""

    subnet: str
    other: str


def check_subnets(network: str, space: Iterable[str], subnets: Mapping[str, Iterable[str]]) -> None:
    """Refuse subnets (ranges by name) that do not lie in the address space of their network, or not side by side.

    Raises:
        RangeInvalid, SubnetOutside, SubnetsOverlap
    """
    whole = [_range(text, network) for text in space]
    seen: list[tuple[str, Range]] = []
    for name, texts in subnets.items():
        for own in (_range(text, name) for text in texts):
            if not any(_is_within(own, outer) for outer in whole):
                raise SubnetOutside(name, network)
            for other, range_ in seen:
                if own.overlaps(range_):
                    raise SubnetsOverlap(name, other)
            seen.append((name, own))


def _is_within(inner: Range, outer: Range) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def _range(text: str, name: str) -> Range:
    try:
        return ip_network(text)
    except ValueError:
        raise RangeInvalid(text, name) from None


def free_address(prefix: str, taken: Iterable[str]) -> str:
    """The first address of a subnet that nobody has; empty when there is none."""
    used = set(taken)
    for number, address in enumerate(ip_network(prefix)):
        if number >= _RESERVED and str(address) not in used and address != ip_network(prefix).broadcast_address:
            return str(address)
    return ""
