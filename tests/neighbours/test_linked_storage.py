"""Storage that is reached by identity: no key matters, the identity and its roles do (support article "Use managed
identities in an Azure Batch account or pool")."""

from __future__ import annotations

import io
import uuid
import zipfile
from dataclasses import dataclass
from typing import Any

import pytest

from tests.control.conftest import MACHINE
from tests.neighbours.conftest import WHERE, Caller
from tests.support.waiting import until

BATCH, STORAGE = {"version": "2024-07-01"}, {"version": "2023-05-01"}
TOOL = "applications/tool/versions/1.0"


@pytest.fixture
def storage(owner: Caller) -> str:
    """The id of a storage account."""
    path = owner.path(f"Microsoft.Storage/storageAccounts/s{uuid.uuid4().hex[:10]}")
    owner.put(path, {**WHERE, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}, **STORAGE)
    until(lambda: owner.send("GET", path, **STORAGE).json()["properties"]["provisioningState"] == "Succeeded")
    return path


def upload(owner: Caller, account: str) -> int:
    """Upload a package to the URL that Batch hands out; storage's answer."""
    url = owner.send("GET", f"{account}/{TOOL}", **BATCH).json()["properties"]["storageUrl"]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("tool.sh", "echo")
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-12-02"}
    return owner.http.put(url, data=content.getvalue(), headers=headers, timeout=30).status_code


def test_linked_by_identity_no_key_matters_but_the_identity_does(owner: Caller, storage: str) -> None:
    me = owner.path("Microsoft.ManagedIdentity/userAssignedIdentities/me")
    principal = owner.put(me, WHERE)["properties"]["principalId"]
    linked = {"storageAccountId": storage, "authenticationMode": "BatchAccountManagedIdentity"}
    account = owner.account(autoStorage=linked)
    owner.put(f"{account}/applications/tool", {}, **BATCH)
    refused = (409, "OperationInvalidForCurrentState")
    assert owner.refused("PUT", f"{account}/{TOOL}", {}, **BATCH) == refused, "it has none"
    identity = {"type": "UserAssigned", "userAssignedIdentities": {me: {}}}
    assert owner.send("PATCH", account, {"identity": identity}, **BATCH).ok
    owner.send("POST", f"{storage}/regenerateKey", {"keyName": "key1"}, **STORAGE)
    no_role = (409, "AutoStorageNoPermission")
    assert owner.refused("PUT", f"{account}/{TOOL}", {}, **BATCH) == no_role
    owner.grant(principal, "Storage Blob Data Reader", storage)
    assert owner.refused("PUT", f"{account}/{TOOL}", {}, **BATCH) == no_role, "it may read only"
    granted = owner.grant(principal, "Storage Blob Data Contributor", storage)
    owner.put(f"{account}/{TOOL}", {}, **BATCH)
    assert upload(owner, account) == 201
    owner.send("DELETE", granted)
    assert owner.refused("POST", f"{account}/{TOOL}/activate", {"format": "zip"}, **BATCH) == no_role
    assert owner.send("DELETE", me).status_code == 200
    assert owner.refused("POST", f"{account}/{TOOL}/activate", {"format": "zip"}, **BATCH) == refused


@dataclass(frozen=True)
class Shop:
    """An account that is linked to storage by identity, with one active package, and two identities."""

    owner: Caller
    account: str
    storage: str
    known: str
    other: str

    @property
    def name(self) -> str:
        return self.account.rsplit("/", 1)[-1]

    def name_for_nodes(self, identity: str | None) -> None:
        """Say by which identity nodes reach linked storage."""
        linked: dict[str, Any] = {"storageAccountId": self.storage, "authenticationMode": "BatchAccountManagedIdentity"}
        if identity is not None:
            linked["nodeIdentityReference"] = {"resourceId": identity}
        assert self.owner.send("PATCH", self.account, {"properties": {"autoStorage": linked}}, **BATCH).ok

    def principal(self, identity: str) -> str:
        found: str = self.owner.send("GET", identity).json()["properties"]["principalId"]
        return found

    def pool(self, pool: str, identity: str, **properties: object) -> None:
        body = {
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}},
            "properties": {
                "vmSize": "Standard_D2s_v3",
                "deploymentConfiguration": {"virtualMachineConfiguration": MACHINE},
                "scaleSettings": {"fixedScale": {"targetDedicatedNodes": 1}},
                **properties,
            },
        }
        self.owner.put(f"{self.account}/pools/{pool}", body, **BATCH)

    def node(self, pool: str) -> dict[str, Any]:
        """The pool's node, {} before it is there."""
        listed = self.owner.service("GET", self.name, f"pools/{pool}/nodes").json()["value"]
        return dict(listed[0]) if listed else {}

    def failure(self, pool: str, **task: object) -> str:
        """The code with which a task fails that runs there, empty when it succeeds."""
        job = uuid.uuid4().hex[:8]
        assert self.owner.service("POST", self.name, "jobs", {"id": job, "poolInfo": {"poolId": pool}}).ok
        assert self.owner.service("POST", self.name, f"jobs/{job}/tasks", {"id": "t", "commandLine": "true", **task}).ok
        path = f"jobs/{job}/tasks/t"
        until(lambda: self.owner.service("GET", self.name, path).json()["state"] == "completed")
        info = self.owner.service("GET", self.name, path).json()["executionInfo"]
        return str(info.get("failureInfo", {}).get("code", ""))


