"""Inbound NAT pools and their rules (REST reference, Pool - Add)."""

from __future__ import annotations

from typing import Any

import pytest

from batchlocal.domain.inbound_endpoints import check_endpoints
from batchlocal.domain.refusals import PropertyNotTaken


def nat(**changed: object) -> dict[str, Any]:
    ports = {"backendPort": 8080, "frontendPortRangeStart": 15000, "frontendPortRangeEnd": 15039}
    return {"name": "web", "protocol": "tcp", **ports, **changed}


def rule(**changed: object) -> dict[str, Any]:
    return {"priority": 150, "access": "allow", "sourceAddressPrefix": "*", **changed}


def network(*pools: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"endpointConfiguration": {"inboundNATPools": list(pools)}, **more}


def many(number: int) -> list[dict[str, Any]]:
    first = 15000
    return [
        nat(
            name=f"n{at}",
            backendPort=80 + at,
            frontendPortRangeStart=first + 40 * at,
            frontendPortRangeEnd=first + 39 + 40 * at,
        )
        for at in range(number)
    ]


@pytest.mark.parametrize(
    "found",
    [
        {},
        network(nat()),
        network(*many(5)),
        network(nat(name="a.b-c_"), nat(name="9", backendPort=22, frontendPortRangeStart=1, frontendPortRangeEnd=40)),
        network(nat(frontendPortRangeStart=55001, frontendPortRangeEnd=65534)),
        network(nat(networkSecurityGroupRules=[rule(priority=at) for at in range(150, 175)])),
        network(
            nat(
                networkSecurityGroupRules=[
                    rule(sourceAddressPrefix="192.168.1.0/24", sourcePortRanges=["22", "100-200"])
                ]
            )
        ),
        network(nat(networkSecurityGroupRules=[rule(sourceAddressPrefix="VirtualNetwork", sourcePortRanges=["*"])])),
    ],
)
def test_endpoints_that_the_reference_allows_are_taken(found: dict[str, Any]) -> None:
    check_endpoints(found)


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (network(*many(6)), "inboundNATPools"),
        (network(nat(), publicIPAddressConfiguration={"provision": "NoPublicIPAddresses"}), "inboundNATPools"),
        (network(nat(name="bad name")), "name"),
        (network(nat(name="-a")), "name"),
        (network(nat(name="a.")), "name"),
        (network(nat(name="a" * 78)), "name"),
        (network(nat(), nat(name="WEB", backendPort=1, frontendPortRangeStart=1, frontendPortRangeEnd=40)), "name"),
        (network(nat(), nat(name="b", frontendPortRangeStart=1, frontendPortRangeEnd=40)), "backendPort"),
        (network(nat(backendPort=29876)), "backendPort"),
        (network(nat(backendPort=0)), "backendPort"),
        (network(nat(frontendPortRangeEnd=15038)), "frontendPortRangeEnd"),
        (network(nat(frontendPortRangeStart=49990, frontendPortRangeEnd=50000)), "frontendPortRangeStart"),
        (network(nat(frontendPortRangeStart=40000, frontendPortRangeEnd=65535)), "frontendPortRangeStart"),
        (
            network(nat(), nat(name="b", backendPort=1, frontendPortRangeStart=15039, frontendPortRangeEnd=15100)),
            "frontendPortRangeStart",
        ),
        (network(nat(networkSecurityGroupRules=[rule(priority=149)])), "priority"),
        (network(nat(networkSecurityGroupRules=[rule(), rule()])), "priority"),
        (
            network(nat(networkSecurityGroupRules=[rule(priority=at) for at in range(150, 176)])),
            "networkSecurityGroupRules",
        ),
        (network(nat(networkSecurityGroupRules=[rule(sourceAddressPrefix="1.2.3")])), "sourceAddressPrefix"),
        (network(nat(networkSecurityGroupRules=[rule(sourcePortRanges=["200-100"])])), "sourcePortRanges"),
    ],
)
def test_endpoints_that_the_reference_forbids_are_refused_by_name(found: dict[str, Any], name: str) -> None:
    with pytest.raises(PropertyNotTaken) as refused:
        check_endpoints(found)
    assert refused.value.name == name
