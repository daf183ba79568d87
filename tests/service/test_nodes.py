"""Nodes as plain requests meet them: where they are reached, what runs on them beside tasks, a fresh system."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.service.conftest import UBUNTU, Service, code, until, values

OLDER = "2024-02-01.19.0"
NEWEST = "2025-06-01"
SSH = {
    "name": "ssh",
    "protocol": "tcp",
    "backendPort": 22,
    "frontendPortRangeStart": 15000,
    "frontendPortRangeEnd": 15100,
}
UDP = {
    "name": "mine",
    "protocol": "udp",
    "backendPort": 64444,
    "frontendPortRangeStart": 60000,
    "frontendPortRangeEnd": 61000,
}


def a_node(service: Service, version: str = NEWEST, **properties: Any) -> tuple[str, Any]:
    """The path of a new pool's one node, and the node once it is idle."""
    pool = f"pool-{uuid.uuid4().hex[:8]}"
    sent = {"id": pool, "vmSize": "Standard_D2s_v3", "virtualMachineConfiguration": UBUNTU, "targetDedicatedNodes": 1}
    made = service.send("POST", "/pools", {**sent, **properties}, version=version)
    assert made.status_code == 201, made.text
    nodes: list[Any] = []

    def idle() -> bool:
        nodes[:] = service.get(f"/pools/{pool}/nodes?$filter=state eq 'idle'", version=NEWEST)["value"]
        return bool(nodes)

    until(idle)
    return f"/pools/{pool}/nodes/{nodes[0]['id']}", nodes[0]


def inbound(*pools: dict[str, Any]) -> dict[str, Any]:
    return {"networkConfiguration": {"endpointConfiguration": {"inboundNATPools": list(pools)}}}


def delete_pool_of(service: Service, node: str) -> None:
    service.send("DELETE", node.rpartition("/nodes/")[0])


@pytest.mark.parametrize(
    ("version", "configured", "names"),
    [
        (NEWEST, {}, []),
        (NEWEST, inbound(UDP, SSH), ["mine.0", "ssh.0"]),
        (OLDER, {}, ["SSHRule.0"]),
        (OLDER, inbound(UDP), ["mine.0", "SSHRule.0"]),
        (OLDER, inbound(SSH), ["ssh.0"]),
    ],
)
def test_remote_login_is_mapped_unasked_only_in_pools_of_older_versions(
    service: Service, version: str, configured: dict[str, Any], names: list[str]
) -> None:
    path, node = a_node(service, version, **configured)
    endpoints = {one["name"]: one for one in node["endpointConfiguration"]["inboundEndpoints"]}
    assert list(endpoints) == names
    login = service.get(f"{path}/remoteloginsettings")
    mapped = endpoints.get("ssh.0") or endpoints.get("SSHRule.0")
    assert login["remoteLoginPort"] == (mapped["frontendPort"] if mapped else 22)
    assert login["remoteLoginIPAddress"] == (mapped["publicIPAddress"] if mapped else node["ipAddress"])
    delete_pool_of(service, path)


def test_a_pool_that_asks_for_ipv6_has_it(service: Service) -> None:
    public = {"publicIPAddressConfiguration": {"provision": "batchmanaged", "ipFamilies": ["IPv6", "IPv4"]}}
    path, node = a_node(service, networkConfiguration=public)
    assert node["ipv6Address"].startswith("fd00::")
    login = service.get(f"{path}/remoteloginsettings", version=NEWEST)
    assert (login["ipv6RemoteLoginIPAddress"], login["ipv6RemoteLoginPort"]) == (node["ipv6Address"], 22)
    assert "ipv6Address" not in service.get(path, version=OLDER)
    delete_pool_of(service, path)


def test_batchs_own_extension_comes_before_the_pools(service: Service) -> None:
    extension = {"name": "aaa", "publisher": "Microsoft.Azure.Monitor", "type": "AzureMonitorLinuxAgent"}
    path, _ = a_node(service, virtualMachineConfiguration={**UBUNTU, "extensions": [extension]})
    names = [one["vmExtension"]["name"] for one in service.get(f"{path}/extensions")["value"]]
    assert names == ["batchNodeExtension", "aaa"]
    assert service.get(f"{path}/extensions/AAA")["vmExtension"]["publisher"] == extension["publisher"]
    page = service.get(f"{path}/extensions?maxresults=1")
    assert len(page["value"]) == 1
    assert "odata.nextLink" in page
    assert code(service.send("GET", f"{path}/extensions/none"), 404) == "ExtensionNotFound"
    delete_pool_of(service, path)


def test_a_reimaged_node_comes_back_without_files_and_users(service: Service) -> None:
    path, node = a_node(service, startTask={"commandLine": "/bin/sh -c 'date +%s%N > born'"})
    born = service.send("GET", f"{path}/files/startup/wd/born").text
    assert service.send("POST", f"{path}/users", {"name": "me", "password": "p"}).status_code == 201
    refused = service.send("POST", f"{path}/reimage", version=OLDER)
    assert code(refused, 409) == "OperationNotValidOnNode"
    answer = service.send("POST", f"{path}/reimage", {"nodeReimageOption": "terminate"})
    assert answer.status_code == 202
    assert service.get(path)["state"] in ("reimaging", "starting", "waitingforstarttask", "idle")
    service.in_state(path, "idle")
    assert service.send("GET", f"{path}/files/startup/wd/born").text not in ("", born)
    assert code(service.send("DELETE", f"{path}/users/me"), 404) == "NodeUserNotFound"
    assert service.get(path)["lastBootTime"] > node["lastBootTime"]
    delete_pool_of(service, path)


def test_files_for_remote_desktop_were_for_cloud_services(service: Service) -> None:
    node = service.get("/pools/main/nodes")["value"][0]["id"]
    refused = service.send("GET", f"/pools/main/nodes/{node}/rdp", version=OLDER)
    assert code(refused, 409) == "OperationNotValidOnNode"
    assert "cloudServiceConfiguration" in values(refused)["Reason"]
    assert code(service.send("GET", f"/pools/main/nodes/{node}/rdp"), 400) == "InvalidUri"


def test_counts_of_nodes_come_ten_pools_a_page(service: Service) -> None:
    refused = service.send("GET", "/nodecounts?maxresults=11")
    assert (code(refused, 400), values(refused)["QueryParameterName"]) == ("InvalidQueryParameterValue", "maxresults")
    counts = service.get("/nodecounts?$filter=poolId eq 'main'")["value"]
    assert [(one["poolId"], one["dedicated"]["total"]) for one in counts] == [("main", 2)]
