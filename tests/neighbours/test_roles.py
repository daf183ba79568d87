"""Roles bind at ARM and at the Batch service ("Role-based access control for Azure Batch service")."""

from __future__ import annotations

import uuid

import pytest

from tests.control.conftest import MACHINE
from tests.neighbours.conftest import WHERE, Caller, Other

BATCH = {"version": "2024-07-01"}
LOGS = "Microsoft.OperationalInsights/workspaces/logs"
NET, IDENTITY = "Microsoft.Network/virtualNetworks/net", "Microsoft.ManagedIdentity/userAssignedIdentities/me"
SUBNET = {"name": "nodes", "properties": {"addressPrefix": "10.20.0.0/24"}}
SPACE = {"addressSpace": {"addressPrefixes": ["10.20.0.0/16"]}, "subnets": [SUBNET]}
JOB = {"id": "job", "poolInfo": {"poolId": "none"}}
TASK = {"id": "task", "commandLine": "true"}


@pytest.fixture(scope="module")
def shared(everyone: Caller) -> str:
    """The id of an account with one job."""
    account = everyone.account()
    assert everyone.service("POST", name_of(account), "jobs", JOB).status_code == 201
    return account


def name_of(account: str) -> str:
    return account.rsplit("/", 1)[-1]


def with_role(everyone: Caller, role: str, scope: str) -> Other:
    other = everyone.another()
    everyone.grant(other.object_id, role, scope)
    return other


def add_task(caller: Caller, account: str) -> int:
    return caller.service("POST", name_of(account), "jobs/job/tasks", {**TASK, "id": uuid.uuid4().hex}).status_code


def test_a_principal_without_roles_may_do_nothing_and_is_told_what_it_lacks(everyone: Caller, shared: str) -> None:
    stranger = everyone.another()
    answer = stranger.send("GET", shared, **BATCH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "AuthorizationFailed")
    client, wanted = stranger.client[0], "does not have authorization to perform action"
    said = f"The client '{client}' with object id '{stranger.object_id}' {wanted} 'Microsoft.Batch/batchAccounts/read'"
    assert said in answer.json()["error"]["message"]
    assert f"over scope '{shared}'" in answer.json()["error"]["message"]
    assert stranger.send("GET", "/subscriptions").ok
    refused = stranger.service("GET", name_of(shared), "jobs")
    assert (refused.status_code, refused.json()["code"]) == (403, "PermissionDenied")
    assert "data action 'Microsoft.Batch/batchAccounts/jobs/read'" in refused.json()["values"][0]["value"]


def test_a_refused_write_stands_in_the_activity_log(everyone: Caller, shared: str) -> None:
    stranger = everyone.another()
    assert stranger.send("PATCH", shared, {"tags": {}}, **BATCH).status_code == 403
    events = f"/subscriptions/{everyone.local.subscription}/providers/Microsoft.Insights/eventtypes/management/values"
    found = everyone.send("GET", f"{events}?$filter=caller eq '{stranger.object_id}'", version="2015-04-01").json()
    assert [event["operationName"]["value"] for event in found["value"]] == ["Microsoft.Batch/batchAccounts/write"]
    assert found["value"][0]["subStatus"]["value"] == "Forbidden"


def test_an_owner_without_data_actions_cannot_add_a_task(everyone: Caller, shared: str) -> None:
    owner = with_role(everyone, "Owner", shared)
    assert owner.send("GET", shared, **BATCH).ok
    assert owner.service("GET", name_of(shared), "pools").ok
    assert add_task(owner, shared) == 403
    assert owner.service("GET", name_of(shared), "jobs").status_code == 403


def test_a_job_submitter_adds_tasks_and_cannot_touch_pools(everyone: Caller, shared: str) -> None:
    submitter = with_role(everyone, "Azure Batch Job Submitter", shared)
    assert add_task(submitter, shared) == 201
    assert submitter.service("GET", name_of(shared), "pools").ok
    for method, path, body in (
        ("POST", "pools", {"id": "p", "vmSize": "standard_d2s_v3"}),
        ("POST", "pools/none/resize", {"targetDedicatedNodes": 1}),
        ("DELETE", "pools/none", None),
    ):
        assert submitter.service(method, name_of(shared), path, body).status_code == 403
    assert submitter.send("GET", shared, **BATCH).status_code == 403
    assert submitter.send("POST", f"{shared}/listKeys", **BATCH).status_code == 403


def test_a_job_that_makes_its_own_pool_needs_to_write_pools(everyone: Caller, shared: str) -> None:
    specification = {"poolLifetimeOption": "job", "pool": {"vmSize": "standard_d2s_v3", "targetDedicatedNodes": 0}}
    job = {"id": "auto", "poolInfo": {"autoPoolSpecification": specification}}
    submitter = with_role(everyone, "Azure Batch Job Submitter", shared)
    assert submitter.service("POST", name_of(shared), "jobs", job).status_code == 403
    contributor = with_role(everyone, "Azure Batch Data Contributor", shared)
    assert contributor.service("POST", name_of(shared), "jobs", job).status_code != 403


