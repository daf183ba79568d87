"""Every type of the neighbours: made, shown, changed, listed, refused, deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.neighbours.conftest import WHERE, Caller
from tests.support.waiting import until

SPACE = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
CONDITION = {"allOf": [{"field": "category", "equals": "Administrative"}]}
METRIC = {
    "criteria": {"odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", "allOf": []},
    "evaluationFrequency": "PT5M",
    "windowSize": "PT15M",
    "severity": 2,
}


@dataclass(frozen=True)
class Example:
    """A resource as one may ask for it; ``{group}`` in texts is the group's providers.

    ``needs`` is a property without which it is refused, ``shows`` what the service fills in, ``after`` must be there.
    """

    path: str
    properties: dict[str, Any] = field(default_factory=dict)
    needs: str = ""
    shows: dict[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    located: bool = True
    kind: str = ""

    @property
    def type(self) -> str:
        namespace, *rest = self.path.split("/providers/")[-1].split("/")
        return "/".join((namespace, *rest[::2]))


# REST references: a PUT of these always answers 200
MADE_WITH_200 = ("Microsoft.Insights/metricAlerts", "Microsoft.Insights/components")
EXAMPLES = {
    example.path: example
    for example in (
        Example("Microsoft.ManagedIdentity/userAssignedIdentities/me"),
        Example(
            "Microsoft.ManagedIdentity/userAssignedIdentities/me/federatedIdentityCredentials/pipeline",
            {"issuer": "https://issuer.example", "subject": "repo:a/b", "audiences": ["api://AzureADTokenExchange"]},
            needs="subject",
            after=("Microsoft.ManagedIdentity/userAssignedIdentities/me",),
            located=False,
        ),
        Example("Microsoft.Network/virtualNetworks/net", SPACE, "addressSpace", {"subnets": []}),
        Example(
            "Microsoft.Network/virtualNetworks/net/subnets/pools",
            {"addressPrefix": "10.0.0.0/24"},
            shows={"privateEndpointNetworkPolicies": "Disabled"},
            after=("Microsoft.Network/virtualNetworks/net",),
            located=False,
        ),
        Example("Microsoft.Network/networkSecurityGroups/rules", shows={"securityRules": []}),
        Example("Microsoft.Network/publicIPAddresses/ip", shows={"publicIPAllocationMethod": "Dynamic"}),
        Example("Microsoft.Network/privateDnsZones/zone.example", shows={"numberOfRecordSets": 1}),
        Example(
            "Microsoft.Network/privateDnsZones/zone.example/virtualNetworkLinks/link",
            {"virtualNetwork": {"id": "{group}/Microsoft.Network/virtualNetworks/net"}},
            needs="virtualNetwork",
            shows={"virtualNetworkLinkState": "Completed", "registrationEnabled": False},
            after=("Microsoft.Network/virtualNetworks/net", "Microsoft.Network/privateDnsZones/zone.example"),
        ),
        Example(
            "Microsoft.Network/privateDnsZones/zone.example/TXT/words",
            {"ttl": 60, "txtRecords": [{"value": ["a"]}]},
            needs="ttl",
            shows={"fqdn": "words.zone.example."},
            after=("Microsoft.Network/privateDnsZones/zone.example",),
            located=False,
        ),
        Example(
            "Microsoft.KeyVault/vaults/{unique}",
            {"tenantId": "11111111-1111-1111-1111-111111111111", "sku": {"family": "A", "name": "standard"}},
            needs="tenantId",
            shows={"enableSoftDelete": True},
        ),
        Example(
            "Microsoft.KeyVault/vaults/{unique}/keys/key",
            {"kty": "RSA"},
            needs="kty",
            shows={"keySize": 2048},
            after=("Microsoft.KeyVault/vaults/{unique}",),
            located=False,
        ),
        Example(
            "Microsoft.OperationalInsights/workspaces/logs", shows={"retentionInDays": 30, "sku": {"name": "PerGB2018"}}
        ),
        Example("Microsoft.Insights/actionGroups/people", {"groupShortName": "p"}, "groupShortName", {"enabled": True}),
        Example(
            "Microsoft.Insights/components/traces",
            {"Application_Type": "web"},
            "Application_Type",
            {"RetentionInDays": 90},
            kind="web",
        ),
        Example("Microsoft.Insights/metricAlerts/alert", {**METRIC, "scopes": ["{scope}"]}, "scopes"),
        Example(
            "Microsoft.Insights/scheduledQueryRules/rule",
            {"criteria": {"allOf": []}, "scopes": ["{scope}"]},
            needs="criteria",
            shows={"severity": 3},
        ),
        Example(
            "Microsoft.Insights/activityLogAlerts/alert",
            {"scopes": ["{scope}"], "condition": CONDITION, "actions": {"actionGroups": []}},
            needs="condition",
        ),
        Example(
            "{scope}/providers/Microsoft.Authorization/locks/hold",
            {"level": "CanNotDelete", "notes": "stays"},
            needs="level",
            located=False,
        ),
    )
}
DEPENDENCIES = {example.path: example for example in EXAMPLES.values()}


def filled(value: Any, owner: Caller) -> Any:
    """An example's texts with the group's id and a name that is unique in the world."""
    if isinstance(value, dict):
        return {name: filled(item, owner) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, owner) for item in value]
    if not isinstance(value, str):
        return value
    told = value.replace("{scope}", owner.scope).replace("{group}", f"{owner.scope}/providers")
    return told.replace("{unique}", owner.group.replace("group-", "v"))


def body_of(example: Example, owner: Caller, *, less: str = "") -> dict[str, Any]:
    properties = {name: value for name, value in example.properties.items() if name != less}
    kind = {"kind": example.kind} if example.kind else {}
    return {**(WHERE if example.located else {}), **kind, "properties": filled(properties, owner)}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_resource_is_made_shown_listed_changed_and_deleted(owner: Caller, name: str) -> None:
    example = EXAMPLES[name]
    for needed in example.after:
        owner.put(filled(needed, owner), body_of(DEPENDENCIES[needed], owner))
    path, body = filled(example.path, owner), body_of(example, owner)
    made = owner.send("PUT", path, body)
    assert made.status_code == (200 if example.type in MADE_WITH_200 else 201), made.text
    whole = made.json()
    assert (whole["type"], whole["name"]) == (example.type, path.rsplit("/", 1)[-1])
    assert whole["id"] == owner.path(path)
    expected = {**filled(example.properties, owner), **example.shows}
    assert {key: whole["properties"][key] for key in example.shows} == example.shows
    for key in set(expected) - {"kty"}:
        assert key in whole["properties"]

    again = owner.send("PUT", path, body)
    assert again.status_code == 200
    assert owner.send("GET", path.upper().replace("/SUBSCRIPTIONS", "/subscriptions")).json() == again.json()
    listed = owner.send("GET", path.rpartition("/")[0]).json()["value"]
    assert again.json() in listed
    if example.located:
        changed = owner.send("PATCH", path, {"tags": {"a": "b"}}).json()
        assert changed["tags"] == {"a": "b"}
        assert changed["properties"].keys() == again.json()["properties"].keys()
    assert owner.send("DELETE", path).status_code == 200
    assert owner.send("DELETE", path).status_code == 204
    assert owner.refused("GET", path) == (404, "ResourceNotFound")


@pytest.mark.parametrize("name", [name for name, example in EXAMPLES.items() if example.needs])
def test_a_resource_that_lacks_what_it_needs_is_refused(owner: Caller, name: str) -> None:
    example = EXAMPLES[name]
    for needed in example.after:
        owner.put(filled(needed, owner), body_of(DEPENDENCIES[needed], owner))
    answer = owner.send("PUT", filled(example.path, owner), body_of(example, owner, less=example.needs))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestContent")
    assert example.needs in answer.json()["error"]["message"]


def test_what_the_service_makes_up_stays_with_the_resource_and_goes_with_it(owner: Caller) -> None:
    path = "Microsoft.ManagedIdentity/userAssignedIdentities/me"
    first = owner.put(path)["properties"]
    assert owner.put(path)["properties"] == first
    owner.send("DELETE", path)
    assert owner.put(path)["properties"]["principalId"] != first["principalId"]


@pytest.mark.parametrize(
    ("path", "properties"),
    [
        ("Microsoft.Network/privateDnsZones/z/virtualNetworkLinks/l", {"virtualNetwork": {"id": "{scope}/none"}}),
        (
            "Microsoft.Network/privateEndpoints/e",
            {"subnet": {"id": "{group}/Microsoft.Network/virtualNetworks/none/subnets/s"}},
        ),
        ("Microsoft.Insights/metricAlerts/a", {**METRIC, "scopes": ["{group}/Microsoft.Batch/batchAccounts/none"]}),
    ],
)
def test_a_reference_to_what_is_not_there_is_refused(owner: Caller, path: str, properties: dict[str, Any]) -> None:
    owner.put("Microsoft.Network/privateDnsZones/z")
    answer = owner.refused("PUT", path, {**WHERE, "properties": filled(properties, owner)})
    assert answer == (400, "InvalidResourceReference")


def test_below_a_parent_that_is_not_there_nothing_is_made(owner: Caller) -> None:
    subnet = {"properties": {"addressPrefix": "10.0.0.0/24"}}
    found = owner.refused("PUT", "Microsoft.Network/virtualNetworks/none/subnets/s", subnet)
    assert found == (404, "ParentResourceNotFound")
    lock = f"{owner.path('Microsoft.Batch/batchAccounts/none')}/providers/Microsoft.Authorization/locks/l"
    assert owner.refused("PUT", lock, {"properties": {"level": "ReadOnly"}}) == (404, "ParentResourceNotFound")


def test_shared_keys_of_a_workspace_are_asked_for_and_drawn_anew(owner: Caller) -> None:
    path = "Microsoft.OperationalInsights/workspaces/logs"
    owner.put(path)
    first = owner.send("POST", f"{path}/sharedKeys").json()
    assert set(first) == {"primarySharedKey", "secondarySharedKey"}
    assert owner.send("POST", f"{path}/sharedKeys").json() == first
    assert owner.send("POST", f"{path}/regenerateSharedKey").json() != first
    assert first["primarySharedKey"] not in owner.send("GET", path).text


@pytest.mark.parametrize(
    ("path", "properties"),
    [
        ("Microsoft.OperationalInsights/workspaces/logs", {"retentionInDays": 731}),
        ("Microsoft.Insights/actionGroups/people", {"groupShortName": "thirteen-long"}),
        ("Microsoft.Insights/metricAlerts/a", {**METRIC, "scopes": ["{scope}"], "severity": 5}),
        ("Microsoft.Insights/metricAlerts/a", {**METRIC, "scopes": ["{scope}"], "windowSize": "PT2M"}),
        ("Microsoft.Insights/metricAlerts/a", {**METRIC, "scopes": ["{scope}"], "evaluationFrequency": "PT1H"}),
    ],
)
def test_values_out_of_bounds_are_refused(owner: Caller, path: str, properties: dict[str, Any]) -> None:
    answer = owner.refused("PUT", path, {**WHERE, "properties": filled(properties, owner)})
    assert answer == (400, "InvalidRequestContent")


def test_names_of_vaults_are_unique_over_all_groups(owner: Caller, everyone: Caller) -> None:
    vault = EXAMPLES["Microsoft.KeyVault/vaults/{unique}"]
    path = filled(vault.path, owner)
    owner.put(path, body_of(vault, owner))
    assert everyone.refused("PUT", path, body_of(vault, owner)) == (409, "VaultAlreadyExists")
    wrong = "Microsoft.KeyVault/vaults/9-begins-with-a-digit"
    assert owner.refused("PUT", wrong, body_of(vault, owner)) == (400, "VaultNameNotValid")


def test_a_group_goes_with_all_that_is_in_it_and_around_it(owner: Caller) -> None:
    owner.put("Microsoft.OperationalInsights/workspaces/logs")
    assert owner.send("DELETE", owner.scope, version="2024-03-01").status_code == 202
    until(lambda: owner.send("GET", owner.scope, version="2024-03-01").status_code == 404)
    owner.put(owner.scope, version="2024-03-01")
    assert owner.send("GET", f"{owner.scope}/resources").json() == {"value": []}
