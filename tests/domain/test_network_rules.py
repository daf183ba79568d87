"""Who reaches an endpoint ("Configure public network access with Azure Batch accounts")."""

from __future__ import annotations

import pytest

from batchlocal.domain.network_rules import admits, as_range, comes_from

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