def test_a_reader_reads_at_both_planes_and_changes_nothing(everyone: Caller, shared: str) -> None:
    reader = with_role(everyone, "Azure Batch Account Reader", shared)
    assert reader.send("GET", shared, **BATCH).ok
    assert reader.service("GET", name_of(shared), "jobs/job").ok
    assert add_task(reader, shared) == 403
    assert reader.service("DELETE", name_of(shared), "jobs/job").status_code == 403
    assert reader.send("PATCH", shared, {"tags": {}}, **BATCH).status_code == 403


def test_a_contributor_of_the_group_makes_resources_there_but_gives_nobody_access(owner: Caller) -> None:
    contributor = with_role(owner, "Contributor", owner.scope)
    assert contributor.send("PUT", LOGS, WHERE).status_code == 201
    path = f"{owner.scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    assert contributor.send("PUT", path, {"properties": {}}).status_code == 403
    elsewhere = f"{owner.scope}x"
    assert contributor.send("GET", elsewhere, version="2024-03-01").status_code == 403


def test_an_assignment_holds_at_once_and_ends_at_once(owner: Caller) -> None:
    owner.put(LOGS)
    other = owner.another()
    assert other.send("GET", LOGS).status_code == 403
    assignment = owner.grant(other.object_id, "Reader", owner.path(LOGS))
    assert other.send("GET", LOGS).ok
    assert owner.send("DELETE", assignment).status_code == 200
    assert other.send("GET", LOGS).status_code == 403


def test_a_group_passes_its_roles_on_to_who_is_in_it(owner: Caller) -> None:
    owner.put(LOGS)
    team = str(uuid.uuid4())
    member, outsider = owner.another(groups=[team]), owner.another()
    owner.grant(team, "Reader", owner.scope)
    assert member.send("GET", LOGS).ok
    assert outsider.send("GET", LOGS).status_code == 403


def test_a_custom_role_allows_what_it_says_and_stays_while_somebody_has_it(owner: Caller) -> None:
    owner.put(LOGS)
    scope = f"/subscriptions/{owner.local.subscription}"
    path = f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{uuid.uuid4()}"
    name = f"Keys {uuid.uuid4()}"
    permissions = [{"actions": ["Microsoft.OperationalInsights/workspaces/sharedKeys/action"]}]
    owner.put(path, {"properties": {"roleName": name, "permissions": permissions, "assignableScopes": [scope]}})
    other = owner.another()
    assignment = owner.grant(other.object_id, name, owner.scope)
    assert other.send("POST", f"{LOGS}/sharedKeys").ok
    assert other.send("GET", LOGS).status_code == 403
    assert owner.refused("DELETE", path) == (400, "RoleDefinitionHasAssignments")
    owner.send("DELETE", assignment)
    assert owner.send("DELETE", path).status_code == 200


def test_assignments_are_checked(owner: Caller) -> None:
    root = f"{owner.scope}/providers/Microsoft.Authorization"
    reader = f"{root}/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
    principal, name = str(uuid.uuid4()), str(uuid.uuid4())
    body = {"properties": {"principalId": principal, "roleDefinitionId": reader}}
    made = owner.put(f"{root}/roleAssignments/{name}", body)["properties"]
    assert made["scope"] == owner.scope
    other_name = f"{root}/roleAssignments/{uuid.uuid4()}"
    assert owner.refused("PUT", other_name, body) == (409, "RoleAssignmentExists")
    changed = {"properties": {**body["properties"], "principalId": str(uuid.uuid4())}}
    assert owner.refused("PUT", f"{root}/roleAssignments/{name}", changed) == (400, "RoleAssignmentUpdateNotPermitted")
    unknown = {"properties": {**body["properties"], "roleDefinitionId": f"{root}/roleDefinitions/{uuid.uuid4()}"}}
    assert owner.refused("PUT", other_name, unknown) == (400, "RoleDefinitionDoesNotExist")
    assert owner.refused("PUT", f"{root}/roleAssignments/reader", body) == (400, "InvalidRoleAssignmentId")


def test_assignments_are_listed_by_scope_and_principal(owner: Caller) -> None:
    owner.put(LOGS)
    here, below = owner.another(), owner.another()
    owner.grant(here.object_id, "Reader", owner.scope)
    owner.grant(below.object_id, "Reader", owner.path(LOGS))

    def listed(scope: str, filter_: str) -> list[str]:
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments?$filter={filter_}"
        return [one["properties"]["principalId"] for one in owner.send("GET", path).json()["value"]]

    assert {here.object_id, below.object_id} <= set(listed(owner.scope, ""))
    assert below.object_id not in listed(owner.scope, "atScope()")
    assert here.object_id in listed(owner.path(LOGS), "atScope()")
    assert listed(owner.scope, f"principalId eq '{below.object_id}'") == [below.object_id]


