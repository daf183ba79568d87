"""Bodies of the neighbours with something odd in each place: refused, or kept and shown, and nothing breaks later."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.neighbours.conftest import WHERE, Caller
from tests.neighbours.test_kept_types import DEPENDENCIES, EXAMPLES, body_of, filled

ODD = (None, 7, True, "x", [7], [None], {"x": 7}, [{"id": 7, "properties": 7}])
NET = "{group}/Microsoft.Network/virtualNetworks/net"
ENDPOINT = "Microsoft.Network/privateEndpoints/way"
TOLD = "Microsoft.Network/networkSecurityPerimeters/ring"
LINKED: dict[str, Any] = {
    "Microsoft.Network/virtualNetworks/net": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "ends", "properties": {"addressPrefix": "10.0.0.0/24"}}],
    },
    "Microsoft.Network/networkSecurityGroups/rules": {
        "securityRules": [{"name": "one", "properties": {"priority": 9}}]
    },
    ENDPOINT: {
        "subnet": {"id": f"{NET}/subnets/ends"},
        "privateLinkServiceConnections": [
            {"name": "to", "properties": {"privateLinkServiceId": "{account}", "groupIds": ["batchAccount"]}}
        ],
    },
    "Microsoft.Network/privateDnsZones/privatelink.batch.azure.com": {},
    f"{ENDPOINT}/privateDnsZoneGroups/default": {
        "privateDnsZoneConfigs": [
            {
                "name": "batch",
                "properties": {
                    "privateDnsZoneId": "{group}/Microsoft.Network/privateDnsZones/privatelink.batch.azure.com"
                },
            }
        ]
    },
    TOLD: {},
    f"{TOLD}/profiles/all": {},
    f"{TOLD}/resourceAssociations/batch": {
        "privateLinkResource": {"id": "{account}"},
        "profile": {"id": f"{{group}}/{TOLD}/profiles/all"},
        "accessMode": "Learning",
    },
    "Microsoft.OperationalInsights/workspaces/logs": {"features": {}, "workspaceCapping": {"dailyQuotaGb": 1}},
    "{account}/providers/Microsoft.Insights/diagnosticSettings/all": {
        "workspaceId": "{group}/Microsoft.OperationalInsights/workspaces/logs",
        "logs": [{"category": "ServiceLog", "enabled": True, "retentionPolicy": {"enabled": False, "days": 0}}],
    },
}
ROLE = {
    "roleName": "Odd",
    "description": "",
    "assignableScopes": ["{scope}"],
    "permissions": [{"actions": ["*"], "notActions": [], "dataActions": ["*"], "notDataActions": []}],
}


def spoilt(value: Any, odd: object) -> Iterator[Any]:
    """A body with something odd in the place of all of it, and of each of its parts."""
    yield odd
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for place, part in parts:
        for other in spoilt(part, odd):
            changed = copy.copy(value)
            changed[place] = other
            yield changed


def send_odd_bodies(caller: Caller, path: str, body: dict[str, Any]) -> None:
    """Each odd body as a PUT and a PATCH, then what clients read; the good body is still taken at the end."""
    for odd in ODD:
        for sent in spoilt(body, odd):
            for method in ("PUT", "PATCH"):
                answer = caller.send(method, path, sent)
                assert answer.status_code < 500, (method, path, sent, answer.text)
            for read in (path, path.rpartition("/")[0], f"{caller.scope}/resources"):
                assert caller.send("GET", read).status_code < 500, (read, sent)
            deleted = caller.send("DELETE", path) if answer.ok else answer
            assert deleted.status_code < 500, (path, sent, deleted.text)
    assert caller.send("PUT", path, body).ok


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_neighbour_takes_or_refuses_what_is_odd(owner: Caller, name: str) -> None:
    example = EXAMPLES[name]
    for needed in example.after:
        owner.put(filled(needed, owner), body_of(DEPENDENCIES[needed], owner))
    send_odd_bodies(owner, filled(example.path, owner), body_of(example, owner))
    owner.send("DELETE", filled(example.path, owner))


def test_what_links_to_others_takes_or_refuses_what_is_odd(owner: Caller) -> None:
    account = owner.account()

    def told(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: told(item) for name, item in value.items()}
        if isinstance(value, list):
            return [told(item) for item in value]
        return filled(value.replace("{account}", account) if isinstance(value, str) else value, owner)

    for path, properties in LINKED.items():
        send_odd_bodies(owner, told(path), {**WHERE, "properties": told(properties)})
    assert owner.send("GET", account, version="2024-07-01").ok


def test_tags_take_or_refuse_what_is_odd(owner: Caller) -> None:
    send_odd_bodies(owner, f"{owner.scope}/providers/Microsoft.Resources/tags/default", {"properties": {"tags": {}}})


def test_an_odd_role_or_assignment_is_refused_and_roles_are_checked_as_before(owner: Caller) -> None:
    root = f"{owner.scope}/providers/Microsoft.Authorization"
    reader = owner.another()
    assignment = owner.grant(reader.object_id, "Reader", owner.scope)
    role = f"{root}/roleDefinitions/{uuid.uuid4()}"
    send_odd_bodies(owner, role, {"properties": filled(ROLE, owner)})
    known = owner.send("GET", assignment).json()["properties"]
    sent = {name: known[name] for name in ("principalId", "roleDefinitionId", "principalType")}
    owner.send("DELETE", assignment)
    send_odd_bodies(owner, f"{root}/roleAssignments/{uuid.uuid4()}", {"properties": sent})
    assert reader.send("GET", owner.scope, version="2024-03-01").ok


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        (7, "'properties'"),
        ({**ROLE, "permissions": {"actions": ["*"]}}, "'properties.permissions'"),
        ({**ROLE, "permissions": [{"actions": "*"}]}, "'properties.permissions[0].actions'"),
        ({**ROLE, "permissions": [{"dataActions": [7]}]}, "'properties.permissions[0].dataActions[0]'"),
        ({**ROLE, "assignableScopes": "/"}, "'properties.assignableScopes'"),
        ({**ROLE, "roleName": True}, "'properties.roleName'"),
    ],
)
def test_a_refusal_names_the_place_and_what_belongs_there(owner: Caller, properties: object, named: str) -> None:
    path = f"{owner.scope}/providers/Microsoft.Authorization/roleDefinitions/{uuid.uuid4()}"
    answer = owner.send("PUT", path, {"properties": properties})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestContent")
    assert f"{named} has a wrong value. It must be " in answer.json()["error"]["message"]
    assert owner.refused("GET", path) == (404, "RoleDefinitionDoesNotExist")
