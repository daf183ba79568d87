"""Further subscriptions: apart from each other, gone with all that is in them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.control.conftest import Steered
from tests.support.waiting import until

GROUPS_VERSION = "2024-03-01"


@pytest.fixture
def other(steered: Steered) -> Iterator[str]:
    """A further subscription's id."""
    made = steered.control("POST", "/subscriptions", {"name": "other"})
    assert made.status_code == 201
    yield made.json()["id"]
    steered.control("DELETE", f"/subscriptions/{made.json()['id']}")


def test_a_subscription_sees_its_own_resources_only(steered: Steered, other: str) -> None:
    mine = steered.new_account()
    root = f"{steered.origin}/subscriptions/{other}"
    assert steered.raw("PUT", f"{root}/resourceGroups/g?api-version={GROUPS_VERSION}", {"location": "westeurope"}).ok
    name = f"x{uuid.uuid4().hex[:8]}"
    account = f"{root}/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/{name}?api-version=2024-07-01"
    assert steered.raw("PUT", account, {"location": "westeurope"}).status_code == 202
    listed = steered.raw("GET", f"{root}/providers/Microsoft.Batch/batchAccounts?api-version=2024-07-01").json()
    assert [one["name"] for one in listed["value"]] == [name]
    assert mine in [
        one["name"] for one in steered.arm("GET", "/providers/Microsoft.Batch/batchAccounts").json()["value"]
    ]
    groups = steered.raw("GET", f"{root}/resourceGroups?api-version={GROUPS_VERSION}").json()["value"]
    assert [group["id"] for group in groups] == [f"/subscriptions/{other}/resourceGroups/g"]
    known = steered.raw("GET", f"{steered.origin}/subscriptions?api-version=2022-12-01").json()["value"]
    assert {one["subscriptionId"]: one["displayName"] for one in known}[other] == "other"


def test_a_removed_subscription_is_unknown_at_once_and_its_accounts_go(steered: Steered, other: str) -> None:
    root = f"{steered.origin}/subscriptions/{other}"
    steered.raw("PUT", f"{root}/resourceGroups/g?api-version={GROUPS_VERSION}", {"location": "westeurope"})
    name = f"x{uuid.uuid4().hex[:8]}"
    account = f"{root}/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/{name}?api-version=2024-07-01"
    steered.raw("PUT", account, {"location": "westeurope"})
    assert steered.control("DELETE", f"/subscriptions/{other}").status_code == 204
    answer = steered.raw("GET", f"{root}/resourceGroups?api-version={GROUPS_VERSION}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "SubscriptionNotFound")
    until(lambda: steered.service("GET", name, "jobs").status_code == 404)
    assert steered.control("DELETE", f"/subscriptions/{other}").status_code == 404


def test_the_first_subscription_stays(steered: Steered) -> None:
    assert steered.control("DELETE", f"/subscriptions/{steered.local.subscription}").status_code == 404
    assert steered.control("POST", "/subscriptions", {"name": ""}).status_code == 400
    listed = steered.local.run("subscription", "list").stdout
    assert listed.splitlines()[1].split() == [steered.local.subscription, "batchlocal"]