POOL = {
    "vmSize": "Standard_D2s_v3",
    "deploymentConfiguration": {"virtualMachineConfiguration": MACHINE},
    "scaleSettings": {"fixedScale": {"targetDedicatedNodes": 0}},
}


def test_what_a_pool_refers_to_at_arm_is_asked_too(owner: Caller) -> None:
    """LinkedAuthorizationFailed: joining a subnet, assigning an identity (Azure/aad-pod-identity#613)."""
    account = owner.account()
    network = owner.put(NET, {**WHERE, "properties": SPACE})
    subnet, identity = network["properties"]["subnets"][0]["id"], owner.path(IDENTITY)
    owner.put(identity, WHERE)
    other = with_role(owner, "Azure Batch Account Contributor", account)
    joining = {"properties": {**POOL, "networkConfiguration": {"subnetId": subnet}}}
    assigning = {"properties": POOL, "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}}
    lacking = (403, "LinkedAuthorizationFailed")
    assert other.refused("PUT", f"{account}/pools/joining", joining, **BATCH) == lacking
    refused = other.send("PUT", f"{account}/pools/assigning", assigning, **BATCH).json()["error"]["message"]
    assert "'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'" in refused
    assert f"on the linked scope(s) '{identity}'" in refused
    own = {"identity": assigning["identity"]}
    assert other.refused("PATCH", account, own, **BATCH) == lacking
    owner.grant(other.object_id, "Network Contributor", subnet)
    owner.grant(other.object_id, "Managed Identity Operator", identity)
    assert other.send("PUT", f"{account}/pools/joining", joining, **BATCH).ok
    assert other.send("PUT", f"{account}/pools/assigning", assigning, **BATCH).ok
    assert other.send("PATCH", account, own, **BATCH).ok


def test_what_a_pool_refers_to_at_the_service_is_asked_too(owner: Caller) -> None:
    """InsufficientPermissions (microsoft/CromwellOnAzure#450; live tests of Azure's .NET SDK)."""
    account = owner.account()
    subnet = owner.put(NET, {**WHERE, "properties": SPACE})["properties"]["subnets"][0]["id"]
    gallery = f"{owner.scope}/providers/Microsoft.Compute/galleries/g/images/i/versions/1.0.0"
    other = with_role(owner, "Azure Batch Data Contributor", account)
    machine = {"imageReference": {"virtualMachineImageId": gallery}, "nodeAgentSKUId": "batch.node.ubuntu 24.04"}
    pool = {"id": "p", "vmSize": "standard_d2s_v3", "targetDedicatedNodes": 0, "virtualMachineConfiguration": machine}

    def refused(path: str, body: dict[str, object]) -> str:
        answer = other.service("POST", name_of(account), path, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "InsufficientPermissions"), answer.text
        return str(answer.json()["values"][0]["value"])

    assert f"privelege Microsoft.Compute/galleries/images/versions/read on the specified resource {gallery}" in refused(
        "pools", pool
    )
    owner.grant(other.object_id, "Reader", owner.scope)
    joining = {**pool, "networkConfiguration": {"subnetId": subnet}}
    assert "Microsoft.Network/virtualNetworks/subnets/join/action" in refused("pools", joining)
    automatic = {"poolLifetimeOption": "job", "pool": {name: joining[name] for name in joining if name != "id"}}
    job = {"id": "auto", "poolInfo": {"autoPoolSpecification": automatic}}
    assert "subnets/join/action" in refused("jobs", job)
    owner.grant(other.object_id, "Network Contributor", subnet)
    assert other.service("POST", name_of(account), "pools", joining).status_code == 201


def test_a_private_endpoint_joins_its_subnet(owner: Caller, everyone: Caller) -> None:
    account = owner.account()
    network = everyone.path(f"Microsoft.Network/virtualNetworks/n{uuid.uuid4().hex[:8]}")
    subnet = everyone.put(network, {**WHERE, "properties": SPACE})["properties"]["subnets"][0]["id"]
    other = with_role(owner, "Network Contributor", owner.scope)
    link = {"name": "l", "properties": {"privateLinkServiceId": account, "groupIds": ["batchAccount"]}}
    body = {**WHERE, "properties": {"subnet": {"id": subnet}, "privateLinkServiceConnections": [link]}}
    door = "Microsoft.Network/privateEndpoints/door"
    assert other.refused("PUT", door, body) == (403, "LinkedAuthorizationFailed")
    owner.grant(other.object_id, "Network Contributor", subnet)
    assert other.send("PUT", door, body).ok
