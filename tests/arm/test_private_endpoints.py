"""What a private endpoint leaves at the resource that it connects to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from batchlocal.arm.microsoft_batch import private_links  # noqa: F401 - says which groups an account has
from batchlocal.arm.private_endpoints import (
    Link,
    PrivateLinkGroupUnknown,
    PrivateLinkTargetNotFound,
    connect,
    connection_of,
    connections,
    disconnect,
)
from batchlocal.store import Store, Tx
from batchlocal.store.resources import Resource

GROUP = "/subscriptions/s/resourceGroups/g"
ACCOUNT = f"{GROUP}/providers/Microsoft.Batch/batchAccounts/acct"
ENDPOINT = f"{GROUP}/providers/Microsoft.Network/privateEndpoints/Door"
GUID = "4f5c0f4e-0000-4000-8000-000000000001"


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Tx]:
    store = Store(tmp_path / "store.sqlite")
    with store.write() as opened:
        opened.resources.put(Resource(ACCOUNT, "Microsoft.Batch/batchAccounts", "s", "g", "acct"))
        yield opened
    store.close()


def link(groups: list[str], *, target: str = ACCOUNT, endpoint: str = ENDPOINT, approved: bool = True) -> Link:
    return Link(target, endpoint, GUID, groups, "please", approved)


def test_a_connection_is_named_after_the_endpoint_and_its_guid_and_approved_for_who_may(tx: Tx) -> None:
    made = connect(tx, link(["batchaccount"]), 5)
    assert made.id == f"{ACCOUNT}/privateEndpointConnections/Door.{GUID}"
    assert made.body["properties"]["groupIds"] == ["batchAccount"]
    assert made.body["properties"]["privateLinkServiceConnectionState"]["status"] == "Approved"


def test_one_that_needs_approval_waits_and_shows_the_message(tx: Tx) -> None:
    made = connect(tx, link(["nodeManagement"], approved=False), 5)
    state = made.body["properties"]["privateLinkServiceConnectionState"]
    assert (state["status"], state["description"]) == ("Pending", "please")


def test_connecting_again_changes_the_groups_and_keeps_the_owners_decision(tx: Tx) -> None:
    connect(tx, link(["batchAccount"], approved=False), 5)
    again = connect(tx, link(["nodeManagement"], endpoint=ENDPOINT.upper()), 6)
    assert again.body["properties"]["groupIds"] == ["nodeManagement"]
    assert again.body["properties"]["privateLinkServiceConnectionState"]["status"] == "Pending"
    assert len(connections(tx, ACCOUNT)) == 1


def test_a_disconnected_endpoint_leaves_nothing(tx: Tx) -> None:
    connect(tx, link(["batchAccount"]), 5)
    disconnect(tx, ACCOUNT, ENDPOINT)
    disconnect(tx, ACCOUNT, ENDPOINT)
    assert connection_of(tx, ACCOUNT, ENDPOINT) is None


def test_unknown_groups_and_targets_are_refused(tx: Tx) -> None:
    with pytest.raises(PrivateLinkGroupUnknown):
        connect(tx, link(["blob"]), 5)
    with pytest.raises(PrivateLinkTargetNotFound):
        connect(tx, link(["batchAccount"], target=f"{ACCOUNT}2"), 5)
