"""Microsoft's own SDKs, unchanged, against the session's server: nothing of ours is imported here."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from azure.batch import BatchClient, models
from azure.core.credentials import AzureNamedKeyCredential
from azure.mgmt.batch import BatchManagementClient
from azure.mgmt.storage import StorageManagementClient
from azure.storage.blob import BlobClient, BlobServiceClient, ContainerClient

from tests.conftest import Local
from tests.support.waiting import until

UBUNTU = {
    "virtualMachineConfiguration": {
        "imageReference": {"publisher": "canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts"},
        "nodeAgentSkuId": "batch.node.ubuntu 22.04",
    }
}


@dataclass(frozen=True)
class Arm:
    """The management plane's clients and a group to work in."""

    local: Local
    batch: BatchManagementClient
    storage: StorageManagementClient
    group: str

    def send(self, method: str, path: str, body: object = None, token: str | None = None) -> requests.Response:
        """One request as it is, with a good token unless another (or '' for none) is given."""
        headers = {}
        if token != "":
            good = token or self.local.credential().get_token(f"{self.local.settings['armEndpoint']}/.default").token
            headers["Authorization"] = f"Bearer {good}"
        return requests.request(
            method, self.local.settings["armEndpoint"] + path, json=body, headers=headers, timeout=30
        )


@pytest.fixture(scope="session")
def arm(batchlocal: Local) -> Iterator[Arm]:
    endpoint = batchlocal.settings["armEndpoint"]
    options = {"base_url": endpoint, "credential_scopes": [f"{endpoint}/.default"]}
    with (
        batchlocal.credential() as credential,
        BatchManagementClient(credential, batchlocal.subscription, **options) as batch,
        StorageManagementClient(credential, batchlocal.subscription, **options) as storage,
    ):
        made = Arm(batchlocal, batch, storage, f"group-{uuid.uuid4().hex[:6]}")
        group = f"/subscriptions/{batchlocal.subscription}/resourceGroups/{made.group}?api-version=2024-03-01"
        assert made.send("PUT", group, {"location": "westeurope"}).status_code == 201
        yield made


@dataclass(frozen=True)
class Account:
    """A Batch account linked to a storage account, with a pool of two nodes."""

    name: str
    endpoint: str
    key: str
    storage: str
    blob_endpoint: str
    storage_key: str
    pool: str


@pytest.fixture(scope="session")
def account(arm: Arm) -> Account:
    name, storage = f"a{uuid.uuid4().hex[:8]}", f"s{uuid.uuid4().hex[:8]}"
    sent = {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "location": "westeurope"}
    linked = arm.storage.storage_accounts.begin_create(arm.group, storage, sent).result()
    body = {"location": "westeurope", "properties": {"autoStorage": {"storageAccountId": linked.id}}}
    made = arm.batch.batch_account.begin_create(arm.group, name, body).result()
    keys = arm.batch.batch_account.get_keys(arm.group, name)
    storage_key = arm.storage.storage_accounts.list_keys(arm.group, storage).keys_property[0].value
    upload_package(arm, name, "tool", "1.0", {"tool.sh": 'echo "tool says $1"'})
    arm.batch.pool.create(
        arm.group,
        name,
        "pool",
        {
            "properties": {
                "vmSize": "Standard_D2s_v3",
                "taskSlotsPerNode": 4,
                "deploymentConfiguration": UBUNTU,
                "scaleSettings": {"fixedScale": {"targetDedicatedNodes": 2}},
                "applicationPackages": [{"id": f"{made.id}/applications/tool", "version": "1.0"}],
            }
        },
    )
    endpoint = f"https://{made.properties.account_endpoint}"
    return Account(name, endpoint, keys.primary, storage, linked.primary_endpoints.blob, storage_key, "pool")


def upload_package(arm: Arm, account: str, application: str, version: str, files: dict[str, str]) -> None:
    """Create, upload and activate a package, as the documentation says."""
    upload_archive(arm, account, application, version, archive_of(files))


def archive_of(files: dict[str, str]) -> bytes:
    """A zip archive of some files, by their names."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def upload_archive(arm: Arm, account: str, application: str, version: str, content: bytes) -> None:
    """The same with any content."""
    arm.batch.application.create(arm.group, account, application, {})
    package = arm.batch.application_package.create(arm.group, account, application, version, {})
    with BlobClient.from_blob_url(package.properties.storage_url) as blob:
        blob.upload_blob(content, overwrite=True)
    active = arm.batch.application_package.activate(arm.group, account, application, version, {"format": "zip"})
    assert active.properties.state == "Active"


@pytest.fixture(scope="session")
def batch(account: Account) -> Iterator[BatchClient]:
    with BatchClient(account.endpoint, AzureNamedKeyCredential(account.name, account.key)) as client:
        until(lambda: [node.state for node in client.list_nodes(account.pool)] == ["idle", "idle"])
        yield client


@pytest.fixture
def job(batch: BatchClient, account: Account) -> Iterator[str]:
    name = f"job-{uuid.uuid4().hex[:8]}"
    batch.create_job(models.BatchJobCreateOptions(id=name, pool_info=models.BatchPoolInfo(pool_id=account.pool)))
    yield name
    batch.begin_delete_job(name).result()


def run(batch: BatchClient, job: str, command: str, **options: object) -> models.BatchTask:
    """Add a task and wait for its end."""
    name = f"task-{uuid.uuid4().hex[:8]}"
    batch.create_task(job, models.BatchTaskCreateOptions(id=name, command_line=command, **options))
    until(lambda: batch.get_task(job, name).state == "completed")
    return batch.get_task(job, name)


@pytest.fixture
def container(account: Account) -> Iterator[ContainerClient]:
    credential = {"account_name": account.storage, "account_key": account.storage_key}
    with BlobServiceClient(account.blob_endpoint.rstrip("/"), credential=credential) as service:
        made = service.create_container(f"c{uuid.uuid4().hex[:8]}")
        yield made
        made.delete_container()
