"""Who reaches an account's service; a client says where it is by its loopback address (docs/neighbours.md)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.control.conftest import MACHINE
from tests.neighbours.conftest import WHERE, Caller
from tests.neighbours.test_networks import NET, open_door
from tests.support.waiting import until

BATCH, STORAGE = {"version": "2024-07-01"}, {"version": "2023-05-01"}
SUBNET = {"name": "nodes", "properties": {"addressPrefix": "10.20.0.0/24"}}
SPACE = {"addressSpace": {"addressPrefixes": ["10.20.0.0/16"]}, "subnets": [SUBNET]}
INSIDE, OUTSIDE = "127.20.0.5", "127.0.0.1"


class _Bound(HTTPAdapter):
    """Connections from one source address."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, source_address=(self._address, 0))  # type: ignore[no-untyped-call]


@contextmanager
def at(caller: Caller, address: str) -> Iterator[Caller]:
    """The caller at an address."""
    with requests.Session() as session:
        session.mount("https://", _Bound(address))
        yield replace(caller, http=session)


def reaches(caller: Caller, account: str, address: str) -> bool:
    with at(caller, address) as there:
        answer = there.service("GET", account.rsplit("/", 1)[-1], "pools")
    if answer.ok:
        return True
    assert (answer.status_code, answer.json()["code"]) == (403, "AuthorizationFailure")
    assert address in answer.json()["values"][0]["value"]
    return False


def change(owner: Caller, account: str, **properties: Any) -> None:
    assert owner.send("PATCH", account, {"properties": properties}, **BATCH).ok


def denying(*ranges: str) -> dict[str, Any]:
    rules = [{"action": "Allow", "value": one} for one in ranges]
    return {"accountAccess": {"defaultAction": "Deny", "ipRules": rules}}


def test_without_public_access_only_an_approved_private_endpoint_leads_to_the_service(owner: Caller) -> None:
    account = owner.account()
    assert reaches(owner, account, OUTSIDE)
    change(owner, account, publicNetworkAccess="Disabled")
    assert not reaches(owner, account, OUTSIDE)
    assert not reaches(owner, account, INSIDE)
    door = open_door(owner, account, "manualPrivateLinkServiceConnections")
    assert not reaches(owner, account, INSIDE), "it waits for approval"
    state = {"privateLinkServiceConnectionState": {"status": "Approved"}}
    owner.send("PATCH", door.connections()[0]["id"], {"properties": state}, **BATCH)
    assert reaches(owner, account, INSIDE)
    assert not reaches(owner, account, OUTSIDE)
    assert owner.send("GET", account, **BATCH).ok, "ARM answers everywhere"


def test_an_endpoint_of_another_group_leads_not_to_the_service(owner: Caller) -> None:
    account = owner.account(publicNetworkAccess="Disabled")
    open_door(owner, account, "privateLinkServiceConnections", "nodeManagement")
    assert not reaches(owner, account, INSIDE)


def test_ip_rules_admit_addresses_and_ranges_and_private_endpoints_are_asked_none(owner: Caller) -> None:
    account = owner.account()
    change(owner, account, networkProfile=denying("203.0.113.7", "198.51.100.0/24"))
    assert reaches(owner, account, "127.0.113.7")
    assert not reaches(owner, account, "127.0.113.8")
    assert reaches(owner, account, "127.51.100.200")
    assert not reaches(owner, account, OUTSIDE)
    open_door(owner, account, "privateLinkServiceConnections")
    assert reaches(owner, account, INSIDE)
    change(owner, account, networkProfile={"accountAccess": {"defaultAction": "Allow"}})
    assert reaches(owner, account, OUTSIDE)


