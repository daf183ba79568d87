"""Tests of a program that uses Azure Batch, on a Batch of their own: run them with ``pytest examples/testing``.

``submit`` stands for the program under test. The fixture ``batchlocal`` comes with the package.
"""

from __future__ import annotations

import time

import pytest
from azure.batch import BatchClient, models
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.mgmt.batch import BatchManagementClient

MACHINE = {
    "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
    "nodeAgentSkuId": "batch.node.ubuntu 24.04",
}
POOL = {
    "vmSize": "Standard_D2s_v3",
    "deploymentConfiguration": {"virtualMachineConfiguration": MACHINE},
    "scaleSettings": {"fixedScale": {"targetDedicatedNodes": 1}},
}


def submit(batch: BatchClient, job: str, command: str) -> None:
    """The program under test: a job with one task."""
    batch.create_job(models.BatchJobCreateOptions(id=job, pool_info=models.BatchPoolInfo(pool_id="pool")))
    batch.create_task(job, models.BatchTaskCreateOptions(id="task", command_line=f"/bin/sh -c '{command}'"))


@pytest.fixture
def batch(batchlocal):
    """A Batch account with a pool of one node."""
    management = batchlocal.client(BatchManagementClient)
    group, name = batchlocal.resource_group(), batchlocal.unique_name()
    account = management.batch_account.begin_create(group, name, {"location": "westeurope"}).result()
    management.pool.create(group, name, "pool", {"properties": POOL})
    key = AzureNamedKeyCredential(name, management.batch_account.get_keys(group, name).primary)
    with BatchClient(f"https://{account.properties.account_endpoint}", key) as client:
        yield client


def test_a_submitted_task_runs(batch):
    submit(batch, "job", "echo hello")
    deadline = time.monotonic() + 60
    while batch.get_task("job", "task").state != "completed":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert b"".join(batch.download_task_file("job", "task", "stdout.txt")) == b"hello\n"


def test_throttling_is_waited_for(batch, batchlocal):
    batchlocal.fault("Job_Add", plane="service", status=429, retryAfter=1, times=1)
    submit(batch, "job", "true")
    assert [call["status"] for call in batchlocal.calls("Job_Add")] == [429, 201]


def test_a_full_account_is_not_hidden(batch, batchlocal):
    batchlocal.fault("Job_Add", status=409, code="ActiveJobAndScheduleQuotaReached")
    with pytest.raises(HttpResponseError) as refused:
        submit(batch, "job", "true")
    assert refused.value.status_code == 409
    assert batchlocal.calls("Task_Add") == []


def test_every_test_has_a_subscription_of_its_own(batchlocal):
    assert list(batchlocal.client(BatchManagementClient).batch_account.list()) == []
