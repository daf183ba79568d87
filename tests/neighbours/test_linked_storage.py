"""Storage that is linked by identity: no key matters, the identity does."""

from __future__ import annotations

import io
import uuid
import zipfile

import pytest

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
    owner.put(me, WHERE)
    linked = {"storageAccountId": storage, "authenticationMode": "BatchAccountManagedIdentity"}
    account = owner.account(autoStorage=linked)
    owner.put(f"{account}/applications/tool", {}, **BATCH)
    refused = (409, "OperationInvalidForCurrentState")
    assert owner.refused("PUT", f"{account}/{TOOL}", {}, **BATCH) == refused, "it has none"
    identity = {"type": "UserAssigned", "userAssignedIdentities": {me: {}}}
    assert owner.send("PATCH", account, {"identity": identity}, **BATCH).ok
    owner.send("POST", f"{storage}/regenerateKey", {"keyName": "key1"}, **STORAGE)
    owner.put(f"{account}/{TOOL}", {}, **BATCH)
    assert upload(owner, account) == 201
    assert owner.send("DELETE", me).status_code == 200
    assert owner.refused("POST", f"{account}/{TOOL}/activate", {"format": "zip"}, **BATCH) == refused
