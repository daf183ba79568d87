"""Address ranges of networks and subnets: "Azure Virtual Network FAQ"."""

from __future__ import annotations

import pytest

from batchlocal.domain.subnets import RangeInvalid, SubnetOutside, SubnetsOverlap, check_subnets, free_address

SPACE = ["10.0.0.0/16", "fd00::/48"]


def test_subnets_lie_in_their_network_side_by_side() -> None:
    check_subnets("net", SPACE, {"a": ["10.0.0.0/24"], "b": ["10.0.1.0/24", "fd00::/64"]})


@pytest.mark.parametrize(
    ("space", "subnets", "kind"),
    [
        (SPACE, {"a": ["10.1.0.0/24"]}, SubnetOutside),
        (SPACE, {"a": ["fd01::/64"]}, SubnetOutside),
        (SPACE, {"a": ["10.0.0.0/15"]}, SubnetOutside),
        (SPACE, {"a": ["10.0.0.0/24"], "b": ["10.0.0.128/25"]}, SubnetsOverlap),
        (SPACE, {"a": ["10.0.0.1/24"]}, RangeInvalid),
        (["net"], {}, RangeInvalid),
    ],
)
def test_others_are_refused(space: list[str], subnets: dict[str, list[str]], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        check_subnets("net", space, subnets)


def test_azure_keeps_the_first_four_addresses_and_the_last() -> None:
    assert free_address("10.0.0.0/29", []) == "10.0.0.4"
    assert free_address("10.0.0.0/29", ["10.0.0.4", "10.0.0.5"]) == "10.0.0.6"
    assert free_address("10.0.0.0/29", ["10.0.0.4", "10.0.0.5", "10.0.0.6"]) == ""
