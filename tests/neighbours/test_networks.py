"""Subnets in their networks, private endpoints with their connections and their names in DNS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.neighbours.conftest import WHERE, Caller
from tests.support.waiting import until

NET = "Microsoft.Network/virtualNetworks/net"
DOOR = "Microsoft.Network/privateEndpoints/door"
BATCH = "2024-07-01"


def network(owner: Caller, *subnets: tuple[str, str]) -> dict[str, Any]:
    listed = [{"name": name, "properties": {"addressPrefix": prefix}} for name, prefix in subnets]
    space = {"addressSpace": {"addressPrefixes": ["10.20.0.0/16"]}, "subnets": listed}
    return owner.put(NET, {**WHERE, "properties": space})


def subnets_of(owner: Caller) -> list[str]:
    return [one["name"] for one in owner.send("GET", NET).json()["properties"]["subnets"]]


def test_a_network_that_lists_subnets_has_these_and_no_others(owner: Caller) -> None:
    network(owner, ("a", "10.20.0.0/24"), ("b", "10.20.1.0/24"))
    assert subnets_of(owner) == ["a", "b"]
    owner.put(NET, {**WHERE, "properties": {"addressSpace": {"addressPrefixes": ["10.20.0.0/16"]}}})
    assert subnets_of(owner) == ["a", "b"], "not mentioned: not touched"
    network(owner, ("b", "10.20.1.0/24"))
    assert subnets_of(owner) == ["b"]
    assert owner.send("GET", f"{NET}/subnets/b").json()["properties"]["addressPrefix"] == "10.20.1.0/24"


@pytest.mark.parametrize(
    ("subnets", "code"),
    [
        ([("a", "10.21.0.0/24")], "NetcfgInvalidSubnet"),
        ([("a", "10.20.0.0/24"), ("b", "10.20.0.128/25")], "NetcfgSubnetRangesOverlap"),
        ([("a", "10.20.0.1/24")], "InvalidCIDRNotation"),
    ],
)
def test_ranges_lie_in_the_network_and_side_by_side(owner: Caller, subnets: list[tuple[str, str]], code: str) -> None:
    listed = [{"name": name, "properties": {"addressPrefix": prefix}} for name, prefix in subnets]
    space = {"addressSpace": {"addressPrefixes": ["10.20.0.0/16"]}, "subnets": listed}
    assert owner.refused("PUT", NET, {**WHERE, "properties": space}) == (400, code)
    assert owner.refused("GET", NET) == (404, "ResourceNotFound"), "nothing half-made"


@dataclass(frozen=True)
class Door:
    """A private endpoint to a Batch account."""

    owner: Caller
    account: str

    def show(self) -> dict[str, Any]:
        return dict(self.owner.send("GET", DOOR).json()["properties"])

    def status(self, kind: str) -> str:
        state: str = self.show()[kind][0]["properties"]["privateLinkServiceConnectionState"]["status"]
        return state

    def connections(self) -> list[dict[str, Any]]:
        found = self.owner.send("GET", f"{self.account}/privateEndpointConnections", version=BATCH)
        return list(found.json()["value"])


def open_door(owner: Caller, account: str, kind: str, group: str = "batchAccount", *, keep: bool = False) -> Door:
    """A private endpoint to an account in a network of one subnet, or with ``keep`` a second one in that subnet."""
    subnet = f"{owner.path(NET)}/subnets/doors"
    if not keep:
        network(owner, ("doors", "10.20.255.0/24"))
    link = {"name": "link", "properties": {"privateLinkServiceId": account, "groupIds": [group]}}
    owner.put(f"{DOOR}{'2' if keep else ''}", {**WHERE, "properties": {"subnet": {"id": subnet}, kind: [link]}})
    return Door(owner, account)


def test_an_endpoint_of_the_owners_own_is_connected_at_once_and_disconnected_when_it_goes(owner: Caller) -> None:
    door = open_door(owner, owner.account(), "privateLinkServiceConnections")
    assert door.status("privateLinkServiceConnections") == "Approved"
    [connection] = door.connections()
    assert connection["properties"]["privateEndpoint"]["id"] == owner.path(DOOR)
    assert connection["properties"]["groupIds"] == ["batchAccount"]
    assert owner.send("DELETE", DOOR).status_code == 200
    assert door.connections() == []


def test_a_strangers_endpoint_waits_for_the_accounts_owner_and_shows_what_he_decides(owner: Caller) -> None:
    kind = "manualPrivateLinkServiceConnections"
    door = open_door(owner, owner.account(), kind)
    assert door.status(kind) == "Pending"
    path = door.connections()[0]["id"]
    for status in ("Approved", "Rejected"):
        state = {"privateLinkServiceConnectionState": {"status": status}}
        assert owner.send("PATCH", path, {"properties": state}, version=BATCH).status_code == 202
        assert door.status(kind) == status
    assert owner.send("DELETE", path, version=BATCH).status_code == 202
    until(lambda: door.status(kind) == "Disconnected")


def test_an_endpoint_takes_an_address_and_its_zone_learns_the_name(owner: Caller) -> None:
    account = owner.account()
    door = open_door(owner, account, "privateLinkServiceConnections")
    name = account.rsplit("/", 1)[-1]
    config = {"fqdn": f"{name}.westeurope.batch.azure.com", "ipAddresses": ["10.20.255.4"]}
    assert door.show()["customDnsConfigs"] == [config]
    zone = owner.put("Microsoft.Network/privateDnsZones/privatelink.batch.azure.com", {"location": "global"})["id"]
    configs = [{"name": "batch", "properties": {"privateDnsZoneId": zone}}]
    group = f"{DOOR}/privateDnsZoneGroups/default"
    owner.put(group, {"properties": {"privateDnsZoneConfigs": configs}})
    record = owner.send("GET", f"{zone}/A/{name}.westeurope").json()["properties"]
    assert record["aRecords"] == [{"ipv4Address": "10.20.255.4"}]
    assert door.show()["customDnsConfigs"] == []
    assert owner.send("DELETE", group).status_code == 200
    assert owner.send("GET", f"{zone}/A/{name}.westeurope").status_code == 404


def test_an_unknown_group_is_refused_and_nothing_is_left(owner: Caller) -> None:
    account = owner.account()
    subnet = network(owner, ("doors", "10.20.255.0/24"))["properties"]["subnets"][0]["id"]
    link = {"name": "link", "properties": {"privateLinkServiceId": account, "groupIds": ["blob"]}}
    body = {**WHERE, "properties": {"subnet": {"id": subnet}, "privateLinkServiceConnections": [link]}}
    assert owner.refused("PUT", DOOR, body) == (400, "InvalidGroupId")
    assert owner.refused("GET", DOOR) == (404, "ResourceNotFound")


def test_a_subnet_that_somebody_lives_in_is_not_deleted(owner: Caller) -> None:
    open_door(owner, owner.account(), "privateLinkServiceConnections")
    assert owner.refused("DELETE", f"{NET}/subnets/doors") == (400, "InUseSubnetCannotBeDeleted")
    assert owner.refused("DELETE", NET) == (400, "InUseSubnetCannotBeDeleted")
    owner.send("DELETE", DOOR)
    assert owner.send("DELETE", f"{NET}/subnets/doors").status_code == 200


def test_an_endpoint_to_blobs_stands_at_the_storage_account(owner: Caller) -> None:
    path = owner.path(f"Microsoft.Storage/storageAccounts/{owner.group.replace('group-', 's')}")
    storage = {**WHERE, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    version = "2023-05-01"
    owner.put(path, storage, version=version)
    open_door(owner, path, "privateLinkServiceConnections", "blob")
    [connection] = owner.send("GET", path, version=version).json()["properties"]["privateEndpointConnections"]
    assert connection["properties"]["privateLinkServiceConnectionState"]["status"] == "Approved"
    state = {"properties": {"privateLinkServiceConnectionState": {"status": "Rejected"}}}
    assert owner.send("PUT", connection["id"], state, version=version).ok
    assert Door(owner, path).status("privateLinkServiceConnections") == "Rejected"
    assert owner.send("DELETE", connection["id"], version=version).status_code == 200
    assert owner.send("GET", f"{path}/privateEndpointConnections", version=version).json() == {"value": []}


def test_a_zone_that_networks_use_is_not_deleted(owner: Caller) -> None:
    zone = "Microsoft.Network/privateDnsZones/z"
    owner.put(zone, {"location": "global"})
    link = {"virtualNetwork": {"id": network(owner)["id"]}}
    owner.put(f"{zone}/virtualNetworkLinks/l", {"location": "global", "properties": link})
    assert owner.refused("DELETE", zone) == (409, "CannotDeleteResource")
    owner.send("DELETE", f"{zone}/virtualNetworkLinks/l")
    assert owner.send("DELETE", zone).status_code == 200


def settings(owner: Caller, account: str, name: str, **properties: Any) -> tuple[str, dict[str, Any]]:
    return f"{account}/providers/Microsoft.Insights/diagnosticSettings/{name}", {"properties": properties}


def test_diagnostic_settings_need_somewhere_to_go_known_categories_and_are_five_at_most(owner: Caller) -> None:
    account = owner.account()
    workspace = owner.put("Microsoft.OperationalInsights/workspaces/logs")["id"]
    assert owner.refused("PUT", *settings(owner, account, "one")) == (400, "BadRequest")
    for log in ({"category": "NoSuchLog"}, {"categoryGroup": "some"}):
        asked = settings(owner, account, "one", workspaceId=workspace, logs=[{**log, "enabled": True}])
        assert owner.refused("PUT", *asked) == (400, "BadRequest")
    logs = [{"categoryGroup": "allLogs", "enabled": True}, {"category": "ServiceLog", "enabled": True}]
    for number in range(5):
        owner.put(*settings(owner, account, f"s{number}", workspaceId=workspace, logs=logs))
    assert owner.refused("PUT", *settings(owner, account, "sixth", workspaceId=workspace)) == (409, "Conflict")
