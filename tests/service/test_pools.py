"""Pools as plain requests meet them: sizes that change, stop, and cannot be had; what a change replaces."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.service.conftest import UBUNTU, Service, code, values
from tests.support.waiting import until


@pytest.fixture
def pool(service: Service) -> Iterator[str]:
    """A pool without nodes, steady."""
    name = f"pool-{uuid.uuid4().hex[:8]}"
    make(service, name)
    yield name
    service.send("DELETE", f"/pools/{name}")


def make(service: Service, name: str, **properties: object) -> None:
    sent = {"id": name, "vmSize": "Standard_D2s_v3", "virtualMachineConfiguration": UBUNTU, **properties}
    made = service.send("POST", "/pools", sent)
    assert made.status_code == 201, made.text
    until(lambda: shown(service, name)["allocationState"] == "steady")


def shown(service: Service, name: str) -> Any:
    return service.get(f"/pools/{name}")


def test_a_resize_that_names_one_target_sets_the_other_to_zero(service: Service, pool: str) -> None:
    service.send("POST", f"/pools/{pool}/resize", {"targetLowPriorityNodes": 1})
    until(lambda: shown(service, pool)["currentLowPriorityNodes"] == 1)
    service.send("POST", f"/pools/{pool}/resize", {"targetDedicatedNodes": 1})
    until(lambda: shown(service, pool)["allocationState"] == "steady")
    found = shown(service, pool)
    assert (found["currentDedicatedNodes"], found["currentLowPriorityNodes"]) == (1, 0)


def test_a_resize_names_a_target_and_that_is_looked_at_first(service: Service) -> None:
    refused = service.send("POST", "/pools/nowhere/resize", {"resizeTimeout": "PT15M"})
    assert code(refused, 400) == "MissingRequiredProperty"
    assert values(refused) == {"PropertyName": "targetDedicatedNodes and/or targetLowPriorityNodes"}
    assert code(service.send("POST", "/pools/nowhere/resize", {"targetDedicatedNodes": 1}), 404) == "PoolNotFound"


def test_most_properties_of_a_pool_change_only_while_it_has_no_nodes(service: Service, pool: str) -> None:
    assert service.send("PATCH", f"/pools/{pool}", {"vmSize": "Standard_D4s_v3", "taskSlotsPerNode": 2}).ok
    assert (shown(service, pool)["vmSize"], shown(service, pool)["taskSlotsPerNode"]) == ("standard_d4s_v3", 2)
    service.send("POST", f"/pools/{pool}/resize", {"targetDedicatedNodes": 1})
    until(lambda: shown(service, pool)["currentDedicatedNodes"] == 1)
    refused = service.send("PATCH", f"/pools/{pool}", {"taskSlotsPerNode": 4})
    assert code(refused, 400) == "PropertyCannotBeUpdated"
    assert values(refused)["PropertyName"] == "taskSlotsPerNode"
    for change in ({"taskSlotsPerNode": 2}, {"metadata": []}, {"targetNodeCommunicationMode": "classic"}):
        assert service.send("PATCH", f"/pools/{pool}", change).status_code == 200


def test_a_stopped_resize_leaves_its_targets_and_says_what_is_missing(service: Service, pool: str) -> None:
    asked = {"targetLowPriorityNodes": 3, "resizeTimeout": "PT20M00S"}
    assert service.send("POST", f"/pools/{pool}/resize", asked).status_code == 202
    assert shown(service, pool)["resizeTimeout"] == "PT20M"
    assert service.send("POST", f"/pools/{pool}/stopresize").status_code == 202
    until(lambda: shown(service, pool)["allocationState"] == "steady")
    found = shown(service, pool)
    assert (found["targetLowPriorityNodes"], found["currentLowPriorityNodes"]) == (3, 0)
    assert [error["code"] for error in found["resizeErrors"]] == ["ResizeStopped"]
    assert found["resizeTimeout"] == "PT15M"
    assert code(service.send("POST", f"/pools/{pool}/stopresize"), 409)


def test_a_resize_may_not_be_hurried(service: Service, pool: str) -> None:
    refused = service.send("POST", f"/pools/{pool}/resize", {"targetDedicatedNodes": 1, "resizeTimeout": "PT1M"})
    assert code(refused, 400) == "InvalidPropertyValue"
    assert values(refused)["PropertyName"] == "resizeTimeout"


def test_a_formula_that_is_taken_back_at_once_sizes_nothing(service: Service, pool: str) -> None:
    formula = {"autoScaleFormula": "$TargetDedicatedNodes = 1;"}
    assert service.send("POST", f"/pools/{pool}/enableautoscale", formula).status_code == 200
    assert shown(service, pool)["autoScaleRun"]["results"].startswith("$TargetDedicatedNodes=1;")
    assert service.send("POST", f"/pools/{pool}/disableautoscale").status_code == 200
    assert shown(service, pool)["targetDedicatedNodes"] == 0


def test_updateproperties_takes_away_what_it_does_not_name(service: Service, pool: str) -> None:
    metadata = [{"name": "team", "value": "blue"}]
    patched = service.send("PATCH", f"/pools/{pool}", {"metadata": metadata, "startTask": {"commandLine": "/bin/true"}})
    assert patched.status_code == 200
    assert shown(service, pool)["metadata"] == metadata
    empty = {"certificateReferences": [], "applicationPackageReferences": [], "metadata": []}
    assert service.send("POST", f"/pools/{pool}/updateproperties", empty).status_code == 204
    found = shown(service, pool)
    assert not {"metadata", "applicationPackageReferences", "startTask"} & found.keys()
    assert found["targetNodeCommunicationMode"] == "default"


def test_spans_are_spelt_as_the_service_does(service: Service) -> None:
    name = f"pool-{uuid.uuid4().hex[:8]}"
    make(service, name, resizeTimeout="PT10M00S")
    assert shown(service, name)["resizeTimeout"] == "PT10M"
    formula = {"autoScaleFormula": "$TargetDedicatedNodes = 0;", "autoScaleEvaluationInterval": "PT360S"}
    assert service.send("POST", f"/pools/{name}/enableautoscale", formula).status_code == 200
    assert shown(service, name)["autoScaleEvaluationInterval"] == "PT6M"
    service.send("DELETE", f"/pools/{name}")


def test_a_secret_is_never_given_back(service: Service) -> None:
    name, secret = f"pool-{uuid.uuid4().hex[:8]}", "do-not-tell"
    blobs = {"accountName": "a", "containerName": "c", "relativeMountPath": "m", "accountKey": secret}
    share = {"username": "u", "source": "//s/s", "relativeMountPath": "n", "password": secret}
    registry = {"username": "u", "registryServer": "example.azurecr.io", "password": secret}
    extension = {"name": "e", "publisher": "p", "type": "t", "protectedSettings": {"key": secret}}
    machine = {
        "imageReference": {"publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2204"},
        "nodeAgentSKUId": "batch.node.ubuntu 22.04",
        "containerConfiguration": {"type": "dockerCompatible", "containerRegistries": [registry]},
        "extensions": [extension],
    }
    make(
        service,
        name,
        virtualMachineConfiguration=machine,
        mountConfiguration=[{"azureBlobFileSystemConfiguration": blobs}, {"cifsMountConfiguration": share}],
        userAccounts=[{"name": "u", "password": secret, "linuxUserConfiguration": {"sshPrivateKey": secret}}],
    )
    job = service.new_job(name)
    inside = {"imageName": "ubuntu", "registry": registry}
    assert service.add(job, "t", containerSettings=inside).status_code == 201
    for path in (f"/pools/{name}", "/pools", f"/jobs/{job}/tasks/t", f"/jobs/{job}/tasks"):
        assert secret not in service.send("GET", path).text
    assert service.get(f"/jobs/{job}/tasks/t")["containerSettings"]["registry"]["username"] == "u"
    service.send("DELETE", f"/jobs/{job}")
    service.send("DELETE", f"/pools/{name}")


def test_a_package_that_is_not_there_is_named(service: Service, pool: str) -> None:
    wanted = {"applicationPackageReferences": [{"applicationId": "nowhere"}]}
    refused = service.send("PATCH", f"/pools/{pool}", wanted)
    assert code(refused, 409) == "InvalidApplicationPackageReferences"
    assert values(refused) == {"nowhere": "The specified application package does not exist."}


def test_a_pool_that_is_resizing_gives_no_node_away(service: Service, pool: str) -> None:
    service.send("POST", f"/pools/{pool}/resize", {"targetDedicatedNodes": 2})
    until(lambda: shown(service, pool)["currentDedicatedNodes"] == 2)
    nodes = [node["id"] for node in service.get(f"/pools/{pool}/nodes")["value"]]
    service.in_state(f"/pools/{pool}/nodes/{nodes[0]}", "idle")
    job = service.new_job(pool)
    service.add(job, "long", "/bin/sleep 60")
    service.in_state(f"/jobs/{job}/tasks/long", "running")
    busy = service.get(f"/jobs/{job}/tasks/long")["nodeInfo"]["nodeId"]
    (other,) = set(nodes) - {busy}
    wait = {"nodeDeallocationOption": "taskcompletion"}
    assert service.send("POST", f"/pools/{pool}/removenodes", {"nodeList": [busy], **wait}).status_code == 202
    assert shown(service, pool)["allocationState"] == "resizing"
    refused = service.send("POST", f"/pools/{pool}/removenodes", {"nodeList": [other]})
    assert code(refused, 409) == "PoolBeingResized"
    assert service.get(f"/pools/{pool}/nodes/{other}")["state"] == "idle"
    service.send("POST", f"/jobs/{job}/tasks/long/terminate")
    until(lambda: [node["id"] for node in service.get(f"/pools/{pool}/nodes")["value"]] == [other])
    service.send("DELETE", f"/jobs/{job}")


def test_only_a_pools_own_nodes_can_be_removed_from_it(service: Service, pool: str) -> None:
    assert code(service.send("POST", f"/pools/{pool}/removenodes", {"nodeList": ["tvmps_other_d"]}), 400)
    assert code(service.send("POST", f"/pools/{pool}/removenodes", {"nodeList": []}), 400)


def test_what_azure_has_retired_is_told_so(service: Service) -> None:
    assert code(service.send("GET", "/poolusagemetrics"), 400) == "PoolUsageMetricAPIRetired"
    old = {"id": "old", "vmSize": "Standard_D2s_v3", "cloudServiceConfiguration": {"osFamily": "5"}}
    assert (
        code(service.send("POST", "/pools", old, version="2024-02-01.19.0"), 400) == "CloudServiceConfigurationRetired"
    )


def test_a_pool_is_spelt_as_azure_spells_it(service: Service) -> None:
    name = f"pool-{uuid.uuid4().hex[:8]}"
    disk = {"osDisk": {"caching": "readonly"}, "nodePlacementConfiguration": {"policy": "zonal"}}
    machine = {**UBUNTU, **disk}
    make(service, name, virtualMachineConfiguration=machine, taskSchedulingPolicy={"nodeFillType": "pack"})
    found = shown(service, name)
    assert found["taskSchedulingPolicy"] == {"nodeFillType": "Pack"}
    assert found["virtualMachineConfiguration"]["osDisk"] == {"ephemeralOSDiskSettings": {}, "caching": "ReadOnly"}
    assert found["virtualMachineConfiguration"]["nodePlacementConfiguration"] == {"policy": "Zonal"}
    assert found["vmSize"] == "standard_d2s_v3"
    service.send("DELETE", f"/pools/{name}")
    assert service.get(f"/pools/{name}")["state"] == "deleting"
    until(lambda: service.is_gone(f"/pools/{name}"))


CANNOT_BE: list[tuple[dict[str, Any], str, str]] = [
    (
        {"diskEncryptionConfiguration": {"customerManagedKey": {"keyUrl": "https://v/keys/k"}}},
        "diskEncryptionConfiguration",
        "Pool Identity is required when using CustomerManagedKey.",
    ),
    (
        {
            "imageReference": {"publisher": "Canonical", "offer": "UbuntuServer", "sku": "18.04-LTS"},
            "containerConfiguration": {"type": "dockerCompatible"},
        },
        "imageReference",
        "The specified imageReference with publisher Canonical offer UbuntuServer sku 18.04-LTS"
        " does not support container feature.",
    ),
]


@pytest.mark.parametrize(("machine", "name", "reason"), CANNOT_BE)
def test_a_machine_that_cannot_be_is_refused(service: Service, machine: dict[str, Any], name: str, reason: str) -> None:
    sent = {"id": "impossible", "vmSize": "Standard_D2s_v3", "virtualMachineConfiguration": {**UBUNTU, **machine}}
    refused = service.send("POST", "/pools", sent, version="2025-06-01")
    assert code(refused, 400) == "InvalidPropertyValue"
    assert (values(refused)["PropertyName"], values(refused)["Reason"]) == (name, reason)


def test_a_users_settings_are_for_the_pools_system(service: Service) -> None:
    user = {"name": "me", "password": "p", "windowsUserConfiguration": {"loginMode": "interactive"}}
    sent = {"id": "x", "vmSize": "Standard_D2s_v3", "virtualMachineConfiguration": UBUNTU, "userAccounts": [user]}
    refused = service.send("POST", "/pools", sent)
    assert code(refused, 400) == "InvalidPropertyValue"
    assert "account 'me' has a mismatch with the OS (Windows/Linux)" in values(refused)["Reason"]


def test_statistics_of_pools_come_when_they_are_asked_for(service: Service, job: str) -> None:
    service.run(job, "busy", "/bin/sh -c 'i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done; cat /etc/passwd'")
    assert "stats" not in shown(service, "main")
    stats = service.get("/pools/main?$expand=stats")["stats"]
    assert stats["usageStats"]["dedicatedCoreTime"] > "PT0S"
    assert stats["resourceStats"]["avgCPUPercentage"] > 0
    assert int(stats["resourceStats"]["diskReadIOps"]) > 0
    for path, member in (("lifetimepoolstats", "usageStats"), ("lifetimejobstats", "userCPUTime")):
        assert member in service.get(f"/{path}", version="2022-10-01.16.0")
        assert code(service.send("GET", f"/{path}"), 400) == "InvalidUri"


def test_a_subnet_lies_in_the_accounts_subscription(service: Service) -> None:
    subnet = f"/subscriptions/{uuid.uuid4()}/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
    sent = {"id": "elsewhere", "vmSize": "Standard_D2s_v3", "virtualMachineConfiguration": UBUNTU}
    refused = service.send("POST", "/pools", {**sent, "networkConfiguration": {"subnetId": subnet}})
    assert code(refused, 400) == "InvalidPropertyValue"
    assert values(refused)["PropertyName"] == "subnetId"


BLOBS = {"accountName": "a", "containerName": "c", "relativeMountPath": "m"}
SHARE = {"source": "//s/s", "relativeMountPath": "n"}


@pytest.mark.parametrize(
    ("settings", "error", "name"),
    [
        ({"startTask": {"commandLine": " "}}, "InvalidPropertyValue", "commandLine"),
        ({"startTask": {"commandLine": "x", "maxTaskRetryCount": -2}}, "InvalidPropertyValue", "maxTaskRetryCount"),
        (
            {"startTask": {"commandLine": "x", "resourceFiles": [{"httpUrl": "https://x"}]}},
            "InvalidPropertyValue",
            "filePath",
        ),
        ({"displayName": "x" * 1025}, "InvalidPropertyValue", "displayName"),
        ({"metadata": [{"name": "", "value": "v"}]}, "EmptyMetadataKey", None),
        ({"virtualMachineConfiguration": None}, "MissingRequiredProperty", "virtualMachineConfiguration"),
        (
            {"virtualMachineConfiguration": {**UBUNTU, "windowsConfiguration": {"enableAutomaticUpdates": True}}},
            "InvalidPropertyValue",
            "windowsConfiguration",
        ),
        (
            {"virtualMachineConfiguration": {**UBUNTU, "dataDisks": [{"lun": 0, "diskSizeGB": 1}] * 2}},
            "InvalidPropertyValue",
            "lun",
        ),
        (
            {"mountConfiguration": [{"azureBlobFileSystemConfiguration": BLOBS}]},
            "InvalidPropertyValue",
            "azureBlobFileSystemConfiguration",
        ),
        (
            {"mountConfiguration": [{"azureBlobFileSystemConfiguration": {**BLOBS, "accountKey": "k", "sasKey": "s"}}]},
            "InvalidPropertyValue",
            "azureBlobFileSystemConfiguration",
        ),
        (
            {
                "mountConfiguration": [
                    {
                        "nfsMountConfiguration": SHARE,
                        "cifsMountConfiguration": {**SHARE, "username": "u", "password": "p"},
                    }
                ]
            },
            "InvalidPropertyValue",
            "mountConfiguration",
        ),
        (
            {"enableAutoScale": True, "autoScaleFormula": "$TargetDedicatedNodes=1;", "targetDedicatedNodes": 1},
            "InvalidAutoScalingSettings",
            None,
        ),
        ({"autoScaleFormula": "$TargetDedicatedNodes=1;"}, "InvalidAutoScalingSettings", None),
        (
            {
                "networkConfiguration": {
                    "endpointConfiguration": {
                        "inboundNATPools": [
                            {
                                "name": "web",
                                "protocol": "tcp",
                                "backendPort": 80,
                                "frontendPortRangeStart": 50000,
                                "frontendPortRangeEnd": 50100,
                            }
                        ]
                    }
                }
            },
            "InvalidPropertyValue",
            "frontendPortRangeStart",
        ),
    ],
)
def test_a_pools_settings_are_what_the_reference_allows(
    service: Service, settings: dict[str, Any], error: str, name: str | None
) -> None:
    sent = {"id": "unmade", "vmSize": "Standard_D2s_v3", "virtualMachineConfiguration": UBUNTU, **settings}
    refused = service.send("POST", "/pools", sent)
    assert (code(refused, 400), values(refused).get("PropertyName")) == (error, name)
    assert service.is_gone("/pools/unmade")
