"""The key to linked storage that a Batch account knows (API description: BatchAccount_SynchronizeAutoStorageKeys)."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests

from tests.conftest import batchlocal_command
from tests.control.conftest import Steered, start_steered
from tests.support.waiting import until

_STORAGE_VERSION = "2023-05-01"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steered]:
    steered = start_steered(tmp_path_factory.mktemp("autostorage") / "data")
    yield steered
    batchlocal_command("stop", "--data", str(steered.local.data))


@dataclass
class Linked:
    """A Batch account with an application, and the storage account that it is linked to."""

    server: Steered
    account: str
    storage: str

    def regenerate(self, key: str) -> None:
        answer = self.server.arm("POST", f"{self.storage}/regenerateKey", {"keyName": key}, _STORAGE_VERSION)
        assert answer.ok, answer.text

    def package(self, version: str) -> requests.Response:
        return self.server.account("PUT", self.account, f"/applications/app/versions/{version}", {})

    def upload(self, created: requests.Response) -> requests.Response:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("tool.sh", "true")
        url = created.json()["properties"]["storageUrl"]
        ca, headers = self.server.local.settings["caFile"], {"x-ms-blob-type": "BlockBlob"}
        return requests.put(url, content.getvalue(), headers=headers, verify=ca, timeout=30)

    def activate(self, version: str) -> requests.Response:
        path = f"/applications/app/versions/{version}/activate"
        return self.server.account("POST", self.account, path, {"format": "zip"})

    def grant_storage(self) -> None:
        """Let the account's identity read and write blobs."""
        role = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"  # Storage Blob Data Contributor
        root = f"/subscriptions/{self.server.local.subscription}/providers/Microsoft.Authorization"
        principal = self.server.account("GET", self.account).json()["identity"]["principalId"]
        properties = {"principalId": principal, "roleDefinitionId": f"{root}/roleDefinitions/{role}"}
        path = f"{self.storage}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        assert self.server.arm("PUT", path, {"properties": properties}, "2022-04-01").ok

    def sync(self) -> None:
        assert self.server.account("POST", self.account, "/syncAutoStorageKeys").status_code == 204


def link(server: Steered, mode: str) -> Linked:
    storage = f"/resourceGroups/{server.group}/providers/Microsoft.Storage/storageAccounts/s{uuid.uuid4().hex[:9]}"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    assert server.arm("PUT", storage, body, _STORAGE_VERSION).ok
    linked = f"/subscriptions/{server.local.subscription}{storage}"
    properties = {"autoStorage": {"storageAccountId": linked, "authenticationMode": mode}}
    account = server.new_account(properties, identity={"type": "SystemAssigned"})
    assert server.account("PUT", account, "/applications/app", {}).ok
    return Linked(server, account, storage)


@pytest.fixture
def linked(server: Steered) -> Linked:
    return link(server, "StorageKeys")


def test_a_regenerated_key_is_stale_until_it_is_synchronised(linked: Linked) -> None:
    created = linked.package("1")
    assert linked.upload(created).status_code == 201
    linked.regenerate("key1")
    for refused in (linked.activate("1"), linked.package("2")):
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "AutoStorageKeysOutOfSync")
        assert "syncAutoStorageKeys" in refused.text
    signed = linked.server.account("GET", linked.account, "/applications/app/versions/1")
    assert linked.upload(signed).status_code == 403, "a URL that is signed now is signed with the old key"
    linked.sync()
    assert linked.activate("1").status_code == 200
    assert linked.upload(linked.package("2")).status_code == 201


def test_nodes_cannot_have_packages_with_a_stale_key(linked: Linked) -> None:
    server = linked.server
    linked.upload(linked.package("1"))
    assert linked.activate("1").status_code == 200
    linked.regenerate("key1")
    application = f"{server.account('GET', linked.account).json()['id']}/applications/app"
    server.new_pool(linked.account, applicationPackages=[{"id": application, "version": "1"}])
    until(lambda: server.node_states(linked.account) == ["unusable"])
    errors = server.service("GET", linked.account, "pools/pool/nodes").json()["value"][0]["errors"]
    assert [error["code"] for error in errors] == ["ApplicationPackageError"]
    linked.sync()
    server.new_pool(linked.account, "again", applicationPackages=[{"id": application, "version": "1"}])
    until(lambda: server.node_states(linked.account, "again") == ["idle"])


def test_the_other_key_is_of_no_account_to_batch(linked: Linked) -> None:
    linked.regenerate("key2")
    assert linked.upload(linked.package("1")).status_code == 201


def test_linking_anew_takes_the_key_too(linked: Linked) -> None:
    linked.regenerate("key1")
    linked_id = f"/subscriptions/{linked.server.local.subscription}{linked.storage}"
    body = {"properties": {"autoStorage": {"storageAccountId": linked_id}}}
    assert linked.server.account("PATCH", linked.account, body=body).ok
    assert linked.package("1").status_code == 200


def test_with_a_managed_identity_no_key_goes_stale(server: Steered) -> None:
    linked = link(server, "BatchAccountManagedIdentity")
    linked.grant_storage()
    linked.regenerate("key1")
    assert linked.package("1").status_code == 200
