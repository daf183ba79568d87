"""Check and Diff over the plugin's port, without a cloud: names, defaults, faults, what forces a replacement."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from batchlocal.plugin.types import all_types, type_named
from tests.plugin.host import UNKNOWN, Plugin, Refused, Values, values

GROUP = "resources:ResourceGroup"
ACCOUNT = "batch:BatchAccount"
POOL = "batch:Pool"
ROLE = "authorization:RoleAssignment"
VAULT = "keyvault:Vault"
AUTONAMING = pb.CheckRequest.AutonamingOptions
RANDOM_MARK = "__createBeforeDelete"
PLACE = {"resourceGroupName": "g", "location": "westeurope"}
POOL_PLACE = {"resourceGroupName": "g", "accountName": "acct"}
ASSIGNMENT = {
    "scope": "/subscriptions/s",
    "principalId": str(uuid.UUID(int=1)),
    "principalType": "ServicePrincipal",
    "roleDefinitionId": "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/r",
}


def test_a_top_level_resource_gets_a_name_drawn_from_the_engines_seed(alone: Plugin) -> None:
    checked = values(alone.check(ACCOUNT, PLACE, name="acct", seed=b"\xab" * 32).inputs)
    assert checked["accountName"] == "acctabababab"
    assert checked[RANDOM_MARK] is True


def test_a_nested_resource_is_called_as_in_the_program(alone: Plugin) -> None:
    checked = alone.inputs(POOL, POOL_PLACE, name="main")
    assert checked["poolName"] == "main"
    assert RANDOM_MARK not in checked


def test_a_role_assignment_is_called_by_a_uuid(alone: Plugin) -> None:
    name = alone.inputs(ROLE, ASSIGNMENT)["roleAssignmentName"]
    assert str(uuid.UUID(name)) == name


def test_what_there_is_one_of_has_the_only_name_that_azure_takes(alone: Plugin) -> None:
    given = {"resourceGroupName": "g", "accountName": "stored", "policy": {"rules": []}}
    assert alone.inputs("storage:ManagementPolicy", given)["managementPolicyName"] == "default"


def test_a_name_drawn_once_is_kept(alone: Plugin) -> None:
    first = alone.inputs(ACCOUNT, PLACE, name="acct")
    again = values(alone.check(ACCOUNT, PLACE, first, "acct", seed=b"\x77" * 32).inputs)
    assert again == first


def test_a_name_that_is_given_is_taken_and_no_longer_random(alone: Plugin) -> None:
    first = alone.inputs(ACCOUNT, PLACE, name="acct")
    given = alone.inputs(ACCOUNT, {**PLACE, "accountName": "mine"}, first)
    assert given["accountName"] == "mine"
    assert RANDOM_MARK not in given


@pytest.mark.parametrize(
    ("mode", "is_random"),
    [(AUTONAMING.Mode.PROPOSE, True), (AUTONAMING.Mode.ENFORCE, False)],
    ids=["propose", "enforce"],
)
def test_the_engines_proposal_for_a_name_is_taken(alone: Plugin, mode: Any, is_random: bool) -> None:
    proposal = AUTONAMING(proposed_name="proposed1", mode=mode)
    checked = values(alone.check(ACCOUNT, PLACE, autonaming=proposal).inputs)
    assert checked["accountName"] == "proposed1"
    assert bool(checked.get(RANDOM_MARK)) == is_random


def test_without_autonaming_a_missing_name_is_a_fault(alone: Plugin) -> None:
    answer = alone.check(ACCOUNT, PLACE, autonaming=AUTONAMING(mode=AUTONAMING.Mode.DISABLE))
    assert {one.property for one in answer.failures} == {"accountName"}


def test_the_sdks_defaults_and_the_api_version_are_filled_in(alone: Plugin) -> None:
    checked = alone.inputs(ACCOUNT, PLACE, name="acct")
    assert checked["publicNetworkAccess"] == "Enabled"
    assert checked["azureApiVersion"] == "2024-07-01"


@pytest.mark.parametrize(
    ("token", "news", "property", "reason"),
    [
        (ACCOUNT, {**PLACE, "accountName": "My-Account"}, "accountName", "must match"),
        (ACCOUNT, {**PLACE, "accountName": "a" * 25}, "accountName", "3 to 24 characters"),
        (ACCOUNT, {"location": "westeurope", "accountName": "acct"}, "resourceGroupName", "missing required"),
        ("storage:StorageAccount", {**PLACE, "accountName": "acct", "kind": "StorageV2"}, "sku", "missing required"),
        (POOL, {**POOL_PLACE, "scaleSettings": {"fixedScale": {"targetDedicatedNodes": "many"}}},
         "scaleSettings.fixedScale.targetDedicatedNodes", "integer"),
        (POOL, {**POOL_PLACE, "userAccounts": [{"name": "a"}]}, "userAccounts[0].password", "required"),
        (POOL, {**POOL_PLACE, "interNodeCommunication": "Sometimes"}, "interNodeCommunication", "one of"),
        (ROLE, {"scope": "/subscriptions/s"}, "principalId", "missing required"),
        ("privatedns:PrivateZone", PLACE, "privateZoneName", "missing required"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_property_and_reason(
    alone: Plugin, token: str, news: Values, property: str, reason: str
) -> None:
    faults = alone.faults(token, news)
    assert reason in faults[property]


def test_what_is_not_known_yet_is_no_fault(alone: Plugin) -> None:
    news = {"resourceGroupName": UNKNOWN, "accountName": UNKNOWN, "poolName": UNKNOWN, "vmSize": UNKNOWN}
    unknown_deeper = {"startTask": UNKNOWN, "userAccounts": UNKNOWN, "taskSlotsPerNode": UNKNOWN}
    assert alone.faults(POOL, {**news, **unknown_deeper}) == {}


def test_a_secret_does_not_stand_in_a_fault(alone: Plugin) -> None:
    users = [{"name": "a", "password": ["hidden-word"]}]
    faults = alone.faults(POOL, {**POOL_PLACE, "userAccounts": users})
    assert faults
    assert "hidden-word" not in str(faults)


def test_an_unknown_type_is_named(alone: Plugin) -> None:
    with pytest.raises(Refused, match="no resource type azure-native:compute:VirtualMachine"):
        alone.check("compute:VirtualMachine", {})


def changed(alone: Plugin, token: str, old: Values, new: Values) -> tuple[set[str], set[str]]:
    """The property paths of a Diff, and those that force a replacement; both forms of the answer must agree."""
    answer = alone.diff(token, old, new)
    replacing = {
        path for path, one in answer.detailedDiff.items() if pb.PropertyDiff.Kind.Name(one.kind).endswith("_REPLACE")
    }
    assert {path.split(".")[0].split("[")[0] for path in replacing} == set(answer.replaces)
    assert bool(answer.diffs) == (answer.changes == pb.DiffResponse.DIFF_SOME)
    return set(answer.detailedDiff), replacing


@pytest.mark.parametrize(
    ("token", "name", "before", "after"),
    [
        (GROUP, "location", "westeurope", "northeurope"),
        (GROUP, "resourceGroupName", "a", "b"),
        (ACCOUNT, "poolAllocationMode", "BatchService", "UserSubscription"),
        (ACCOUNT, "accountName", "a", UNKNOWN),
        ("storage:StorageAccount", "isHnsEnabled", False, True),
        (ROLE, "principalId", "a", "b"),
        (POOL, "applicationLicenses", ["maya"], ["vray"]),
    ],
)
def test_what_azure_never_changes_forces_a_replacement(
    alone: Plugin, token: str, name: str, before: Any, after: Any
) -> None:
    _, replacing = changed(alone, token, {name: before}, {name: after})
    assert {path.split("[")[0] for path in replacing} == {name}


def test_a_replacement_comes_first_unless_the_name_was_drawn(alone: Plugin) -> None:
    old, new = {"location": "a", "accountName": "x"}, {"location": "b", "accountName": "x"}
    assert alone.diff(ACCOUNT, old, new).deleteBeforeReplace
    assert not alone.diff(ACCOUNT, {**old, RANDOM_MARK: True}, new).deleteBeforeReplace


def test_a_part_of_a_property_can_force_a_replacement(alone: Plugin) -> None:
    old, new = ({"properties": {"tenantId": one, "enableRbacAuthorization": one == "a"}} for one in "ab")
    paths, replacing = changed(alone, VAULT, old, new)
    assert paths == {"properties.tenantId", "properties.enableRbacAuthorization"}
    assert replacing == {"properties.tenantId"}


def test_a_change_is_told_down_to_the_value(alone: Plugin) -> None:
    old = {"startTask": {"commandLine": "a", "environmentSettings": [{"name": "x", "value": "1"}]}, "tags": {"a": "1"}}
    new = {"startTask": {"commandLine": "b", "environmentSettings": [{"name": "x", "value": "2"}]}, "tags": {"b": "1"}}
    paths, replacing = changed(alone, POOL, old, new)
    assert paths == {"startTask.commandLine", "startTask.environmentSettings[0].value", "tags.a", "tags.b"}
    assert replacing == set()


@pytest.mark.parametrize(
    ("token", "old", "new"),
    [
        (GROUP, {"location": "West Europe"}, {"location": "westeurope"}),
        (POOL, {"vmSize": "STANDARD_D2S_V3"}, {"vmSize": "Standard_D2s_v3"}),
        (POOL, {"applicationPackages": [{"id": "/subscriptions/S/a"}, {"id": "/subscriptions/S/b"}]},
         {"applicationPackages": [{"id": "/subscriptions/s/B"}, {"id": "/subscriptions/s/A"}]}),
        (POOL, {"taskSchedulingPolicy": {"nodeFillType": "Spread"}}, {"taskSlotsPerNode": 1}),
        (POOL, {"scaleSettings": {"fixedScale": {"targetDedicatedNodes": 1, "resizeTimeout": "PT15M"}}},
         {"scaleSettings": {"fixedScale": {"targetDedicatedNodes": 1}}}),
        (ACCOUNT, {"allowedAuthenticationModes": ["AAD", "SharedKey"]},
         {"allowedAuthenticationModes": ["SharedKey", "AAD"]}),
        (ACCOUNT, {"azureApiVersion": "2023-05-01"}, {"azureApiVersion": "2024-07-01"}),
    ],
    ids=["location", "vm size", "order and case of ids", "defaults", "nested default", "order", "api-version"],
)  # fmt: skip
def test_another_spelling_of_the_same_is_no_change(alone: Plugin, token: str, old: Values, new: Values) -> None:
    assert changed(alone, token, old, new) == (set(), set())
    assert changed(alone, token, new, old) == (set(), set())


def test_words_of_a_users_own_differ_by_case_and_order_counts_where_it_does(alone: Plugin) -> None:
    assert changed(alone, GROUP, {"tags": {"a": "Blue"}}, {"tags": {"a": "blue"}})[0] == {"tags.a"}
    servers = [{"virtualNetworkName": "v", "dhcpOptions": {"dnsServers": order}} for order in (["a", "b"], ["b", "a"])]
    assert changed(alone, "network:VirtualNetwork", *servers)[0]


def test_every_type_checks_with_a_name_of_its_own(alone: Plugin) -> None:
    for token in all_types():
        kind = type_named(token)
        parents = {name: "/subscriptions/s" if name in ("scope", "resourceUri") else "parent"
                   for name in kind.path_parameters[:-1]}  # fmt: skip
        required = dict.fromkeys(kind.required, UNKNOWN)
        zone = {"privateZoneName": "zone.example"} if kind.traits.naming == "given" else {}
        news = {**parents, **required, **zone, **({"location": "westeurope"} if kind.is_located else {})}
        checked = alone.inputs(token.removeprefix("azure-native:"), news, name="thing")
        assert checked[kind.name_input]
        _, outputs = alone.create(token.removeprefix("azure-native:"), checked, preview=True)
        assert set(kind.outputs) <= set(outputs)
