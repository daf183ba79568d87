"""Faults of the control API (docs/control.md), as clients on both planes meet them."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from azure.batch import BatchClient, models
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError
from azure.mgmt.batch import BatchManagementClient
from azure.storage.blob import ContainerClient, ExponentialRetry

from tests.control.conftest import Steered
from tests.support.waiting import until


@pytest.fixture(scope="module")
def account(shared: Steered) -> str:
    return shared.new_account()


def set_fault(steered: Steered, **fault: object) -> str:
    answer = steered.control("POST", "/faults", fault)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_an_error_strikes_as_often_as_was_said(steered: Steered, account: str) -> None:
    set_fault(steered, operation="BatchAccount_Get", status=429, times=2)
    answers = [steered.account("GET", account) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "1"
    assert answers[0].json()["error"]["code"] == "SubscriptionRequestsThrottled"
    assert steered.control("GET", "/faults").json() == {"value": []}


def test_the_service_words_a_fault_its_own_way(steered: Steered, account: str) -> None:
    set_fault(steered, operation="Job_*", plane="service", status=503, message="Away for {lunch}", retryAfter=7)
    answer = steered.service("GET", account, "jobs")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert answer.json()["code"] == "ServerBusy"
    assert answer.json()["message"]["value"].startswith("Away for {lunch}\nRequestId:")
    assert steered.service("GET", account, "jobs").status_code == 200


def test_a_fault_spares_other_operations_planes_and_accounts(steered: Steered, account: str) -> None:
    set_fault(steered, operation="Pool_*", plane="arm", account="c0ther*", times="always")
    set_fault(steered, operation="Pool_Delete", plane="arm", times="always")
    assert steered.service("GET", account, "pools").status_code == 200
    assert steered.account("GET", account, "/pools").status_code == 200
    assert steered.account("DELETE", account, "/pools/none").status_code == 500
    assert [fault["struck"] for fault in steered.control("GET", "/faults").json()["value"]] == [0, 1]


def test_a_retrying_client_gets_through_a_throttled_server(
    steered: Steered, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """azure-core obeys Retry-After and tries again by itself."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", steered.local.settings["caFile"])
    options = {"base_url": steered.origin, "credential_scopes": [f"{steered.origin}/.default"]}
    with (
        steered.local.credential() as credential,
        BatchManagementClient(credential, steered.local.subscription, **options) as client,
    ):
        set_fault(steered, operation="BatchAccount_Get", status=429, times=1)
        assert client.batch_account.get(steered.group, account).name == account
        set_fault(steered, operation="BatchAccount_Get", status=403, code="Forbidden", message="Not today")
        with pytest.raises(HttpResponseError, match="Not today"):
            client.batch_account.get(steered.group, account)


