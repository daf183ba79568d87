"""What a private endpoint leaves at the resource that it connects to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from batchlocal.arm import private_endpoints
from batchlocal.arm.microsoft_batch import private_links
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


def test_a_connection_is_named_after_the_endpoint_and_its_guid_and_approved_for_who_may(tx: Tx) -> None:
    made = private_links.connect(tx, ACCOUNT, ENDPOINT, ["batchaccount"], "", 5, guid=GUID)
    assert made.id == f"{ACCOUNT}/privateEndpointConnections/Door.{GUID}"
    assert made.body["properties"]["groupIds"] == ["batchAccount"]
    assert made.body["properties"]["privateLinkServiceConnectionState"]["status"] == "Approved"


def test_one_that_needs_approval_waits_and_shows_the_message(tx: Tx) -> None:
    made = private_links.connect(tx, ACCOUNT, ENDPOINT, ["nodeManagement"], "please", 5, guid=GUID, approved=False)
    state = made.body["properties"]["privateLinkServiceConnectionState"]
    assert (state["status"], state["description"]) == ("Pending", "please")


def test_connecting_again_changes_the_groups_and_keeps_the_owners_decision(tx: Tx) -> None:
    private_links.connect(tx, ACCOUNT, ENDPOINT, ["batchAccount"], "please", 5, guid=GUID, approved=False)
    again = private_links.connect(tx, ACCOUNT, ENDPOINT.upper(), ["nodeManagement"], "", 6, guid=GUID)
    assert again.body["properties"]["groupIds"] == ["nodeManagement"]
    assert again.body["properties"]["privateLinkServiceConnectionState"]["status"] == "Pending"
    assert len(private_endpoints.connections(tx, ACCOUNT)) == 1


def test_a_disconnected_endpoint_leaves_nothing(tx: Tx) -> None:
    private_links.connect(tx, ACCOUNT, ENDPOINT, ["batchAccount"], "", 5, guid=GUID)
    private_links.disconnect(tx, ACCOUNT, ENDPOINT)
    private_links.disconnect(tx, ACCOUNT, ENDPOINT)
    assert private_endpoints.connection_of(tx, ACCOUNT, ENDPOINT) is None


def test_unknown_groups_and_targets_are_refused(tx: Tx) -> None:
    with pytest.raises(private_endpoints.PrivateLinkGroupUnknown):
        private_links.connect(tx, ACCOUNT, ENDPOINT, ["blob"], "", 5, guid=GUID)
    with pytest.raises(private_endpoints.PrivateLinkTargetNotFound):
        private_links.connect(tx, f"{ACCOUNT}2", ENDPOINT, ["batchAccount"], "", 5, guid=GUID)
