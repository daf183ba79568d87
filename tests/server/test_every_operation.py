"""Every operation of Microsoft.Batch: one request that it refuses, and one effect that another operation shows.

An operation without a row fails. What operations answer is checked against their descriptions on the way.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from batchlocal import specs
from tests.server.world import LATEST, NEWEST, POOL, WHERE, World, connect
from tests.support.certificates import PASSWORD, new_certificate
from tests.support.waiting import until

OPERATIONS = {operation.id: operation for operation in specs.operations("Microsoft.Batch", LATEST)}
ELSEWHERE = "/subscriptions/other/providers/Microsoft.Batch"
NOWHERE = "/subscriptions/{subscription}/resourceGroups/nowhere/providers/Microsoft.Batch/batchAccounts/nobody"


class Refused(NamedTuple):
    """A request and how it is refused."""

    method: str
    path: str
    status: int
    code: str
    body: Any = None


Effect = Callable[[World], None]
REFUSED: dict[str, Refused] = {}
EFFECTS: dict[str, Effect] = {}


def row(operation: str, *refused: Any) -> Callable[[Effect], Effect]:
    def register(effect: Effect) -> Effect:
        REFUSED[operation], EFFECTS[operation] = Refused(*refused), effect
        return effect

    return register


def account(world: World, name: str, **properties: Any) -> str:
    path = f"{world.root}/resourceGroups/world/providers/Microsoft.Batch/batchAccounts/{name}"
    world.done("PUT", path, {**WHERE, "properties": properties})
    return path


@row("BatchAccount_Create", "PUT", NOWHERE, 404, "ResourceGroupNotFound", WHERE)
def create_account(world: World) -> None:
    path = account(world, "made1")
    assert world.get(path)["properties"]["provisioningState"] == "Succeeded"


@row("BatchAccount_Update", "PATCH", "", 400, "InvalidRequestBody", {"properties": {"frob": 1}})
def update_account(world: World) -> None:
    world.done("PATCH", "", {"tags": {"team": "render"}})
    assert world.get("")["tags"] == {"team": "render"}


@row("BatchAccount_Delete", "DELETE", NOWHERE, 404, "ResourceGroupNotFound")
def delete_account(world: World) -> None:
    path = account(world, "short1")
    assert world.done("DELETE", path).status_code == 200
    assert world.send("GET", path).json()["error"]["code"] == "AccountNotFound"


@row("BatchAccount_Get", "GET", NOWHERE, 404, "ResourceGroupNotFound")
def get_account(world: World) -> None:
    listed = world.get(f"{world.root}/providers/Microsoft.Batch/batchAccounts")["value"]
    assert world.get("") in listed


@row("BatchAccount_List", "GET", f"{ELSEWHERE}/batchAccounts", 404, "SubscriptionNotFound")
def list_accounts(world: World) -> None:
    path = account(world, "listed1")
    names = [one["id"] for one in world.get(f"{world.root}/providers/Microsoft.Batch/batchAccounts")["value"]]
    assert path in names


@row("BatchAccount_ListByResourceGroup", "GET", NOWHERE.rpartition("/")[0], 404, "ResourceGroupNotFound")
def list_accounts_of_group(world: World) -> None:
    path = account(world, "listed2")
    assert path in [one["id"] for one in world.get(path.rpartition("/")[0])["value"]]


@row("BatchAccount_SynchronizeAutoStorageKeys", "POST", f"{NOWHERE}/syncAutoStorageKeys", 404, "ResourceGroupNotFound")
def synchronize_keys(world: World) -> None:
    before = world.get("")["properties"]["autoStorage"]["lastKeySync"]
    world.done("POST", "syncAutoStorageKeys")
    assert world.get("")["properties"]["autoStorage"]["lastKeySync"] > before


@row("BatchAccount_RegenerateKey", "POST", "regenerateKeys", 400, "InvalidPropertyValue", {"keyName": "Tertiary"})
def regenerate_key(world: World) -> None:
    before = world.done("POST", "listKeys").json()
    world.done("POST", "regenerateKeys", {"keyName": "Secondary"})
    after = world.done("POST", "listKeys").json()
    assert (after["primary"], after["secondary"] == before["secondary"]) == (before["primary"], False)


@row("BatchAccount_GetKeys", "POST", f"{NOWHERE}/listKeys", 404, "ResourceGroupNotFound")
def get_keys(world: World) -> None:
    path = account(world, "keyless1", allowedAuthenticationModes=["AAD"])
    assert world.send("POST", f"{path}/listKeys").status_code == 403
    assert len(base64.b64decode(world.done("POST", "listKeys").json()["primary"])) == 64


@row("BatchAccount_ListDetectors", "GET", f"{NOWHERE}/detectors", 404, "ResourceGroupNotFound")
def list_detectors(world: World) -> None:
    listed = world.get("detectors")["value"]
    assert world.get(f"detectors/{listed[0]['name']}")["id"] == listed[0]["id"]


@row("BatchAccount_GetDetector", "GET", "detectors/nothing", 404, "DetectorNotFound")
def get_detector(world: World) -> None:
    found = json.loads(base64.b64decode(world.get("detectors/poolsAndNodes")["properties"]["value"]))
    assert "pool" in [line[0] for line in found["dataset"][0]["table"]["rows"]]


@row(
    "BatchAccount_ListOutboundNetworkDependenciesEndpoints",
    *("GET", f"{NOWHERE}/outboundNetworkDependenciesEndpoints", 404, "ResourceGroupNotFound"),
)
def list_outbound(world: World) -> None:
    endpoint = world.get("")["properties"]["accountEndpoint"].partition("/")[0]
    first = world.get("outboundNetworkDependenciesEndpoints")["value"][0]["endpoints"][0]
    assert f"{first['domainName']}:{first['endpointDetails'][0]['port']}" == endpoint


@row("Application_Create", "PUT", "applications/bad.name", 400, "InvalidPropertyValue", {})
def create_application(world: World) -> None:
    world.done("PUT", "applications/made", {"properties": {"displayName": "Made"}})
    assert world.get("applications/made")["properties"]["displayName"] == "Made"


@row("Application_Update", "PATCH", "applications/none", 404, "ApplicationNotFound", {})
def update_application(world: World) -> None:
    world.done("PATCH", "applications/tool", {"properties": {"allowUpdates": True, "displayName": "Tool"}})
    assert world.get("applications")["value"][-1]["properties"]["displayName"] == "Tool"


@row("Application_Get", "GET", "applications/none", 404, "ApplicationNotFound")
def get_application(world: World) -> None:
    assert world.get("applications/tool") in world.get("applications")["value"]


@row("Application_List", "GET", f"{NOWHERE}/applications", 404, "ResourceGroupNotFound")
def list_applications(world: World) -> None:
    world.done("PUT", "applications/alist", {})
    assert "alist" in [one["name"] for one in world.get("applications")["value"]]


@row("Application_Delete", "DELETE", "applications/tool", 409, "ApplicationPackagesNotEmpty")
def delete_application(world: World) -> None:
    world.done("PUT", "applications/gone", {})
    assert world.done("DELETE", "applications/gone").status_code == 200
    assert world.send("GET", "applications/gone").status_code == 404


@row("ApplicationPackage_Create", "PUT", "applications/none/versions/1", 404, "ApplicationNotFound", {})
def create_package(world: World) -> None:
    world.done("PUT", "applications/tool/versions/2.0", {})
    assert world.get("applications/tool/versions/2.0")["properties"]["state"] == "Pending"


@row(
    "ApplicationPackage_Activate",
    *("POST", "applications/tool/versions/none/activate", 404, "ApplicationPackageNotFound", {"format": "zip"}),
)
def activate_package(world: World) -> None:
    before = world.get("applications/tool/versions/1.0")["properties"]["lastActivationTime"]
    world.done("POST", "applications/tool/versions/1.0/activate", {"format": "zip"})
    assert world.get("applications/tool/versions/1.0")["properties"]["lastActivationTime"] > before


@row("ApplicationPackage_Get", "GET", "applications/tool/versions/none", 404, "ApplicationPackageNotFound")
def get_package(world: World) -> None:
    url = world.get("applications/tool/versions/1.0")["properties"]["storageUrl"]
    read = world.http.get(url, headers={"Authorization": None}, timeout=30)
    assert read.content[:2] == b"PK"


@row("ApplicationPackage_List", "GET", "applications/none/versions", 404, "ApplicationNotFound")
def list_packages(world: World) -> None:
    world.done("PUT", "applications/tool/versions/3.0", {})
    assert "3.0" in [one["name"] for one in world.get("applications/tool/versions")["value"]]


@row("ApplicationPackage_Delete", "DELETE", "applications/none/versions/1", 404, "ApplicationNotFound")
def delete_package(world: World) -> None:
    world.done("PUT", "applications/tool/versions/4.0", {})
    assert world.done("DELETE", "applications/tool/versions/4.0").status_code == 200
    assert world.send("GET", "applications/tool/versions/4.0").status_code == 404


LOCATION = "/subscriptions/{subscription}/providers/Microsoft.Batch/locations/westeurope"
NO_LOCATION = f"{ELSEWHERE}/locations/westeurope"


@row("Location_GetQuotas", "GET", f"{NO_LOCATION}/quotas", 404, "SubscriptionNotFound")
def get_quotas(world: World) -> None:
    quota = world.get(f"{world.root}/providers/Microsoft.Batch/locations/westeurope/quotas")["accountQuota"]
    assert quota >= len(world.get(f"{world.root}/providers/Microsoft.Batch/batchAccounts")["value"])


@row(
    "Location_ListSupportedVirtualMachineSkus", "GET", f"{NO_LOCATION}/virtualMachineSkus", 404, "SubscriptionNotFound"
)
def list_skus(world: World) -> None:
    path = f"{world.root}/providers/Microsoft.Batch/locations/westeurope/virtualMachineSkus"
    families = {one["familyName"] for one in world.get(path)["value"]}
    shown = world.get("")["properties"]["dedicatedCoreQuotaPerVMFamily"]
    assert families & {one["name"] for one in shown}


@row(
    "Location_CheckNameAvailability",
    *("POST", f"{NO_LOCATION}/checkNameAvailability", 404, "SubscriptionNotFound"),
    {"name": "a", "type": "Microsoft.Batch/batchAccounts"},
)
def check_name(world: World) -> None:
    path = f"{world.root}/providers/Microsoft.Batch/locations/westeurope/checkNameAvailability"
    body = {"type": "Microsoft.Batch/batchAccounts"}
    assert world.done("POST", path, {**body, "name": "worldaccount"}).json()["reason"] == "AlreadyExists"
    assert world.done("POST", path, {**body, "name": "free1"}).json() == {"nameAvailable": True}


@row("Operations_List", "POST", "/providers/Microsoft.Batch/operations", 405, "MethodNotAllowed")
def list_operations(world: World) -> None:
    named = {one["name"]: one["isDataAction"] for one in world.get("/providers/Microsoft.Batch/operations")["value"]}
    assert named["Microsoft.Batch/batchAccounts/listKeys/action"] is False
    assert named["Microsoft.Batch/batchAccounts/jobs/write"] is True


@row("PrivateLinkResource_ListByBatchAccount", "GET", f"{NOWHERE}/privateLinkResources", 404, "ResourceGroupNotFound")
def list_links(world: World) -> None:
    groups = [one["properties"]["groupId"] for one in world.get("privateLinkResources")["value"]]
    assert world.get(f"privateEndpointConnections/{world.connection}")["properties"]["groupIds"][0] in groups


@row("PrivateLinkResource_Get", "GET", "privateLinkResources/none", 404, "PrivateLinkResourceNotFound")
def get_link(world: World) -> None:
    assert world.get("privateLinkResources/batchAccount") in world.get("privateLinkResources")["value"]


CONNECTIONS = "privateEndpointConnections"


@row("PrivateEndpointConnection_ListByBatchAccount", "GET", f"{NOWHERE}/{CONNECTIONS}", 404, "ResourceGroupNotFound")
def list_connections(world: World) -> None:
    assert world.get(CONNECTIONS)["value"] == world.get("")["properties"][CONNECTIONS]


@row("PrivateEndpointConnection_Get", "GET", f"{CONNECTIONS}/none", 404, "PrivateEndpointConnectionNotFound")
def get_connection(world: World) -> None:
    assert world.get(f"{CONNECTIONS}/{world.connection}") in world.get("")["properties"][CONNECTIONS]


@row("PrivateEndpointConnection_Update", "PATCH", f"{CONNECTIONS}/none", 404, "PrivateEndpointConnectionNotFound", {})
def update_connection(world: World) -> None:
    path = f"{CONNECTIONS}/{world.connection}"
    state = {"privateLinkServiceConnectionState": {"status": "Approved", "description": "welcome"}}
    answer = world.send("PATCH", path, {"properties": state})
    assert (answer.status_code, answer.json()["properties"]["provisioningState"]) == (202, "Updating")
    assert world.done("PATCH", path, {"properties": state}).json() == {"status": "Succeeded", "retryAfter": 0}
    shown = {one["name"]: one["properties"] for one in world.get("")["properties"][CONNECTIONS]}
    assert shown[world.connection]["privateLinkServiceConnectionState"]["status"] == "Approved"
    assert world.send("PATCH", path, {"properties": {}}).status_code == 400


@row("PrivateEndpointConnection_Delete", "DELETE", f"{NOWHERE}/{CONNECTIONS}/one", 404, "ResourceGroupNotFound")
def delete_connection(world: World) -> None:
    name = connect(world, "spare")
    assert world.done("DELETE", f"{CONNECTIONS}/{name}").json()["status"] == "Succeeded"
    assert name not in [one["name"] for one in world.get("")["properties"][CONNECTIONS]]
    assert world.send("DELETE", f"{CONNECTIONS}/{name}").status_code == 204


@row("Pool_Create", "PUT", "pools/p2", 400, "InvalidRequestBody", {"properties": {"vmSize": {}}})
def create_pool(world: World) -> None:
    world.done("PUT", "pools/made", {"properties": POOL})
    assert world.get("pools/made")["properties"]["vmSize"].upper() == "STANDARD_D2S_V3"


def test_pools_that_could_have_no_nodes_are_refused(world: World) -> None:
    def refused(name: str, properties: dict[str, Any]) -> tuple[int, str, dict[str, str]]:
        answer = world.send("PUT", f"pools/{name}", {"properties": properties})
        error = answer.json()["error"]
        return answer.status_code, error["code"], {one["code"]: one["message"] for one in error.get("details", [])}

    for name in ("a b", "a.b", "a" * 65):
        assert refused(name, POOL)[:2] == (400, "InvalidPropertyValue"), name
    for missing in ("vmSize", "deploymentConfiguration"):
        without = {name: value for name, value in POOL.items() if name != missing}
        status, code, details = refused("partial", without)
        assert (status, code) == (400, "InvalidRequestBody")
        assert missing in details["Reason"]
    packages = [{"id": f"{world.account}/applications/tool", "version": "none"}]
    status, code, details = refused("unpacked", {**POOL, "applicationPackages": packages})
    assert (status, code) == (409, "InvalidApplicationPackageReferences")
    assert details["tool"] == "The specified application package does not exist."
    subnet = "/subscriptions/other/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/s"
    assert refused("elsewhere", {**POOL, "networkConfiguration": {"subnetId": subnet}})[0] == 400
    assert world.send("GET", "pools/unpacked").status_code == 404


@row("Pool_Update", "PATCH", "pools/none", 404, "PoolNotFound", {})
def update_pool(world: World) -> None:
    world.done("PATCH", "pools/pool", {"properties": {"metadata": [{"name": "a", "value": "b"}]}})
    assert world.get("pools/pool")["properties"]["metadata"] == [{"name": "a", "value": "b"}]


@row("Pool_Get", "GET", "pools/none", 404, "PoolNotFound")
def get_pool(world: World) -> None:
    assert world.get("pools/pool")["name"] in [one["name"] for one in world.get("pools")["value"]]


@row("Pool_ListByBatchAccount", "GET", f"{NOWHERE}/pools", 404, "ResourceGroupNotFound")
def list_pools(world: World) -> None:
    world.done("PUT", "pools/listed", {"properties": POOL})
    assert "listed" in [one["name"] for one in world.get("pools")["value"]]


@row("Pool_Delete", "DELETE", f"{NOWHERE}/pools/p", 404, "ResourceGroupNotFound")
def delete_pool(world: World) -> None:
    world.done("PUT", "pools/gone", {"properties": POOL})
    assert world.done("DELETE", "pools/gone").status_code == 200
    assert world.send("GET", "pools/gone").json()["error"]["code"] == "PoolNotFound"
    assert world.send("DELETE", "pools/gone").status_code == 204


@row("Pool_DisableAutoScale", "POST", "pools/none/disableAutoScale", 404, "PoolNotFound")
def disable_auto_scale(world: World) -> None:
    scale = {"scaleSettings": {"autoScale": {"formula": "$TargetDedicatedNodes=0;"}}}
    world.done("PUT", "pools/scaled", {"properties": {**POOL, **scale}})
    until(lambda: world.get("pools/scaled")["properties"]["allocationState"] == "Steady")
    world.done("POST", "pools/scaled/disableAutoScale")
    assert "fixedScale" in world.get("pools/scaled")["properties"]["scaleSettings"]


@row("Pool_StopResize", "POST", "pools/none/stopResize", 404, "PoolNotFound")
def stop_resize(world: World) -> None:
    fixed = {"scaleSettings": {"fixedScale": {"targetDedicatedNodes": 50}}}
    world.done("PUT", "pools/stopped", {"properties": {**POOL, **fixed}})
    assert world.done("POST", "pools/stopped/stopResize").status_code == 200
    until(lambda: world.get("pools/stopped")["properties"]["allocationState"] == "Steady")
    world.done("DELETE", "pools/stopped")


def certificate(world: World, name: str) -> tuple[str, dict[str, Any]]:
    """A certificate of its own in the account; its path and what was sent."""
    made = new_certificate(name)
    sent = {"properties": {"data": made.pfx, "password": PASSWORD, "format": "Pfx"}}
    path = f"certificates/SHA1-{made.thumbprint}"
    assert world.done("PUT", path, sent).status_code == 200
    return path, sent


NO_DATA = {"properties": {"data": "AA=="}}


@row("Certificate_Create", "PUT", f"certificates/sha1-{'a' * 40}", 400, "InvalidPropertyValue", NO_DATA)
def create_certificate(world: World) -> None:
    path, _ = certificate(world, "created")
    found = world.get(path)
    assert found["name"] == path.rpartition("/")[2].lower()
    assert not {"data", "password"} & found["properties"].keys()
    assert found in world.get("certificates")["value"]


@row("Certificate_Update", "PATCH", "certificates/sha1-none", 404, "CertificateNotFound", NO_DATA)
def update_certificate(world: World) -> None:
    path, sent = certificate(world, "updated")
    before = world.get(path)
    assert world.done("PATCH", path, sent).json()["etag"] == before["etag"]
    assert world.get(path) == before


@row("Certificate_Get", "GET", "certificates/sha1-none", 404, "CertificateNotFound")
def get_certificate(world: World) -> None:
    path, _ = certificate(world, "got")
    der = base64.b64decode(world.get(path)["properties"]["publicData"])
    assert x509.load_der_x509_certificate(der).fingerprint(hashes.SHA1()).hex() in path


@row("Certificate_ListByBatchAccount", "GET", f"{NOWHERE}/certificates", 404, "ResourceGroupNotFound")
def list_certificates(world: World) -> None:
    path, _ = certificate(world, "listed")
    name = path.rpartition("/")[2].lower()
    listed = world.get(f"certificates?$filter=name eq '{name}'&$select=properties/format")["value"]
    assert [one["properties"] for one in listed] == [{"format": "Pfx"}]


@row("Certificate_Delete", "DELETE", f"{NOWHERE}/certificates/sha1-none", 404, "ResourceGroupNotFound")
def delete_certificate(world: World) -> None:
    path, _ = certificate(world, "gone")
    assert world.done("DELETE", path).status_code == 200
    assert world.send("GET", path).json()["error"]["code"] == "CertificateNotFound"
    assert world.send("DELETE", path).status_code == 204


@row("Certificate_CancelDeletion", "POST", "certificates/sha1-none/cancelDelete", 404, "CertificateNotFound")
def cancel_deletion(world: World) -> None:
    path, _ = certificate(world, "kept")
    assert world.done("POST", f"{path}/cancelDelete").json() == world.get(path)
    world.send("DELETE", path)
    assert world.send("POST", f"{path}/cancelDelete").json()["error"]["code"] == "CertificateBeingDeleted"


PERIMETERS = "networkSecurityPerimeterConfigurations"
NO_PERIMETER = "NetworkSecurityPerimeterConfigurationNotFound"


@row("NetworkSecurityPerimeter_ListConfigurations", "GET", f"{NOWHERE}/{PERIMETERS}", 404, "ResourceGroupNotFound")
def list_perimeters(world: World) -> None:
    assert world.configuration in [one["name"] for one in world.get(PERIMETERS)["value"]]


@row("NetworkSecurityPerimeter_GetConfiguration", "GET", f"{PERIMETERS}/none", 404, NO_PERIMETER)
def get_perimeter(world: World) -> None:
    assert world.get(f"{PERIMETERS}/{world.configuration}") in world.get(PERIMETERS)["value"]


@row("NetworkSecurityPerimeter_ReconcileConfiguration", "POST", f"{PERIMETERS}/none/reconcile", 404, NO_PERIMETER)
def reconcile(world: World) -> None:
    path = f"{PERIMETERS}/{world.configuration}"
    answer = world.send("POST", f"{path}/reconcile")
    assert answer.status_code == 202
    assert world.get(path)["properties"]["provisioningState"] == "Accepted"
    until(lambda: world.http.get(answer.headers["Location"], timeout=30).status_code == 200)
    assert world.get(path)["properties"]["provisioningState"] == "Succeeded"


def test_every_operation_has_a_row() -> None:
    assert REFUSED.keys() == OPERATIONS.keys()


@pytest.mark.parametrize("operation", REFUSED)
def test_what_it_refuses(world: World, operation: str) -> None:
    method, path, status, code, body = REFUSED[operation]
    answer = world.send(method, path.replace("{subscription}", world.local.subscription), body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


Worlds = Callable[[str], World]


@pytest.mark.parametrize(
    ("version", "operation"),
    [(version, one.id) for version in (LATEST, NEWEST) for one in specs.operations("Microsoft.Batch", version)],
)
def test_what_it_does(world_of: Worlds, version: str, operation: str) -> None:
    world = world_of(version)
    EFFECTS[operation](world)
    done = {status for status in world.seen.statuses[world.version, operation] if status < 400}
    described = specs.table_for("Microsoft.Batch", world.version).operation(operation)
    assert done
    if described.long_running:
        assert 202 in done


ISSUE = ("description", "issueType", "severity", "suggestedAccessRules", "suggestedResourceIds")
# Properties that only the service sets and that no answer here shows: why.
NOT_SHOWN = {
    "BatchAccountIdentity.principalId": "system-assigned identities",
    "BatchAccountIdentity.tenantId": "system-assigned identities",
    "BatchAccountProperties.keyVaultReference": "pools in the user's subscription",
    "CertificateProperties.deleteCertificateError": "a deletion that failed",
    "CertificateProperties.previousProvisioningState": "a deletion that failed",
    "CertificateProperties.previousProvisioningStateTransitionTime": "a deletion that failed",
    "DetectorResponse.etag": "not in the description's example",
    "NetworkSecurityPerimeterConfiguration.systemData": "not in the description's example",
    "PoolProperties.currentNodeCommunicationMode": "pools with nodes",
    "PrivateLinkResource.etag": "not in the description's example",
    "SupportedSku.batchSupportEndOfLife": "sizes that are about to be retired",
    **{f"ProvisioningIssueProperties.{name}": "a perimeter with issues" for name in ISSUE},
    "ProvisioningIssue.name": "a perimeter with issues",
}


READ = [
    *("", "applications/tool", "applications", "applications/tool/versions/1.0", "applications/tool/versions"),
    *("/subscriptions/{subscription}/providers/Microsoft.Batch/batchAccounts", "detectors", "detectors/poolsAndNodes"),
    *("outboundNetworkDependenciesEndpoints", f"{LOCATION}/quotas", f"{LOCATION}/virtualMachineSkus", PERIMETERS),
    *("/providers/Microsoft.Batch/operations", "pools/scaling", "pools", CONNECTIONS, "privateLinkResources"),
]


@pytest.mark.parametrize("version", [LATEST, NEWEST])
def test_what_only_the_service_sets_is_shown(world_of: Worlds, version: str) -> None:
    world = world_of(version)
    table = specs.table_for("Microsoft.Batch", world.version)
    scale = {"scaleSettings": {"autoScale": {"formula": "$TargetDedicatedNodes=0;"}}}
    world.done("PUT", "pools/scaling", {"properties": {**POOL, **scale}})
    if version == LATEST:
        certificate(world, "shown")
        world.get("certificates")
    ask_for_all(world)
    names = {name for one in table.operations for name in one.responses.values() if name}
    described = {name for schema in map(table.schema, names) for name in service_sets(schema)}
    missing = sorted(described - world.seen.properties[version] - NOT_SHOWN.keys())
    assert not missing, " ".join(missing)


def ask_for_all(world: World) -> None:
    """Every operation that shows something, on an account that has everything."""
    group, me = f"{world.root}/resourceGroups/world/providers", "Microsoft.ManagedIdentity/userAssignedIdentities/me"
    world.done("PUT", f"{group}/{me}", WHERE, version="2023-01-31")
    world.done(
        "PATCH",
        "",
        {"tags": {"a": "b"}, "identity": {"type": "UserAssigned", "userAssignedIdentities": {f"{group}/{me}": {}}}},
    )
    world.done("POST", "listKeys")
    location = LOCATION.replace("{subscription}", world.local.subscription)
    world.done(
        "POST", f"{location}/checkNameAvailability", {"name": "worldaccount", "type": "Microsoft.Batch/batchAccounts"}
    )
    for path in READ:
        world.get(path.replace("{subscription}", world.local.subscription))
    world.get(f"{location}/virtualMachineSkus?maxresults=1")


def service_sets(schema: specs.Schema, above: tuple[specs.Schema, ...] = ()) -> Iterator[str]:
    """``Schema.property`` of everything below a schema that only the service sets."""
    if schema in above:
        return
    for inner in (schema.items, schema.additional):
        if inner is not None:
            yield from service_sets(inner, (*above, schema))
    for one in schema.properties.values():
        if one.read_only:
            yield f"{schema.name}.{one.name}"
        yield from service_sets(one.schema, (*above, schema))


PAGED = {
    "Application_List": "applications",
    "ApplicationPackage_List": "applications/tool/versions",
    "Certificate_ListByBatchAccount": "certificates",
    "Location_ListSupportedVirtualMachineSkus": f"{LOCATION}/virtualMachineSkus",
    "Pool_ListByBatchAccount": "pools",
    "PrivateEndpointConnection_ListByBatchAccount": CONNECTIONS,
    "PrivateLinkResource_ListByBatchAccount": "privateLinkResources",
}


def test_lists_that_take_maxresults_come_in_pages(world: World) -> None:
    certificate(world, "pagea"), certificate(world, "pageb")
    connected = connect(world, "second")
    world.done("PUT", "applications/another", {})
    world.done("PUT", "applications/tool/versions/9.0", {})
    world.done("PUT", "pools/another", {"properties": POOL})
    for operation, path in PAGED.items():
        path = path.replace("{subscription}", world.local.subscription)
        whole = [one["name"] for one in world.get(path)["value"]]
        assert len(whole) > 1, operation
        assert list(page_by_page(world, f"{path}?maxresults=1")) == whole, operation
        assert world.send("GET", f"{path}?maxresults=none").status_code == 400, operation
    world.done("DELETE", f"{CONNECTIONS}/{connected}")


def page_by_page(world: World, path: str) -> Iterator[str]:
    """The names in a list, one a page."""
    page = world.get(path)
    while True:
        (one,) = page["value"]
        yield one["name"]
        if "nextLink" not in page:
            return
        answer = world.http.get(page["nextLink"], timeout=30)
        assert answer.status_code == 200, answer.text
        page = answer.json()


def test_applications_had_another_form_before_2018_12_01(world: World) -> None:
    old = "2017-09-01"
    made = world.send("PUT", "applications/flat", {"allowUpdates": False, "displayName": "Flat"}, version=old)
    assert made.status_code == 201
    world.done("PUT", "applications/flat/versions/1", {})
    found = world.get("applications/flat", version=old)
    assert (found["id"], found["displayName"], found["allowUpdates"]) == ("flat", "Flat", False)
    assert found["packages"] == [{"version": "1", "state": "pending"}]
    assert world.send("PATCH", "applications/flat", {"displayName": "Even"}, version=old).status_code == 204
    assert world.get("applications/flat")["properties"]["displayName"] == "Even"
    assert world.send("PATCH", "applications/flat", {"properties": {}}, version=old).status_code == 400
    package = world.get("applications/flat/versions/1", version=old)
    assert (package["id"], package["version"], package["state"]) == ("flat", "1", "pending")
    answer = world.send("GET", "", version="2017-01-01")
    assert answer.headers["ETag"].startswith("0x")
    assert answer.json()["properties"]["poolAllocationMode"] == "batchservice"
