"""A Batch account's private endpoint connections, as its owner meets them."""

from __future__ import annotations

import uuid
from pathlib import Path

import requests

from batchlocal.arm.microsoft_batch import private_links
from batchlocal.store import Store
from tests.conftest import Local, batchlocal_command, start_local
from tests.server.test_server import ACCOUNT, GROUP, VERSION, arm, until

ENDPOINT = "/resourceGroups/kept/providers/Microsoft.Network/privateEndpoints/door"


def connected(local: Local) -> str:
    """An account with one connection that waits for approval; the connection's path below the subscription."""
    arm(local, "PUT", GROUP, {"location": "westeurope"})
    arm(local, "PUT", ACCOUNT + VERSION, {"location": "westeurope"})
    until(lambda: arm(local, "GET", ACCOUNT + VERSION).json()["properties"]["provisioningState"] == "Succeeded")
    batchlocal_command("stop", "--data", str(local.data))
    store, root = Store(next(local.data.rglob("*.sqlite"))), f"/subscriptions/{local.subscription}"
    with store.write() as tx:
        account, endpoint, guid = root + ACCOUNT, root + ENDPOINT, str(uuid.uuid4())
        private_links.connect(tx, account, endpoint, ["batchAccount"], "please", 1, guid=guid, approved=False)
    store.close()
    batchlocal_command("start", "--detach", "--strict", "--data", str(local.data))
    return f"{ACCOUNT}/privateEndpointConnections/door.{guid}"


def followed(local: Local, answer: requests.Response) -> str:
    """What an operation comes to."""
    path = answer.headers["Azure-AsyncOperation"].split(local.subscription)[1]
    until(lambda: arm(local, "GET", path).json()["status"] != "InProgress")
    return str(arm(local, "GET", path).json()["status"])


def test_an_owner_approves_and_then_removes_a_connection(tmp_path: Path) -> None:
    local = start_local(tmp_path / "data")
    try:
        connection = connected(local)
        found = arm(local, "GET", connection + VERSION).json()
        assert found["properties"]["privateLinkServiceConnectionState"]["status"] == "Pending"
        assert arm(local, "GET", ACCOUNT + VERSION).json()["properties"]["privateEndpointConnections"] == [found]

        state = {"privateLinkServiceConnectionState": {"status": "Approved", "description": "welcome"}}
        answer = arm(local, "PATCH", connection + VERSION, {"properties": state})
        assert (answer.status_code, answer.json()["properties"]["provisioningState"]) == (202, "Updating")
        assert followed(local, answer) == "Succeeded"
        listed = arm(local, "GET", f"{ACCOUNT}/privateEndpointConnections{VERSION}").json()["value"]
        assert [one["properties"]["privateLinkServiceConnectionState"]["status"] for one in listed] == ["Approved"]
        assert arm(local, "PATCH", connection + VERSION, {"properties": {}}).status_code == 400

        answer = arm(local, "DELETE", connection + VERSION)
        assert (answer.status_code, followed(local, answer)) == (202, "Succeeded")
        assert arm(local, "GET", connection + VERSION).json()["error"]["code"] == "PrivateEndpointConnectionNotFound"
        assert arm(local, "DELETE", connection + VERSION).status_code == 204
        assert arm(local, "GET", ACCOUNT + VERSION).json()["properties"]["privateEndpointConnections"] == []
    finally:
        batchlocal_command("stop", "--data", str(local.data))
