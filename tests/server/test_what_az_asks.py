"""What az asks of ARM around a Batch account, in the forms in which it asks."""

from __future__ import annotations

from tests.server.world import POOL, WHERE, World
from tests.support.waiting import until


def test_a_resource_is_put_as_a_get_gave_it(world: World) -> None:
    """``az resource tag`` and ``az resource update``."""
    found = world.get("")
    world.done("PUT", "", {**found, "tags": {"cost": "render"}})
    assert world.get("")["tags"] == {"cost": "render"}
    assert world.get("")["properties"]["autoStorage"]["storageAccountId"] == world.storage
    world.done("PUT", "pools/whole", {"properties": POOL})
    until(lambda: world.get("pools/whole")["properties"]["allocationState"] == "Steady")
    pool = world.get("pools/whole")
    world.done("PUT", "pools/whole", pool)
    assert world.get("pools/whole")["properties"]["vmSize"] == pool["properties"]["vmSize"]
    refused = world.send("PUT", "", {**WHERE, "properties": {"accountEndpoints": "x"}})
    assert refused.json()["error"]["code"] == "InvalidRequestBody"


def test_two_slashes_count_as_one(world: World) -> None:
    """``az resource create`` leaves a place for a parent."""
    path = world.account.replace("/batchAccounts/", "//batchAccounts/")
    assert world.get(path) == world.get("")


def test_moments_in_filters_need_no_quotes(world: World) -> None:
    """``az monitor activity-log list``."""
    log = f"{world.root}/providers/Microsoft.Insights/eventtypes/management/values"
    wanted = "eventTimestamp ge 2020-01-01T00:00:00.5 and eventTimestamp le 2090-01-01T00:00:00 and "
    found = world.get(f"{log}?$filter={wanted}resourceGroupName eq 'world'", version="2015-04-01")["value"]
    assert found
    empty = world.get(f"{log}?$filter={wanted}resourceGroupName eq 'no-such-group'", version="2015-04-01")["value"]
    assert empty == []
    kinds = world.get("/providers/Microsoft.Insights/eventcategories", version="2015-04-01")["value"]
    assert "Administrative" in [one["value"] for one in kinds]


def test_diagnostic_categories_are_those_that_settings_take(world: World) -> None:
    scope, version = f"{world.account}/providers/Microsoft.Insights", "2021-05-01-preview"
    listed = world.get(f"{scope}/diagnosticSettingsCategories", version=version)["value"]
    assert {one["name"] for one in listed} == {"ServiceLog", "AuditLog", "AllMetrics"}
    one = world.get(f"{scope}/diagnosticSettingsCategories/ServiceLog", version=version)
    assert one["properties"]["categoryType"] == "Logs"
    logs = [{"category": one["name"], "enabled": True}]
    setting = {"properties": {"storageAccountId": world.storage, "logs": logs}}
    made = world.send("PUT", f"{scope}/diagnosticSettings/all", setting, version=version)
    assert made.status_code == 200
    world.done("DELETE", f"{scope}/diagnosticSettings/all", version=version)


def test_operations_of_providers_are_named_at_one_place(world: World) -> None:
    root, version = "/providers/Microsoft.Authorization/providerOperations", "2022-04-01"
    batch = world.get(f"{root}/microsoft.batch", version=version)
    named = {one["name"]: one for kind in batch["resourceTypes"] for one in kind["operations"]}
    assert named["Microsoft.Batch/batchAccounts/pools/write"]["isDataAction"] is False
    assert named["Microsoft.Batch/batchAccounts/jobs/write"]["isDataAction"] is True
    assert "Microsoft.Storage" in [one["name"] for one in world.get(root, version=version)["value"]]
    assert world.send("GET", f"{root}/Microsoft.Nothing", version=version).status_code == 404


def test_tag_names_are_ready_before_anything_is_tagged(world: World) -> None:
    name, version = f"{world.root}/tagNames/stage", "2021-04-01"
    assert world.send("PUT", f"{name}/tagValues/test", version=version).status_code == 404
    assert world.send("PUT", name, version=version).status_code == 201
    assert world.send("PUT", f"{name}/tagValues/test", version=version).status_code == 201
    listed = {one["tagName"]: one for one in world.get(f"{world.root}/tagNames", version=version)["value"]}
    assert [one["tagValue"] for one in listed["stage"]["values"]] == ["test"]
    assert world.send("DELETE", f"{name}/tagValues/test", version=version).status_code == 200
    assert world.send("DELETE", name, version=version).status_code == 200
    assert world.send("DELETE", name, version=version).status_code == 204


def test_moving_resources_says_that_it_is_not_there(world: World) -> None:
    body = {"resources": [world.account], "targetResourceGroup": f"{world.root}/resourceGroups/elsewhere"}
    answer = world.send("POST", f"{world.root}/resourceGroups/world/moveResources", body, version="2021-04-01")
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "NotImplemented")