def test_single_tasks_of_a_collection_fail_and_the_others_are_added(
    steered: Steered, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The status ``servererror`` is what the SDKs' bulk helpers try again."""
    assert steered.service("POST", account, "jobs", {"id": "bulk", "poolInfo": {"poolId": "p"}}).status_code == 201
    set_fault(steered, operation="Task_AddCollection", task="t1*", status=503, times=2)
    set_fault(steered, operation="Task_AddCollection", task="t2", status=403, code="Forbidden")
    body = {"value": [{"id": name, "commandLine": "x"} for name in ("t1", "t2", "t3")]}
    results = steered.service("POST", account, "jobs/bulk/addtaskcollection", body).json()["value"]
    assert [result["status"] for result in results] == ["servererror", "clienterror", "Success"]
    assert [result["error"]["code"] for result in results[:2]] == ["ServerBusy", "Forbidden"]
    set_fault(steered, operation="Task_AddCollection", task="t1*", status=503)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", steered.local.settings["caFile"])
    key = steered.account("POST", account, "/listKeys").json()["primary"]
    with BatchClient(f"{steered.origin}/{account}", AzureNamedKeyCredential(account, key)) as client:
        sent = [models.BatchTaskCreateOptions(id=f"t1{number}", command_line="x") for number in range(3)]
        client.create_tasks("bulk", sent)
        assert sorted(task.id for task in client.list_tasks("bulk")) == ["t10", "t11", "t12", "t3"]
    refused = steered.control("POST", "/faults", {"operation": "Task_Add", "task": "t"})
    assert refused.status_code == 400


def test_a_delay_makes_the_request_late_and_nothing_else(steered: Steered, account: str) -> None:
    set_fault(steered, operation="BatchAccount_Get", kind="delay", seconds=0.7)
    began = time.monotonic()
    assert steered.account("GET", account).status_code == 200
    assert time.monotonic() - began >= 0.7


@pytest.mark.parametrize(("after_commit", "there"), [(False, 404), (True, 200)])
def test_a_dropped_connection_leaves_the_client_in_doubt(
    steered: Steered, account: str, after_commit: bool, there: int
) -> None:
    """Whether the job is there is what the two kinds of drop differ in; the client sees the same."""
    job = f"j{uuid.uuid4().hex[:6]}"
    set_fault(steered, operation="Job_Add", kind="drop", afterCommit=after_commit)
    with pytest.raises(requests.ConnectionError):
        steered.service("POST", account, "jobs", {"id": job, "poolInfo": {"poolId": "none"}})
    assert steered.service("GET", account, f"jobs/{job}").status_code == there
    entry = steered.control("GET", "/journal?operation=Job_Add&limit=1").json()["value"][0]
    assert entry["status"] == 0


def test_an_arm_write_dropped_after_its_commit_is_done(steered: Steered, account: str) -> None:
    set_fault(steered, operation="Pool_Create", kind="drop", afterCommit=True)
    with pytest.raises(requests.ConnectionError):
        steered.new_pool(account, "kept", nodes=0)
    assert steered.account("GET", account, "/pools/kept").status_code == 200


def test_a_pool_cannot_have_its_nodes_until_it_is_resized_again(steered: Steered, account: str) -> None:
    set_fault(steered, kind="allocation", pool="short*", code="allocationtimedout")
    assert steered.new_pool(account, "shorted", nodes=1).ok
    pool = steered.settled_pool(account, "shorted")
    assert [error["code"] for error in pool["resizeErrors"]] == ["AllocationTimedOut"]
    assert pool["currentDedicatedNodes"] == 0
    assert steered.service("POST", account, "pools/shorted/resize", {"targetDedicatedNodes": 1}).status_code == 202
    pool = steered.settled_pool(account, "shorted")
    assert pool["currentDedicatedNodes"] == 1
    assert "resizeErrors" not in pool


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({}, "'operation' is needed"),
        ({"operation": "BatchAcount_Create"}, "did you mean BatchAccount_Create"),
        ({"operation": "Job_Add", "plane": "arm"}, "No operation fits 'Job_Add'"),
        ({"operation": "Job_Add", "status": 200}, "400 to 599"),
        ({"operation": "Job_Add", "times": 0}, "a number from 1"),
        ({"operation": "Job_Add", "times": True}, "must be of type"),
        ({"operation": "Job_Add", "kind": "delay", "status": 500}, "A fault of kind delay has no 'status'"),
        ({"kind": "delay", "operation": "Job_Add", "seconds": -1}, "at most 3600"),
        ({"kind": "allocation", "code": "AllocationFaild"}, "it must be one of"),
        ({"kind": "hail"}, "it must be one of error, delay, drop, allocation"),
        ({"operation": "Job_Add", "often": 3}, "There is no 'often' here"),
        ([], "must be a JSON object"),
    ],
)
def test_a_fault_that_could_not_be_meant_is_refused(steered: Steered, fault: object, says: str) -> None:
    answer = steered.control("POST", "/faults", fault)
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]
    assert steered.control("GET", "/faults").json() == {"value": []}


def test_one_fault_is_cleared_and_the_others_stay(steered: Steered, account: str) -> None:
    first = set_fault(steered, operation="BatchAccount_Get", times="always")
    second = set_fault(steered, operation="Job_List", times="always")
    assert steered.control("DELETE", f"/faults/{first}").json() == {"cleared": 1}
    assert steered.account("GET", account).status_code == 200
    assert [fault["id"] for fault in steered.control("GET", "/faults").json()["value"]] == [second]
    assert steered.control("DELETE", f"/faults/{first}").status_code == 404


def test_the_commands_set_list_and_clear(steered: Steered, account: str) -> None:
    run = steered.local.run
    added = run("fault", "add", "BatchAccount_Get", "--status", "503", "--times", "always")
    assert added.returncode == 0, added.stderr
    assert steered.account("GET", account).status_code == 503
    listed = run("fault", "list").stdout.splitlines()
    assert listed[0].split() == ["ID", "KIND", "ON", "PLANE", "ACCOUNT", "WHAT", "TIMES", "STRUCK"]
    assert listed[1].split()[1:] == ["error", "BatchAccount_Get", "*", "503", "always", "1"]
    assert run("fault", "clear").stdout == "faults cleared: 1\n"
    assert run("fault", "list").stdout == "no fault is set\n"
    wrong = run("fault", "add", "BatchAcount_Get")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("batchlocal: No operation fits 'BatchAcount_Get'; did you mean BatchAccount_Get or")
    assert len(wrong.stderr.splitlines()) == 1


def test_without_a_server_a_command_says_what_to_do(tmp_path: os.PathLike[str], steered: Steered) -> None:
    from tests.conftest import batchlocal_command

    refused = batchlocal_command("fault", "list", "--data", str(tmp_path))
    assert refused.returncode == 1
    assert "batchlocal start --detach" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@pytest.fixture(scope="module")
