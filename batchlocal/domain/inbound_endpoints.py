"""Ports under which nodes are reached from outside, as a pool's settings may name them.

Source: the REST reference, Pool - Add (InboundNATPool, NetworkSecurityGroupRule, PoolEndpointConfiguration); of the
ports that it reserves, 22 and 3389 may be configured since 2024-07-01 (article pool-endpoint-configuration).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise
from typing import Any, Final

from batchlocal.domain.refusals import PropertyNotTaken

__all__ = ["check_endpoints"]

Properties = dict[str, Any]

_MOST_POOLS: Final = 5
_MOST_RULES: Final = 25
_FEWEST_PORTS: Final = 40
_HIGHEST_FRONTEND: Final = 65_534
_RESERVED_FRONTEND: Final = (50_000, 55_000)
_RESERVED_BACKEND: Final = frozenset({29_876, 29_877})
_PRIORITIES: Final = range(150, 4097)
_PORTS: Final = range(65_536)
_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]{0,75}[A-Za-z0-9_])?", re.ASCII)
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9.]*")


def check_endpoints(network: Properties) -> None:
    """What the inbound NAT pools of a pool's networkConfiguration must be.

    Raises:
        PropertyNotTaken
    """
    found: list[Properties] = (network.get("endpointConfiguration") or {}).get("inboundNATPools") or []
    if not found:
        return
    public = network.get("publicIPAddressConfiguration") or {}
    if str(public.get("provision")).lower() == "nopublicipaddresses":
        raise PropertyNotTaken("inboundNATPools", "", "A pool without public IP addresses has no inbound NAT pools")
    if len(found) > _MOST_POOLS:
        raise PropertyNotTaken("inboundNATPools", "", f"A pool has at most {_MOST_POOLS} inbound NAT pools")
    _check_distinct("name", [str(one["name"]).lower() for one in found])
    _check_distinct("backendPort", [int(one["backendPort"]) for one in found])
    for one in found:
        _check_ports(one)
    _check_apart(sorted((int(one["frontendPortRangeStart"]), int(one["frontendPortRangeEnd"])) for one in found))
    _check_rules([rule for one in found for rule in one.get("networkSecurityGroupRules") or []])


def _check_distinct(name: str, values: Sequence[Hashable]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise PropertyNotTaken(name, str(value), "It must be unique within the pool")


def _check_ports(one: Properties) -> None:
    name, backend = str(one["name"]), int(one["backendPort"])
    if not _NAME.fullmatch(name):
        reason = (
            "It has at most 77 letters, digits, underscores, periods and hyphens, begins with a letter or digit and"
            " ends with a letter, digit or underscore"
        )
        raise PropertyNotTaken("name", name, reason)
    if backend not in _PORTS or backend == 0 or backend in _RESERVED_BACKEND:
        raise PropertyNotTaken("backendPort", str(backend), "It is from 1 to 65535, but for 29876 and 29877")
    start, end = int(one["frontendPortRangeStart"]), int(one["frontendPortRangeEnd"])
    first, last = _RESERVED_FRONTEND
    if start < 1 or end > _HIGHEST_FRONTEND or (start <= last and end >= first):
        reason = f"It is from 1 to {_HIGHEST_FRONTEND}, but for {first} to {last}"
        raise PropertyNotTaken("frontendPortRangeStart", str(start), reason)
    if end - start + 1 < _FEWEST_PORTS:
        raise PropertyNotTaken("frontendPortRangeEnd", str(end), f"A range has at least {_FEWEST_PORTS} ports")


def _check_apart(ranges: Iterable[tuple[int, int]]) -> None:
    for (_, end), (start, _) in pairwise(ranges):
        if start <= end:
            raise PropertyNotTaken("frontendPortRangeStart", str(start), "The ranges of a pool must not overlap")


def _check_rules(rules: list[Properties]) -> None:
    if len(rules) > _MOST_RULES:
        raise PropertyNotTaken("networkSecurityGroupRules", "", f"A pool has at most {_MOST_RULES} rules")
    _check_distinct("priority", [int(rule["priority"]) for rule in rules])
    for rule in rules:
        priority, source = int(rule["priority"]), str(rule["sourceAddressPrefix"])
        if priority not in _PRIORITIES:
            raise PropertyNotTaken("priority", str(priority), "A rule's priority is from 150 to 4096")
        if not _is_source(source):
            raise PropertyNotTaken("sourceAddressPrefix", source, "It is an IP address, a subnet, a default tag or *")
        for text in rule.get("sourcePortRanges") or []:
            if not _is_port_range(str(text)):
                raise PropertyNotTaken("sourcePortRanges", str(text), "It is *, a port, or a range such as 100-200")


def _is_source(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return text == "*" or _TAG.fullmatch(text) is not None
    return True


def _is_port_range(text: str) -> bool:
    first, _, last = text.partition("-")
    if text == "*":
        return True
    return first.isdigit() and (last or first).isdigit() and int(first) <= int(last or first) < len(_PORTS)