def test_a_key_opens_nothing_from_a_wrong_network(owner: Caller) -> None:
    from azure.batch import BatchClient
    from azure.core.credentials import AzureNamedKeyCredential
    from azure.core.exceptions import HttpResponseError

    account = owner.account()
    name = account.rsplit("/", 1)[-1]
    key = owner.send("POST", f"{account}/listKeys", **BATCH).json()["primary"]
    change(owner, account, publicNetworkAccess="Disabled")
    endpoint = f"{owner.local.settings['armEndpoint']}/{name}"
    with (
        BatchClient(endpoint, AzureNamedKeyCredential(name, key)) as client,
        pytest.raises(HttpResponseError) as refused,
    ):
        list(client.list_pools())
    assert refused.value.status_code == 403


def node_states(owner: Caller, account: str, pool: str) -> list[str]:
    found = owner.service("GET", account.rsplit("/", 1)[-1], f"pools/{pool}/nodes").json()
    return [node["state"] for node in found["value"]]


def new_pool(owner: Caller, account: str, pool: str, **properties: Any) -> None:
    wanted = {
        "vmSize": "Standard_D2s_v3",
        "deploymentConfiguration": {"virtualMachineConfiguration": MACHINE},
        "scaleSettings": {"fixedScale": {"targetDedicatedNodes": 1}},
        "targetNodeCommunicationMode": "Simplified",
        **properties,
    }
    owner.put(f"{account}/pools/{pool}", {"properties": wanted}, **BATCH)


def test_nodes_with_simplified_communication_must_reach_node_management(owner: Caller) -> None:
    """Unusable without errors while they do not, and Batch keeps trying (article batch-pool-node-error-checking)."""
    account = owner.account()
    change(
        owner,
        account,
        publicNetworkAccess="Enabled",
        networkProfile={"nodeManagementAccess": {"defaultAction": "Deny"}},
    )
    new_pool(owner, account, "cut")
    new_pool(owner, account, "classic", targetNodeCommunicationMode="Classic")
    until(lambda: node_states(owner, account, "cut") == ["unusable"])
    until(lambda: node_states(owner, account, "classic") == ["idle"])
    assert reaches(owner, account, OUTSIDE), "the rules of node management are not those of the service"
    name = account.rsplit("/", 1)[-1]
    [node] = owner.service("GET", name, "pools/cut/nodes").json()["value"]
    assert "errors" not in node
    change(owner, account, networkProfile={"nodeManagementAccess": {"defaultAction": "Allow"}})
    until(lambda: node_states(owner, account, "cut") == ["idle"])


def test_a_node_management_endpoint_in_their_network_lets_nodes_in(owner: Caller) -> None:
    account = owner.account(publicNetworkAccess="Disabled")
    open_door(owner, account, "privateLinkServiceConnections")
    subnet = {"addressPrefix": "10.20.1.0/24"}
    path = owner.put(f"{NET}/subnets/nodes", {"properties": subnet})["id"]
    new_pool(owner, account, "inside", networkConfiguration={"subnetId": path})
    new_pool(owner, account, "outside")
    with at(owner, INSIDE) as there:
        until(lambda: node_states(there, account, "inside") == ["unusable"])
        open_door(owner, account, "privateLinkServiceConnections", "nodeManagement", keep=True)
        until(lambda: node_states(there, account, "inside") == ["idle"])
        assert node_states(there, account, "outside") == ["unusable"]


def test_a_rule_that_is_no_address_is_refused(owner: Caller) -> None:
    account = owner.account()
    answer = owner.refused("PATCH", account, {"properties": {"networkProfile": denying("10.0.0.1/8")}}, **BATCH)
    assert answer == (400, "InvalidPropertyValue")


def test_an_identity_must_be_there_and_is_the_principal_that_it_is(owner: Caller) -> None:
    account = owner.account()
    path = owner.path("Microsoft.ManagedIdentity/userAssignedIdentities/me")
    body = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {path: {}}}}
    assert owner.refused("PATCH", account, body, **BATCH) == (400, "FailedIdentityOperation")
    made = owner.put(path, WHERE)["properties"]
    shown = owner.send("PATCH", account, body, **BATCH).json()["identity"]["userAssignedIdentities"]
    assert shown == {path: {"principalId": made["principalId"], "clientId": made["clientId"]}}


