"""What ARM does alike for every provider."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.conftest import batchlocal_command, start_local
from tests.server.test_server import ACCOUNT, GROUP, VERSION, arm
from tests.server.world import POOL, WHERE, World
from tests.support.waiting import until

RESOURCES = "2021-04-01"


def test_ids_are_compared_without_case_and_shown_as_they_were_made(world: World) -> None:
    path = f"{world.root}/RESOURCEGROUPS/World/providers/microsoft.batch/BATCHACCOUNTS/WorldAccount"
    assert world.get(path)["id"] == world.account
    pool = f"{path}/POOLS/Mixed"
    world.done("PUT", pool, {"properties": POOL})
    assert world.get("pools/mixed")["name"] == "Mixed"


def test_every_answer_says_who_it_was_and_what_is_left(world: World) -> None:
    correlation = str(uuid.uuid4())
    client = str(uuid.uuid4())
    sent = {"x_ms_correlation_request_id": correlation, "x_ms_client_request_id": client}
    for method, kind in (("GET", "reads"), ("PATCH", "writes"), ("DELETE", "deletes")):
        answer = world.send(method, "" if method != "DELETE" else "applications/none", {}, **sent)
        headers = answer.headers
        assert headers["x-ms-correlation-request-id"] == correlation
        assert headers["x-ms-routing-request-id"].endswith(correlation)
        assert uuid.UUID(headers["x-ms-request-id"])
        assert int(headers[f"x-ms-ratelimit-remaining-subscription-{kind}"]) > 0
        assert headers["Cache-Control"] == "no-cache"
        assert headers["Strict-Transport-Security"]


def test_a_providers_error_names_the_request_and_the_front_doors_does_not(world: World) -> None:
    provider = world.send("GET", "pools/none")
    assert f"RequestId:{provider.headers['x-ms-request-id']}" in provider.json()["error"]["message"]
    assert "x-ms-failure-cause" not in provider.headers
    gateway = world.send("GET", f"{world.root}/resourceGroups/none", version=RESOURCES)
    assert gateway.json()["error"].keys() == {"code", "message"}
    assert gateway.headers["x-ms-failure-cause"] == "gateway"


def test_namespaces_show_their_types_and_api_versions(world: World) -> None:
    found = world.get(f"{world.root}/providers/microsoft.batch", version=RESOURCES)
    types = {one["resourceType"]: one["apiVersions"] for one in found["resourceTypes"]}
    assert types["batchAccounts"][:2] == ["2025-06-01", "2024-07-01"]
    assert types["batchAccounts/pools"][-1] == "2017-09-01"
    assert "2025-06-01" not in types["batchAccounts/certificates"]
    listed = [one["namespace"] for one in world.get(f"{world.root}/providers", version=RESOURCES)["value"]]
    assert {"Microsoft.Batch", "Microsoft.Storage", "Microsoft.Resources"} <= set(listed)
    assert world.send("GET", f"{world.root}/providers/frob", version=RESOURCES).status_code == 404


def test_resources_are_listed_by_type_tag_and_name_a_page_at_a_time(world: World) -> None:
    world.done("PATCH", "", {"tags": {"team": "render", "cost": "1"}})
    path = f"{world.root}/resourceGroups/world/resources"

    def names(**query: str) -> list[str]:
        text = "&".join(f"${name}={value}" for name, value in query.items())
        return [one["name"] for one in world.get(f"{path}?{text}", version=RESOURCES)["value"]]

    assert "worldstore" not in names(filter="resourceType eq 'Microsoft.Batch/batchAccounts'")
    assert names(filter="tagName eq 'team' and tagValue eq 'render'") == ["worldaccount"]
    assert names(filter="tagName eq 'team' and tagValue eq '1'") == []
    assert names(filter="substringof('store', name) and location eq 'westeurope'") == ["worldstore"]
    assert world.send("GET", f"{path}?$filter=frob eq 1", version=RESOURCES).status_code == 400
    expanded = world.get(f"{path}?$expand=createdTime,provisioningState", version=RESOURCES)["value"][0]
    assert {"createdTime", "provisioningState"} <= expanded.keys()
    first = world.get(f"{path}?$top=1", version=RESOURCES)
    rest = world.http.get(first["nextLink"], timeout=10).json()["value"]
    assert [one["id"] for one in [*first["value"], *rest]][:2] == [
        one["id"] for one in world.get(path, version=RESOURCES)["value"]
    ][:2]
    assert world.send("GET", f"{path}?$top=none", version=RESOURCES).status_code == 400


@pytest.mark.parametrize("scope", ["", "/resourceGroups/world", "account"])
def test_tags_are_set_merged_and_removed_at_every_scope(world: World, scope: str) -> None:
    at = world.account if scope == "account" else world.root + scope
    path = f"{at}/providers/Microsoft.Resources/tags/default"

    def tags(method: str, body: object = None) -> object:
        answer = world.send(method, path, body, version=RESOURCES)
        assert answer.status_code == 200, answer.text
        return answer.json()["properties"]["tags"] if answer.content else {}

    assert tags("PUT", {"properties": {"tags": {"a": "1", "b": "2"}}}) == {"a": "1", "b": "2"}
    assert tags("PATCH", {"operation": "Merge", "properties": {"tags": {"b": "3"}}}) == {"a": "1", "b": "3"}
    assert tags("PATCH", {"operation": "Delete", "properties": {"tags": {"a": ""}}}) == {"b": "3"}
    assert tags("PATCH", {"operation": "Replace", "properties": {"tags": {"c": "4"}}}) == {"c": "4"}
    if scope:
        assert world.get(at, version="2024-07-01" if scope == "account" else RESOURCES)["tags"] == {"c": "4"}
        listed = world.get(f"{world.root}/tagNames", version=RESOURCES)["value"]
        assert "c" in [one["tagName"] for one in listed]
    tags("DELETE")
    assert tags("GET") == {}
    assert world.send("PATCH", path, {"operation": "Frob"}, version=RESOURCES).status_code == 400


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({str(number): "" for number in range(51)}, "TooManyTags"),
        ({"a/b": "c"}, "InvalidTagNameCharacters"),
        ({"n" * 513: "c"}, "InvalidTagName"),
        ({"a": "v" * 257}, "InvalidTagName"),
    ],
)
def test_tags_that_azure_does_not_take(world: World, tags: dict[str, str], code: str) -> None:
    at = f"{world.account}/providers/Microsoft.Resources/tags/default"
    tries = [
        world.send("PATCH", "", {"tags": tags}),
        world.send("PATCH", f"{world.root}/resourceGroups/world", {"tags": tags}, version=RESOURCES),
        world.send("PATCH", at, {"operation": "Merge", "properties": {"tags": tags}}, version=RESOURCES),
    ]
    assert [(one.status_code, one.json()["error"]["code"]) for one in tries] == [(400, code)] * 3
    kept = {"hidden-link:/a/b": "Resource", **{f"t{number}": "v" * 256 for number in range(49)}}
    assert world.done("PATCH", "", {"tags": kept}).json()["tags"] == kept
    more = {"operation": "Merge", "properties": {"tags": {"one": "more"}}}
    assert world.send("PATCH", at, more, version=RESOURCES).json()["error"]["code"] == "TooManyTags"
    world.done("PATCH", "", {"tags": {}})
    longer = world.send("PATCH", world.storage, {"tags": {"n" * 129: ""}}, version="2023-05-01")
    assert longer.json()["error"]["code"] == "InvalidTagName"


def test_templates_are_refused_in_a_sentence_that_says_what_to_do(world: World) -> None:
    path = f"{world.root}/resourceGroups/world/providers/Microsoft.Resources/deployments/one"
    refused = world.send("PUT", path, {"properties": {"mode": "Incremental", "template": {}}}, version=RESOURCES)
    assert (refused.status_code, refused.json()["error"]["code"]) == (501, "TemplateDeploymentsNotSupported")
    assert "Pulumi" in refused.json()["error"]["message"]
    assert world.send("GET", path, version=RESOURCES).json()["error"]["code"] == "DeploymentNotFound"


def test_names_and_places_that_azure_does_not_take(world: World) -> None:
    def refused(method: str, path: str, body: object, version: str = RESOURCES) -> str:
        answer = world.send(method, path, body, version=version)
        assert 400 <= answer.status_code < 500
        return str(answer.json()["error"]["code"])

    groups = f"{world.root}/resourceGroups"
    assert refused("PUT", f"{groups}/ends.", WHERE) == "InvalidResourceGroup"
    assert refused("PUT", f"{groups}/{'a' * 91}", WHERE) == "InvalidResourceGroup"
    assert refused("PUT", f"{groups}/nowhere", {}) == "LocationRequired"
    assert refused("PUT", f"{groups}/nowhere", {"location": "atlantis"}) == "LocationNotAvailableForResourceType"
    assert refused("PUT", f"{groups}/nowhere", {**WHERE, "tags": {"a": {}}}) == "InvalidRequestContent"
    assert refused("PUT", "", {"location": "eastus"}, "2024-07-01") == "InvalidResourceLocation"
    bare = world.http.get(f"{world.local.settings['armEndpoint']}{world.account}", timeout=10)
    assert (bare.status_code, bare.json()["error"]["code"]) == (400, "MissingApiVersionParameter")


def test_changes_can_depend_on_what_the_caller_knows(world: World) -> None:
    body = {"properties": POOL}
    made = world.done("PUT", "pools/conditional", body, If_None_Match="*")
    assert world.send("PUT", "pools/conditional", body, If_None_Match="*").status_code == 412
    etag = made.headers["ETag"]
    assert world.send("PATCH", "pools/conditional", {}, If_Match=etag).status_code == 200
    assert world.send("PATCH", "pools/conditional", {}, If_Match='W/"0x1"').json()["error"]["code"] == "ConditionNotMet"
    assert world.send("PUT", "pools/notthere", body, If_Match="*").status_code == 412


def test_pools_are_listed_filtered_selected_and_a_page_at_a_time(world: World) -> None:
    for name in ("page-a", "page-b", "page-c"):
        world.done("PUT", f"pools/{name}", {"properties": POOL})
    one = world.get("pools?$filter=name eq 'page-b'&$select=properties/vmSize")["value"]
    assert [(pool["name"], list(pool["properties"])) for pool in one] == [("page-b", ["vmSize"])]
    assert {"id", "type", "etag"} <= one[0].keys()
    some = world.get("pools?$filter=startswith(name,'page-') and not (name eq 'page-b')")["value"]
    assert [pool["name"] for pool in some] == ["page-a", "page-c"]
    every, page = [], world.get("pools?maxresults=2")
    while True:
        assert len(page["value"]) <= 2
        every += [pool["name"] for pool in page["value"]]
        if "nextLink" not in page:
            break
        page = world.http.get(page["nextLink"], timeout=10).json()
    assert every == [pool["name"] for pool in world.get("pools")["value"]]
    for query in ("maxresults=0", "maxresults=x", "$filter=frob", "$filter=((((", "$skiptoken=%25"):
        refused = world.send("GET", f"pools?{query}")
        assert refused.status_code == 400, query
        details = {one["code"]: one["message"] for one in refused.json()["error"]["details"]}  # a provider's form (F2)
        assert details["QueryParameterName"] == query.partition("=")[0]
        assert "x-ms-failure-cause" not in refused.headers
    listed = f"{world.storage}/blobServices/default/containers?$maxpagesize=0"
    assert "RequestId:" in world.send("GET", listed, version="2023-05-01").json()["error"]["message"]


def test_waits_are_azures_own_with_recorded_timing_and_a_second_without(world: World, tmp_path: Path) -> None:
    path = f"{world.root}/resourceGroups/world/providers/Microsoft.Batch/batchAccounts/quick1"
    assert world.send("PUT", path, WHERE).headers["Retry-After"] in ("0", "1")
    until(lambda: world.get(path)["properties"]["provisioningState"] == "Succeeded", seconds=1.5)
    local = start_local(tmp_path / "slow", "--timing", "recorded")
    try:
        arm(local, "PUT", GROUP, WHERE)
        assert arm(local, "PUT", ACCOUNT + VERSION, WHERE).headers["Retry-After"] == "15"
        shown = arm(local, "GET", ACCOUNT + VERSION).json()
        assert shown["properties"]["provisioningState"] == "Creating"
    finally:
        batchlocal_command("stop", "--data", str(local.data))


def test_an_operation_is_there_only_in_the_api_versions_that_have_it(world: World) -> None:
    for path, version in (("certificates", "2025-06-01"), ("pools", "2017-05-01"), ("detectors", "2021-06-01")):
        refused = world.send("GET", path, version=version)
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "InvalidResourceType"), path
    assert world.get("certificates", version="2024-07-01")["value"] is not None


OLD = ("2017-05-01", "2017-09-01")


def test_an_api_version_shows_only_what_it_has(world: World) -> None:
    def shown(version: str) -> set[str]:
        return set(world.get("", version=version)["properties"])

    assert {"nodeManagementEndpoint", "allowedAuthenticationModes", "encryption"} <= shown("2024-07-01")
    assert "nodeManagementEndpoint" not in shown("2022-01-01")
    assert "allowedAuthenticationModes" not in shown("2021-01-01")
    assert "encryption" not in shown("2019-08-01")
    assert "dedicatedCoreQuotaPerVMFamily" not in shown("2019-04-01")
    assert {"coreQuota"} <= shown("2017-01-01")
    modes = {version: world.get("", version=version)["properties"]["poolAllocationMode"] for version in OLD}
    assert modes == {"2017-05-01": "batchservice", "2017-09-01": "BatchService"}
    tags = {version: world.send("GET", "", version=version).headers["ETag"] for version in ("2017-01-01", *OLD)}
    assert [tag.startswith('"') for tag in tags.values()] == [False, True, True]
    for version, enforced in (("2020-05-01", False), ("2020-09-01", True), ("2024-07-01", True)):
        account = world.get("", version=version)["properties"]
        assert account["dedicatedCoreQuotaPerVMFamilyEnforced"] is enforced, version
    pool = world.get("pools/pool", version="2020-05-01")["properties"]
    assert pool["maxTasksPerNode"] == world.get("pools/pool")["properties"]["taskSlotsPerNode"]
    refused = world.send("PATCH", "", {"properties": {"networkProfile": {}}}, version="2022-01-01")
    assert refused.json()["error"]["code"] == "InvalidRequestBody"


def test_a_private_link_resource_was_named_like_its_account(world: World) -> None:
    def shown(version: str) -> list[tuple[str, str]]:
        found = world.get("privateLinkResources", version=version)["value"]
        return [(one["name"], *one["properties"]["requiredZoneNames"]) for one in found]

    zone = "privatelink.batch.azure.com"
    name, region = world.account.rsplit("/", 1)[-1], WHERE["location"]
    assert shown("2022-01-01") == [(name, f"privatelink.{region}.batch.azure.com")]
    assert world.get(f"privateLinkResources/{name}", version="2022-01-01")["properties"]["groupId"] == "batchAccount"
    assert shown("2022-06-01") == [("batchAccount", zone)]
    assert shown("2022-10-01") == [("batchAccount", zone), ("nodeManagement", zone)]


def test_an_account_shows_the_perimeter_that_it_is_associated_with(world: World) -> None:
    perimeter = f"{world.root}/resourceGroups/world/providers/Microsoft.Network/networkSecurityPerimeters/fence"
    made = world.done("PUT", perimeter, WHERE, version="2024-07-01").json()
    world.done("PUT", f"{perimeter}/profiles/usual", {"properties": {}}, version="2024-07-01")
    member = {"privateLinkResource": {"id": world.account}, "profile": {"id": f"{perimeter}/profiles/usual"}}
    association = f"{perimeter}/resourceAssociations/member"
    world.done("PUT", association, {"properties": {**member, "accessMode": "Enforced"}}, version="2024-07-01")
    path = f"networkSecurityPerimeterConfigurations/{made['properties']['perimeterGuid']}.member"
    shown = world.get(path)["properties"]
    assert shown["networkSecurityPerimeter"]["id"] == perimeter
    assert shown["resourceAssociation"] == {"name": "member", "accessMode": "Enforced"}
    assert world.send("PUT", association, {"properties": {}}, version="2024-07-01").status_code == 400
    world.done("DELETE", perimeter, version="2024-07-01")
    assert world.send("GET", path).status_code == 404
