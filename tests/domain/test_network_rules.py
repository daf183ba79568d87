"""Who reaches an endpoint ("Configure public network access with Azure Batch accounts")."""

from __future__ import annotations

from typing import Any

import pytest

from batchlocal.domain.network_rules import admits, admits_nodes, as_range, comes_from

DENY = {"defaultAction": "Deny", "ipRules": [{"action": "Allow", "value": "203.0.113.0/24"}]}


@pytest.mark.parametrize(
    ("peer", "range_", "inside"),
    [
        ("127.20.0.5", "10.20.0.0/16", True),
        ("127.21.0.5", "10.20.0.0/16", False),
        ("127.0.0.1", "10.20.0.0/16", False),
        ("127.0.113.9", "203.0.113.9", True),
        ("127.0.113.8", "203.0.113.9", False),
        ("127.0.0.2", "127.0.0.2", True),
        ("127.0.0.1", "0.0.0.0/0", True),
        ("192.168.1.7", "192.168.1.0/24", True),
        ("192.168.2.7", "192.168.1.0/24", False),
        ("192.168.1.7", "10.0.0.0/8", False),
        ("::1", "127.0.0.1", True),
        ("::1", "10.20.0.0/16", False),
        ("127.0.0.1", "no range", False),
    ],
)
def test_a_loopback_address_stands_for_those_with_the_same_last_three_numbers(
    peer: str, range_: str, inside: bool
) -> None:
    assert comes_from(peer, range_) is inside


@pytest.mark.parametrize(
    ("access", "rules", "peer", "admitted"),
    [
        ("Enabled", None, "127.0.0.1", True),
        ("Enabled", {"defaultAction": "Allow"}, "127.0.0.1", True),
        ("Enabled", DENY, "127.0.0.1", False),
        ("Enabled", DENY, "127.0.113.5", True),
        ("Enabled", DENY, "127.20.0.5", True),
        ("Disabled", None, "127.0.0.1", False),
        ("Disabled", DENY, "127.0.113.5", False),
        ("Disabled", None, "127.20.0.5", True),
        ("SecuredByPerimeter", None, "127.0.0.1", False),
    ],
)
def test_public_access_then_rules_then_private_endpoints(
    access: str, rules: dict[str, object] | None, peer: str, admitted: bool
) -> None:
    assert admits(access, rules, peer, ["10.20.0.0/16"]) is admitted


@pytest.mark.parametrize("text", ["10.0.0.1/24", "::1", "everywhere", ""])
def test_rules_take_ipv4_addresses_and_ranges(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        as_range(text)


ONE = [{"value": "203.0.113.7"}]


@pytest.mark.parametrize(
    ("access", "rules", "addresses", "private", "admitted"),
    [
        ("Enabled", None, [], False, True),
        ("Enabled", {"defaultAction": "Allow", "ipRules": []}, [], False, True),
        ("Disabled", None, [], False, False),
        ("Disabled", {"defaultAction": "Allow"}, [], False, False),
        ("Disabled", {"defaultAction": "Deny"}, [], True, True),
        ("Enabled", {"defaultAction": "Deny"}, ["203.0.113.7"], False, False),
        ("Enabled", {"defaultAction": "Deny", "ipRules": ONE}, ["203.0.113.7"], False, True),
        ("Enabled", {"defaultAction": "Deny", "ipRules": ONE}, ["203.0.113.8"], False, False),
        ("Enabled", {"defaultAction": "Deny", "ipRules": ONE}, ["198.51.100.1", "203.0.113.7"], False, True),
        ("Enabled", {"defaultAction": "Deny", "ipRules": ONE}, [], False, False),
        ("Enabled", {"defaultAction": "Deny", "ipRules": [{"value": "0.0.0.0/0"}]}, [], False, True),
    ],
)
def test_which_nodes_reach_node_management(
    access: str, rules: dict[str, Any] | None, addresses: list[str], private: bool, admitted: bool
) -> None:
    """Their public addresses count, where they are known; a private endpoint is asked no rule."""
    assert admits_nodes(access, rules, addresses, has_private_endpoint=private) is admitted
