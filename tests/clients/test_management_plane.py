"""What azure-mgmt-batch 19 and azure-mgmt-storage see."""

from __future__ import annotations

from typing import Any

import pytest
from azure.batch import BatchClient
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from tests.clients.conftest import UBUNTU, Account, Arm
from tests.conftest import Local
from tests.support.waiting import until


def test_a_created_account_shows_azures_defaults(arm: Arm, account: Account) -> None:
    found = arm.batch.batch_account.get(arm.group, account.name).properties
    assert found.provisioning_state == "Succeeded"
    assert found.pool_allocation_mode == "BatchService"
    assert found.allowed_authentication_modes == ["SharedKey", "AAD", "TaskAuthenticationToken"]
    assert found.encryption.key_source == "Microsoft.Batch"
    assert found.auto_storage.authentication_mode == "StorageKeys"


def test_regenerating_a_key_changes_that_key_alone_and_the_old_one_no_longer_opens(arm: Arm) -> None:
    name = "rotated1"
    made = arm.batch.batch_account.begin_create(arm.group, name, {"location": "westeurope"}).result()
    before = arm.batch.batch_account.get_keys(arm.group, name)
    after = arm.batch.batch_account.regenerate_key(arm.group, name, {"keyName": "Primary"})
    assert after.primary != before.primary
    assert after.secondary == before.secondary
    endpoint = f"https://{made.properties.account_endpoint}"
    with BatchClient(endpoint, AzureNamedKeyCredential(name, before.primary)) as old, pytest.raises(HttpResponseError):
        list(old.list_pools())
    with BatchClient(endpoint, AzureNamedKeyCredential(name, after.primary)) as new:
        assert list(new.list_pools()) == []


def test_an_account_name_that_azure_refuses_is_refused(arm: Arm) -> None:
    with pytest.raises(HttpResponseError, match="3 to 24 characters"):
        arm.batch.batch_account.begin_create(arm.group, "Not-Valid", {"location": "westeurope"}).result()


def test_an_account_is_deleted_and_gone(arm: Arm) -> None:
    arm.batch.batch_account.begin_create(arm.group, "shortlived", {"location": "westeurope"}).result()
    arm.batch.batch_account.begin_delete(arm.group, "shortlived").result()
    with pytest.raises(ResourceNotFoundError, match="AccountNotFound"):
        arm.batch.batch_account.get(arm.group, "shortlived")


def test_a_package_without_a_blob_cannot_be_activated(arm: Arm, account: Account) -> None:
    arm.batch.application.create(arm.group, account.name, "empty", {})
    arm.batch.application_package.create(arm.group, account.name, "empty", "1.0", {})
    with pytest.raises(HttpResponseError, match="ApplicationPackageBlobNotFound"):
        arm.batch.application_package.activate(arm.group, account.name, "empty", "1.0", {"format": "zip"})
    package = arm.batch.application_package.get(arm.group, account.name, "empty", "1.0")
    assert package.properties.state == "Pending"


def test_an_application_with_packages_is_not_deleted(arm: Arm, account: Account) -> None:
    with pytest.raises(HttpResponseError, match="ApplicationPackagesNotEmpty"):
        arm.batch.application.delete(arm.group, account.name, "tool")


def test_a_default_version_must_be_active(arm: Arm, account: Account) -> None:
    with pytest.raises(HttpResponseError, match="RequestedDefaultVersionNotActive"):
        arm.batch.application.update(arm.group, account.name, "tool", {"properties": {"defaultVersion": "9.9"}})
    found = arm.batch.application.update(arm.group, account.name, "tool", {"properties": {"defaultVersion": "1.0"}})
    assert found.properties.default_version == "1.0"


def test_a_pool_is_one_thing_on_both_planes(arm: Arm, account: Account, batch: BatchClient) -> None:
    managed = arm.batch.pool.get(arm.group, account.name, account.pool).properties
    served = batch.get_pool(account.pool)
    assert managed.vm_size.lower() == served.vm_size == "standard_d2s_v3"
    assert managed.current_dedicated_nodes == served.current_dedicated_nodes == 2
    assert managed.task_slots_per_node == served.task_slots_per_node == 4
    assert served.application_package_references[0].application_id == "tool"
    assert served.virtual_machine_configuration.image_reference.version == "latest"


