"""What the plugin asks of ARM, and how it takes ARM's answers, where a test must say the answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.cloud import Cloud, running_cloud
from tests.plugin.host import Plugin, Refused, values

GROUP = "/subscriptions/sub/resourceGroups/g"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/me"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stored"
PLACE = {"resourceGroupName": "g", "location": "westeurope"}
STORED = {**PLACE, "accountName": "stored", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}


@pytest.fixture
def arranged(tmp_path: Path) -> Iterator[tuple[Cloud, Plugin]]:
    with running_cloud(tmp_path) as (cloud, environment), Plugin(tmp_path, environment) as plugin:
        plugin.configure()
        yield cloud, plugin


def made(id: str, **properties: Any) -> dict[str, Any]:
    return {"id": id, "name": id.rsplit("/", 1)[1], "location": "westeurope", "properties": properties}


def network_inputs(**more: Any) -> dict[str, Any]:
    return {**PLACE, "virtualNetworkName": "net", "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, **more}


def test_an_async_operation_is_followed_by_its_status_and_the_resource_read(arranged: tuple[Cloud, Plugin]) -> None:
    cloud, plugin = arranged
    cloud.on("GET", NETWORK, 404)
    cloud.on("GET", NETWORK, 200, made(NETWORK, provisioningState="Succeeded", resourceGuid="guid"))
    cloud.on(
        "PUT",
        NETWORK,
        201,
        made(NETWORK, provisioningState="Updating"),
        Azure_AsyncOperation="{url}/op",
        Retry_After="0",
    )
    cloud.on("GET", "/op", 200, {"id": "/op", "status": "InProgress"}, Retry_After="0")
    cloud.on("GET", "/op", 200, {"id": "/op", "status": "Succeeded"})
    _, outputs = plugin.create("network:VirtualNetwork", network_inputs())
    assert outputs["resourceGuid"] == "guid"
    assert [path for _, path, _ in cloud.requests].count("/op") == 2


def test_the_newest_location_is_asked_and_its_last_answer_is_the_resource(arranged: tuple[Cloud, Plugin]) -> None:
    cloud, plugin = arranged
    cloud.on("GET", STORAGE, 404)
    cloud.on("PUT", STORAGE, 202, Location="{url}/poll/1", Retry_After="0")
    cloud.on("GET", "/poll/1", 202, Location="{url}/poll/2", Retry_After="0")
    cloud.on("GET", "/poll/2", 200, made(STORAGE, provisioningState="Succeeded"))
    assert plugin.create("storage:StorageAccount", STORED)[0] == STORAGE
    assert [path for method, path, _ in cloud.requests if method == "GET"] == [STORAGE, "/poll/1", "/poll/2"]


def test_a_resource_that_is_still_being_made_is_asked_itself(arranged: tuple[Cloud, Plugin]) -> None:
    cloud, plugin = arranged
    cloud.on("GET", NETWORK, 404)
    cloud.on("GET", NETWORK, 200, made(NETWORK, provisioningState="Updating"), Retry_After="0")
    cloud.on("GET", NETWORK, 200, made(NETWORK, provisioningState="Succeeded"))
    cloud.on("PUT", NETWORK, 200, made(NETWORK, provisioningState="Updating"), Retry_After="0")
    _, outputs = plugin.create("network:VirtualNetwork", network_inputs())
    assert outputs["provisioningState"] == "Succeeded"


def test_what_was_taken_and_then_failed_is_kept_with_the_reason(arranged: tuple[Cloud, Plugin]) -> None:
    cloud, plugin = arranged
    cloud.on("GET", NETWORK, 404)
    cloud.on("GET", NETWORK, 200, made(NETWORK, provisioningState="Failed"))
    cloud.on("PUT", NETWORK, 201, made(NETWORK), Azure_AsyncOperation="{url}/op", Retry_After="0")
    cloud.on("GET", "/op", 200, {"status": "Failed", "error": {"code": "NoRoom", "message": "The range is taken."}})
    with pytest.raises(Refused, match=r"NoRoom: The range is taken\.") as refused:
        plugin.create("network:VirtualNetwork", network_inputs())
    assert refused.value.partial is not None
    assert refused.value.partial.id == NETWORK
    assert values(refused.value.partial.inputs)["virtualNetworkName"] == "net"
    assert values(refused.value.partial.properties)["provisioningState"] == "Failed"
    assert list(refused.value.partial.reasons) == ["NoRoom: The range is taken."]


def test_what_was_refused_at_once_is_not_kept(arranged: tuple[Cloud, Plugin]) -> None:
    cloud, plugin = arranged
    cloud.on("PUT", NETWORK, 400, {"error": {"code": "Bad", "message": "No."}})
    with pytest.raises(Refused, match=r"^Bad: No\.$") as refused:
        plugin.create("network:VirtualNetwork", network_inputs())
    assert refused.value.partial is None


def test_an_operation_that_does_not_end_in_time_says_so(arranged: tuple[Cloud, Plugin]) -> None:
    cloud, plugin = arranged
    cloud.on("GET", STORAGE, 404)
    cloud.on("PUT", STORAGE, 202, Location="{url}/poll", Retry_After="0")
    cloud.on("GET", "/poll", 202, Location="{url}/poll", Retry_After="0")
    with pytest.raises(Refused, match=r"did not end within 0\.3 s"):
        plugin.create("storage:StorageAccount", STORED, timeout=0.3)


def test_every_detail_of_an_error_is_told_without_request_ids(arranged: tuple[Cloud, Plugin]) -> None:
    cloud, plugin = arranged
    inner = {"code": "Deep", "message": "deepest"}
    details = [
        {"code": "PropertyName", "message": "vmSize"},
        {"code": "Reason", "message": "too big", "details": [inner]},
    ]
    message = "A property is wrong.\nRequestId:0-0\nTime:now"
    cloud.on("PUT", NETWORK, 400, {"error": {"code": "Invalid", "message": message, "details": details}})
    with pytest.raises(Refused) as refused:
        plugin.create("network:VirtualNetwork", network_inputs())
    told = "Invalid: A property is wrong.; PropertyName: vmSize; Reason: too big; Deep: deepest"
    assert str(refused.value) == told


@pytest.mark.parametrize(
    ("status", "code"), [(429, "TooMany"), (503, "Busy"), (409, "AnotherOperationInProgress"), (401, "ExpiredToken")]
)
def test_what_passes_by_itself_is_tried_again(arranged: tuple[Cloud, Plugin], status: int, code: str) -> None:
    cloud, plugin = arranged
    cloud.on("PUT", IDENTITY, status, {"error": {"code": code, "message": "later"}}, Retry_After="0")
    cloud.on("PUT", IDENTITY, 201, made(IDENTITY))
    assert plugin.create("managedidentity:UserAssignedIdentity", {**PLACE, "resourceName": "me"})[0] == IDENTITY
    assert len(cloud.bodies("PUT")) == 2


def test_an_operations_address_that_is_not_https_gets_no_token(arranged: tuple[Cloud, Plugin]) -> None:
    cloud, plugin = arranged
    cloud.on("PUT", STORAGE, 202, Location="http://elsewhere.example/poll", Retry_After="0")
    with pytest.raises(Refused, match=r"http://elsewhere\.example is not an https address"):
        plugin.create("storage:StorageAccount", STORED)


def test_parts_with_properties_of_their_own_are_nested_as_arm_has_them(arranged: tuple[Cloud, Plugin]) -> None:
    cloud, plugin = arranged
    cloud.on(
        "PUT", NETWORK, 200, made(NETWORK, subnets=[{"name": "pools", "properties": {"addressPrefix": "10.0.0.0/24"}}])
    )
    subnets = [{"name": "pools", "addressPrefix": "10.0.0.0/24", "delegations": [{"name": "d", "serviceName": "s"}]}]
    _, outputs = plugin.create("network:VirtualNetwork", network_inputs(subnets=subnets))
    delegation = {"name": "d", "properties": {"serviceName": "s"}}
    subnet = {"name": "pools", "properties": {"addressPrefix": "10.0.0.0/24", "delegations": [delegation]}}
    assert cloud.bodies("PUT")[0]["properties"]["subnets"] == [subnet]
    assert outputs["subnets"] == [{"name": "pools", "addressPrefix": "10.0.0.0/24"}]


def test_identities_are_a_list_in_programs_and_a_map_in_arm(arranged: tuple[Cloud, Plugin]) -> None:
    cloud, plugin = arranged
    cloud.on("PUT", STORAGE, 200, made(STORAGE))
    identity = {"type": "UserAssigned", "userAssignedIdentities": [IDENTITY]}
    plugin.create("storage:StorageAccount", {**STORED, "identity": identity})
    sent = cloud.bodies("PUT")[0]
    assert sent["identity"] == {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}
    assert set(sent) == {"identity", "kind", "location", "sku"}


def test_an_alerts_kind_has_arms_name_in_the_body(arranged: tuple[Cloud, Plugin]) -> None:
    cloud, plugin = arranged
    alert = f"{GROUP}/providers/Microsoft.Insights/metricAlerts/failed"
    cloud.on("PUT", alert, 200, made(alert, criteria={"odata.type": "Kind", "allOf": []}))
    inputs = {**PLACE, "ruleName": "failed", "criteria": {"odataType": "Kind", "allOf": []}}
    _, outputs = plugin.create("monitor:MetricAlert", inputs)
    assert cloud.bodies("PUT")[0]["properties"]["criteria"] == {"odata.type": "Kind", "allOf": []}
    assert outputs["criteria"] == {"odataType": "Kind", "allOf": []}


def test_subnets_of_their_own_survive_an_update_of_their_network(arranged: tuple[Cloud, Plugin]) -> None:
    cloud, plugin = arranged
    subnets = [{"name": "pools", "properties": {"addressPrefix": "10.0.0.0/24"}}]
    cloud.on("GET", NETWORK, 200, made(NETWORK, subnets=subnets))
    cloud.on("PUT", NETWORK, 200, made(NETWORK, subnets=subnets))
    plugin.update("network:VirtualNetwork", NETWORK, network_inputs(), network_inputs(tags={"a": "b"}))
    assert cloud.bodies("PUT")[0]["properties"]["subnets"] == subnets


def test_network_rules_that_a_program_no_longer_has_are_reset(arranged: tuple[Cloud, Plugin]) -> None:
    cloud, plugin = arranged
    cloud.on("PUT", STORAGE, 200, made(STORAGE))
    plugin.update("storage:StorageAccount", STORAGE, {**STORED, "networkRuleSet": {"defaultAction": "Deny"}}, STORED)
    assert cloud.bodies("PUT")[0]["properties"]["networkRuleSet"]["defaultAction"] == "Allow"


def test_what_there_is_always_one_of_is_set_back_and_not_deleted(arranged: tuple[Cloud, Plugin]) -> None:
    cloud, plugin = arranged
    service = f"{STORAGE}/blobServices/default"
    cloud.on("GET", service, 200, made(service))
    cloud.on("PUT", service, 200, made(service))
    given = {"resourceGroupName": "g", "accountName": "stored", "isVersioningEnabled": True}
    resource_id, _ = plugin.create(
        "storage:BlobServiceProperties", plugin.inputs("storage:BlobServiceProperties", given)
    )
    plugin.delete("storage:BlobServiceProperties", resource_id)
    assert cloud.bodies("PUT") == [{"properties": {"isVersioningEnabled": True}}, {"properties": {}}]
    assert not cloud.bodies("DELETE")


def test_a_groups_place_is_asked_once_for_all_that_lie_in_it(arranged: tuple[Cloud, Plugin]) -> None:
    cloud, plugin = arranged
    cloud.on("GET", GROUP, 200, {"id": GROUP, "location": "northeurope"})
    for name in ("one", "two", "three"):
        inputs = plugin.inputs("managedidentity:UserAssignedIdentity", {"resourceGroupName": "g", "resourceName": name})
        assert inputs["location"] == "northeurope"
    assert len(cloud.requests) == 1


def test_a_scopes_resource_lies_under_the_whole_id_and_is_imported_by_it(arranged: tuple[Cloud, Plugin]) -> None:
    cloud, plugin = arranged
    lock = f"{STORAGE}/providers/Microsoft.Authorization/locks/environment"
    cloud.on("GET", lock, 404)
    cloud.on("PUT", lock, 201, made(lock, level="CanNotDelete"))
    cloud.on("GET", lock, 200, made(lock, level="CanNotDelete"))
    given = {"scope": STORAGE, "lockName": "environment", "level": "CanNotDelete"}
    inputs = plugin.inputs("authorization:ManagementLockByScope", given)
    assert plugin.create("authorization:ManagementLockByScope", inputs)[0] == lock
    assert values(plugin.read("authorization:ManagementLockByScope", lock).inputs) == inputs


def test_no_answer_makes_the_plugin_print_its_secret_or_token(tmp_path: Path) -> None:
    with running_cloud(tmp_path) as (cloud, environment), Plugin(tmp_path, environment) as plugin:
        plugin.configure()
        cloud.on("PUT", IDENTITY, 500, {"error": {"code": "Odd", "message": "odd"}}, Retry_After="0")
        with pytest.raises(Refused) as refused:
            plugin.create("managedidentity:UserAssignedIdentity", {**PLACE, "resourceName": "me"})
    printed = plugin.log.read_text() + str(refused.value)
    assert "hidden-word" not in printed
    assert "token-of-a-test" not in printed