@pytest.fixture
def storage(owner: Caller) -> str:
    """The id of a storage account."""
    path = owner.path(f"Microsoft.Storage/storageAccounts/s{uuid.uuid4().hex[:10]}")
    owner.put(path, {**WHERE, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}, **STORAGE)
    until(lambda: owner.send("GET", path, **STORAGE).json()["properties"]["provisioningState"] == "Succeeded")
    return path


def stores(owner: Caller, storage: str, address: str) -> bool:
    """Whether a client at an address, with a good signature, is let at the account's blobs."""
    signing = {"signedServices": "b", "signedResourceTypes": "sco", "signedPermission": "rlw"}
    expiry = {"signedExpiry": "2099-01-01T00:00:00Z"}
    sas = owner.send("POST", f"{storage}/listAccountSas", {**signing, **expiry}, **STORAGE).json()["accountSasToken"]
    blobs = owner.send("GET", storage, **STORAGE).json()["properties"]["primaryEndpoints"]["blob"].rstrip("/")
    with at(owner, address) as there:
        answer = there.http.get(f"{blobs}?comp=list&{sas}", headers={"x-ms-version": "2021-12-02"}, timeout=30)
    if answer.ok:
        return True
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (403, "AuthorizationFailure"), answer.text
    return False


def test_blobs_are_reached_as_the_storage_accounts_network_rules_say(owner: Caller, storage: str) -> None:
    """ "Configure Azure Storage firewalls and virtual networks"."""

    def allow(**properties: Any) -> None:
        assert owner.send("PATCH", storage, {"properties": properties}, **STORAGE).ok

    assert stores(owner, storage, OUTSIDE)
    rule = {"value": "203.0.113.7", "action": "Allow"}
    allow(networkAcls={"defaultAction": "Deny", "ipRules": [rule]})
    assert not stores(owner, storage, OUTSIDE)
    assert stores(owner, storage, "127.0.113.7")
    subnet = owner.put(NET, {**WHERE, "properties": SPACE})["properties"]["subnets"][0]["id"]
    assert not stores(owner, storage, INSIDE)
    allow(networkAcls={"defaultAction": "Deny", "virtualNetworkRules": [{"id": subnet}]})
    assert stores(owner, storage, "127.20.0.5"), "in the subnet"
    assert not stores(owner, storage, "127.20.9.5"), "beside it"
    allow(publicNetworkAccess="Disabled")
    assert not stores(owner, storage, INSIDE)
    link = {"name": "l", "properties": {"privateLinkServiceId": storage, "groupIds": ["blob"]}}
    door = {"subnet": {"id": subnet}, "privateLinkServiceConnections": [link]}
    owner.put("Microsoft.Network/privateEndpoints/blobs", {**WHERE, "properties": door})
    assert stores(owner, storage, "127.20.9.5")
    assert not stores(owner, storage, OUTSIDE)


def test_batch_and_its_nodes_are_let_at_storage_wherever_they_are(owner: Caller, storage: str) -> None:
    account = owner.account(autoStorage={"storageAccountId": storage})
    owner.put(f"{storage}/blobServices/default/containers/files", {}, **STORAGE)
    assert owner.send("PATCH", storage, {"properties": {"publicNetworkAccess": "Disabled"}}, **STORAGE).ok
    owner.put(f"{account}/applications/tool", {}, **BATCH)
    owner.put(f"{account}/applications/tool/versions/1", {}, **BATCH)
    new_pool(owner, account, "p")
    name = account.rsplit("/", 1)[-1]
    assert owner.service("POST", name, "jobs", {"id": "j", "poolInfo": {"poolId": "p"}}).ok
    files = [{"autoStorageContainerName": "files"}]
    assert owner.service("POST", name, "jobs/j/tasks", {"id": "t", "commandLine": "true", "resourceFiles": files}).ok
    until(lambda: owner.service("GET", name, "jobs/j/tasks/t").json()["state"] == "completed")
    assert owner.service("GET", name, "jobs/j/tasks/t").json()["executionInfo"]["result"] == "success"