@pytest.mark.parametrize(
    ("settings", "error", "name"),
    [
        ({"metadata": [{"name": "", "value": "v"}]}, "EmptyMetadataKey", ""),
        ({"startTask": {"commandLine": "x", "maxTaskRetryCount": -2}}, "InvalidPropertyValue", "maxTaskRetryCount"),
        (
            {
                "networkConfiguration": {
                    "endpointConfiguration": {
                        "inboundNatPools": [
                            {
                                "name": "web",
                                "protocol": "TCP",
                                "backendPort": 80,
                                "frontendPortRangeStart": 15000,
                                "frontendPortRangeEnd": 15010,
                            }
                        ]
                    }
                }
            },
            "InvalidPropertyValue",
            "frontendPortRangeEnd",
        ),
    ],
)
def test_a_pools_settings_are_what_the_reference_allows_at_arm_too(
    arm: Arm, account: Account, settings: dict[str, Any], error: str, name: str
) -> None:
    body = {"properties": {"vmSize": "Standard_D2s_v3", "deploymentConfiguration": UBUNTU, **settings}}
    with pytest.raises(HttpResponseError, match=error) as refused:
        arm.batch.pool.create(arm.group, account.name, "unmade", body)
    details = refused.value.error.details or []
    assert [one.message for one in details if one.code == "PropertyName"] == ([name] if name else [])


def test_a_storage_account_name_taken_elsewhere_is_refused(arm: Arm, account: Account) -> None:
    answer = arm.storage.storage_accounts.check_name_availability(
        {"name": account.storage, "type": "Microsoft.Storage/storageAccounts"}
    )
    assert (answer.name_available, answer.reason) == (False, "AlreadyExists")


def test_deleting_a_pool_both_ways_leaves_one_entry_in_the_activity_log(
    arm: Arm, account: Account, batch: BatchClient
) -> None:
    body = {"properties": {"vmSize": "Standard_D2s_v3", "deploymentConfiguration": UBUNTU}}
    for name in ("logged", "unlogged"):
        arm.batch.pool.create(arm.group, account.name, name, body)
    until(lambda: all(batch.get_pool(name).allocation_state == "steady" for name in ("logged", "unlogged")))
    arm.batch.pool.begin_delete(arm.group, account.name, "logged").result()
    batch.begin_delete_pool("unlogged").result()
    path = f"/subscriptions/{arm.local.subscription}/providers/Microsoft.Insights/eventtypes/management/values"
    events = arm.send("GET", f"{path}?api-version=2015-04-01&$filter=resourceGroupName eq '{arm.group}'").json()[
        "value"
    ]
    deletions = [event for event in events if event["operationName"]["value"].endswith("/pools/delete")]
    deleted = [event["resourceId"].rsplit("/", 1)[-1] for event in deletions]
    assert deleted.count("logged") == 1
    assert "unlogged" not in deleted
    assert {event["httpRequest"]["method"] for event in events} <= {"PUT", "PATCH", "DELETE", "POST"}


@pytest.mark.parametrize("token", ["", "no-token", "eyJhbGciOiJub25lIn0.e30."])
@pytest.mark.parametrize("path", ["/subscriptions", "/subscriptions/x/resourceGroups/y", "/providers/Microsoft.Batch"])
def test_arm_answers_nobody_without_a_good_token(arm: Arm, token: str, path: str) -> None:
    answer = arm.send("GET", f"{path}?api-version=2024-07-01", token=token)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] in ("AuthenticationFailed", "InvalidAuthenticationToken")


def test_a_token_for_another_audience_does_not_open_arm(arm: Arm, batchlocal: Local) -> None:
    other = batchlocal.credential().get_token("https://batch.core.windows.net//.default").token
    answer = arm.send("GET", "/subscriptions?api-version=2022-12-01", token=other)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationTokenAudience")


def test_a_token_with_another_signature_does_not_open_arm(arm: Arm, batchlocal: Local) -> None:
    good = batchlocal.credential().get_token(f"{batchlocal.settings['armEndpoint']}/.default").token
    head, claims, signature = good.split(".")
    forged = f"{head}.{claims}.{signature[::-1]}"
    assert arm.send("GET", "/subscriptions?api-version=2022-12-01", token=forged).status_code == 401


def test_a_resource_group_that_is_there_is_not_made_twice(arm: Arm) -> None:
    path = f"/subscriptions/{arm.local.subscription}/resourceGroups/{arm.group}?api-version=2024-03-01"
    assert arm.send("PUT", path, {"location": "westeurope"}).status_code == 200
    moved = arm.send("PUT", path, {"location": "eastus"})
    assert (moved.status_code, moved.json()["error"]["code"]) == (409, "InvalidResourceGroupLocation")


def test_an_account_name_is_given_once(arm: Arm, account: Account) -> None:
    path = f"/subscriptions/{arm.local.subscription}/resourceGroups/other-group?api-version=2024-03-01"
    assert arm.send("PUT", path, {"location": "westeurope"}).status_code == 201
    with pytest.raises(ResourceExistsError):
        arm.batch.batch_account.begin_create("other-group", account.name, {"location": "westeurope"}).result()