def blobs(shared: Steered) -> Iterator[ContainerClient]:
    """A container in linked storage, not made yet; its client tries nothing again."""
    storage = f"/resourceGroups/{shared.group}/providers/Microsoft.Storage/storageAccounts/s{uuid.uuid4().hex[:9]}"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    assert shared.arm("PUT", storage, body, "2023-05-01").ok
    until(lambda: '"Succeeded"' in shared.arm("GET", storage, version="2023-05-01").text)
    endpoint = shared.arm("GET", storage, version="2023-05-01").json()["properties"]["primaryEndpoints"]["blob"]
    keys = shared.arm("POST", f"{storage}/listKeys", version="2023-05-01").json()["keys"]
    credential = {"account_name": storage.rsplit("/", 1)[-1], "account_key": keys[0]["value"]}
    ca = shared.local.settings["caFile"]
    with ContainerClient(endpoint, "files", credential=credential, retry_total=0, connection_verify=ca) as client:
        client.create_container()
        yield client


def test_an_error_strikes_at_linked_storage(steered: Steered, blobs: ContainerClient) -> None:
    set_fault(steered, operation="BlockBlob_*", status=503, retryAfter=7)
    set_fault(steered, operation="Blob_Download", status=429, code="Slow", message="Down <now>")
    with pytest.raises(HttpResponseError, match="currently unable to receive") as refused:
        blobs.upload_blob("a", b"content")
    assert (refused.value.status_code, refused.value.error_code) == (503, "ServerBusy")  # type: ignore[attr-defined]
    assert refused.value.response is not None
    assert refused.value.response.headers["Retry-After"] == "7"
    assert not blobs.get_blob_client("a").exists()
    blobs.upload_blob("a", b"content")
    with pytest.raises(HttpResponseError, match="Down <now>") as slow:
        blobs.download_blob("a")
    assert slow.value.error_code == "Slow"  # type: ignore[attr-defined]
    assert blobs.download_blob("a").readall() == b"content"
    assert steered.control("GET", "/faults").json() == {"value": []}


def test_a_delay_and_a_cut_connection_at_linked_storage(steered: Steered, blobs: ContainerClient) -> None:
    set_fault(steered, operation="Container_GetProperties*", kind="delay", seconds=0.7)
    began = time.monotonic()
    assert blobs.exists()
    assert time.monotonic() - began >= 0.7
    for after, there in ((False, False), (True, True)):
        set_fault(steered, operation="BlockBlob_Upload", kind="drop", afterCommit=after)
        with pytest.raises((ServiceRequestError, ServiceResponseError)):
            blobs.upload_blob(f"cut-{after}", b"content")
        assert blobs.get_blob_client(f"cut-{after}").exists() is there


def test_everything_does_not_mean_storage_unless_it_is_said(steered: Steered, blobs: ContainerClient) -> None:
    set_fault(steered, operation="*", times="always")
    assert blobs.exists()
    set_fault(steered, operation="*", plane="storage", account=str(blobs.account_name))
    with pytest.raises(HttpResponseError):
        blobs.get_container_properties()
    assert blobs.exists()


def test_a_retrying_client_of_storage_gets_through(steered: Steered, blobs: ContainerClient) -> None:
    """azure-storage-blob tries 503 again; a fault of another account's strikes nothing here."""
    set_fault(steered, operation="BlockBlob_Upload", account="another")
    set_fault(steered, operation="BlockBlob_Upload", status=503, account=str(blobs.account_name))
    ca = steered.local.settings["caFile"]
    patient = ExponentialRetry(initial_backoff=0, increment_base=0.1)
    with ContainerClient.from_container_url(
        blobs.url, credential=blobs.credential, connection_verify=ca, retry_policy=patient
    ) as client:
        client.upload_blob("again", b"content")
    [left] = steered.control("GET", "/faults").json()["value"]
    assert (left["account"], left["struck"]) == ("another", 0)


def test_a_package_is_not_made_in_an_application_that_goes_meanwhile(steered: Steered, blobs: ContainerClient) -> None:
    storage = f"/resourceGroups/{steered.group}/providers/Microsoft.Storage/storageAccounts/{blobs.account_name}"
    linked = {"storageAccountId": f"/subscriptions/{steered.local.subscription}{storage}"}
    account = steered.new_account({"autoStorage": linked})
    application = "/applications/short"
    assert steered.account("PUT", account, application, {}).ok
    set_fault(steered, operation="Container_Create", plane="storage", kind="delay", seconds=1.0)
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(steered.account, "PUT", account, f"{application}/versions/1", {})
        until(lambda: steered.control("GET", "/faults").json() == {"value": []})  # it has struck
        assert steered.account("DELETE", account, application).ok
        assert made.result().status_code == 404
    assert steered.account("PUT", account, application, {}).ok
    assert steered.account("GET", account, f"{application}/versions").json()["value"] == []