@pytest.fixture
def shop(owner: Caller, storage: str) -> Shop:
    known, other = (owner.path(f"Microsoft.ManagedIdentity/userAssignedIdentities/{name}") for name in ("one", "two"))
    for identity in (known, other):
        owner.put(identity, WHERE)
    account = owner.account(autoStorage={"storageAccountId": storage})
    owner.put(f"{account}/applications/tool", {}, **BATCH)
    owner.put(f"{account}/{TOOL}", {}, **BATCH)
    assert upload(owner, account) == 201
    assert owner.send("POST", f"{account}/{TOOL}/activate", {"format": "zip"}, **BATCH).ok
    owner.put(f"{storage}/blobServices/default/containers/files", {}, **STORAGE)
    return Shop(owner, account, storage, known, other)


FILES = [{"autoStorageContainerName": "files"}]


def test_nodes_reach_linked_storage_by_an_identity_of_their_pool_that_has_a_role(shop: Shop) -> None:
    """The article's four scenarios of a task's resource files."""
    shop.name_for_nodes(shop.known)
    shop.pool("mine", shop.known)
    shop.pool("foreign", shop.other)
    assert shop.failure("mine", resourceFiles=FILES) == "ResourceContainerAccessDenied"
    assert shop.failure("foreign", resourceFiles=FILES) == "ResourceContainerListMiscError"
    shop.owner.grant(shop.principal(shop.known), "Storage Blob Data Reader", shop.storage)
    assert shop.failure("mine", resourceFiles=FILES) == ""
    assert shop.failure("foreign", resourceFiles=FILES) == "ResourceContainerListMiscError"
    shop.name_for_nodes(None)
    assert shop.failure("mine", resourceFiles=FILES) == "ResourceContainerAccessDenied"


def test_packages_of_a_pool_come_by_the_same_way(shop: Shop) -> None:
    """The article's four scenarios of a pool's packages: idle without them, idle with them, unusable, starting."""
    packages = [{"id": f"{shop.account}/applications/tool", "version": "1.0"}]
    has_tool = {"commandLine": "/bin/sh -c 'test -e $AZ_BATCH_APP_PACKAGE_tool_1_0/tool.sh'"}
    shop.name_for_nodes(shop.known)
    shop.pool("denied", shop.known, applicationPackages=packages)
    until(lambda: shop.node("denied").get("state") == "idle")
    assert shop.failure("denied", **has_tool) == "FailureExitCode"
    shop.pool("foreign", shop.other, applicationPackages=packages)
    until(lambda: shop.node("foreign").get("state") == "unusable")
    assert shop.node("foreign")["errors"][0]["code"] == "ApplicationPackageError"
    shop.owner.grant(shop.principal(shop.known), "Storage Blob Data Reader", shop.storage)
    shop.pool("granted", shop.known, applicationPackages=packages)
    until(lambda: shop.node("granted").get("state") == "idle")
    assert shop.failure("granted", **has_tool) == ""
    shop.name_for_nodes(None)
    shop.pool("unnamed", shop.known, applicationPackages=packages)
    until(lambda: shop.node("unnamed").get("state") == "starting")
    shop.pool("later", shop.known)
    until(lambda: shop.node("later").get("state") == "idle")
    assert shop.node("unnamed")["state"] == "starting", "for good"


def test_files_by_identity_need_the_pools_identity_and_its_role(shop: Shop) -> None:
    """The REST page "Task - Add", identityReference: the identity must have read, or write, access."""
    blobs = shop.owner.send("GET", shop.storage, **STORAGE).json()["properties"]["primaryEndpoints"]["blob"]
    container = f"{blobs.rstrip('/')}/files"
    shop.pool("mine", shop.known)
    known, other = ({"identityReference": {"resourceId": one}} for one in (shop.known, shop.other))

    def brings(identity: dict[str, Any]) -> str:
        return shop.failure("mine", resourceFiles=[{"storageContainerUrl": container, **identity}])

    def sends(identity: dict[str, Any]) -> str:
        output = {
            "filePattern": "*.txt",
            "destination": {"container": {"containerUrl": container, **identity}},
            "uploadOptions": {"uploadCondition": "taskcompletion"},
        }
        return shop.failure("mine", commandLine="/bin/sh -c 'echo > out.txt'", outputFiles=[output])

    assert brings(known) == "ResourceContainerAccessDenied"
    assert (
        shop.failure("mine", resourceFiles=[{"httpUrl": f"{container}/x", "filePath": "x", **known}])
        == "BlobAccessDenied"
    )
    shop.owner.grant(shop.principal(shop.known), "Storage Blob Data Reader", shop.storage)
    shop.owner.grant(shop.principal(shop.other), "Storage Blob Data Contributor", shop.storage)
    assert brings(known) == ""
    assert brings(other) == "ResourceContainerAccessDenied", "it is not the pool's"
    assert sends(known) == "FileUploadAccessDenied", "it may only read"
    shop.owner.grant(shop.principal(shop.known), "Storage Blob Data Contributor", shop.storage)
    assert sends(known) == ""
