"""Bodies of pools that set, between them, everything that pools of 2025-06-01 take.

A part of ``management_methods.py``.
"""

from __future__ import annotations

from typing import Any

__all__ = ["pools_with_everything"]

Body = dict[str, Any]


def pools_with_everything(ids: dict[str, str]) -> dict[str, Body]:
    """By name.

    ``ids`` has those of ``subnet``, ``address`` (public IP), ``identity``, ``application`` (with version 1.0),
    ``gallery``, and ``vaultUrl``.
    """
    own = {"type": "UserAssigned", "userAssignedIdentities": {ids["identity"]: {}}}
    me = {"resourceId": ids["identity"]}
    bodies = {"linux": _linux(ids, me), "windows": _windows(ids), "encrypted": _encrypted(ids, me)}
    for form in ("id", "sharedGalleryImageId", "communityGalleryImageId"):
        bodies[f"image-{form}"] = _of_image(form, ids["gallery"])
    return {name: {"identity": own, "tags": {"a": "b"}, "properties": body} for name, body in bodies.items()}


def _linux(ids: dict[str, str], me: Body) -> Body:
    image = {"publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2204", "version": "latest"}
    registry = {"registryServer": "registry.example", "identityReference": me}
    other = {"registryServer": "other.example", "username": "u", "password": "p"}
    profile = {"inVMAccessControlProfileReferenceId": f"{ids['gallery']}/inVMAccessControlProfiles/a/versions/1.0.0"}
    ssd = {"storageAccountType": "StandardSSD_LRS"}
    containers = {"type": "DockerCompatible", "containerImageNames": ["busybox"]}
    machine = {
        "imageReference": image,
        "nodeAgentSkuId": "batch.node.ubuntu 22.04",
        "containerConfiguration": {**containers, "containerRegistries": [registry, other]},
        "dataDisks": [{"lun": 0, "diskSizeGB": 10, "caching": "ReadOnly", "managedDisk": ssd}],
        "nodePlacementConfiguration": {"policy": "Zonal"},
        "osDisk": {
            "caching": "ReadWrite",
            "diskSizeGB": 100,
            "managedDisk": {"storageAccountType": "Premium_LRS"},
            "writeAcceleratorEnabled": False,
        },
        "extensions": [
            {
                "name": "watch",
                "publisher": "Microsoft.Azure.Monitor",
                "type": "AzureMonitorLinuxAgent",
                "typeHandlerVersion": "1.0",
                "autoUpgradeMinorVersion": True,
                "enableAutomaticUpgrade": True,
                "settings": {"a": {"b": 1}},
                "protectedSettings": {"c": "d"},
                "provisionAfterExtensions": [],
            }
        ],
        "serviceArtifactReference": {"id": f"{ids['gallery']}/serviceArtifacts/a/vmArtifactsProfiles/b"},
        "securityProfile": {
            "securityType": "TrustedLaunch",
            "encryptionAtHost": True,
            "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True},
            "proxyAgentSettings": {"enabled": True, "imds": {"mode": "Audit"}, "wireServer": profile},
        },
    }
    return {
        "displayName": "Everything",
        "vmSize": "Standard_D2s_v3",
        "deploymentConfiguration": {"virtualMachineConfiguration": machine},
        "scaleSettings": {
            "fixedScale": {
                "targetDedicatedNodes": 0,
                "targetLowPriorityNodes": 1,
                "resizeTimeout": "PT20M",
                "nodeDeallocationOption": "TaskCompletion",
            }
        },
        "interNodeCommunication": "Disabled",
        "networkConfiguration": _network(ids),
        "taskSlotsPerNode": 2,
        "taskSchedulingPolicy": {"nodeFillType": "Pack", "jobDefaultOrder": "CreationTime"},
        "userAccounts": [
            {
                "name": "worker",
                "password": "Secret-123",
                "elevationLevel": "Admin",
                "linuxUserConfiguration": {"uid": 1500, "gid": 1500, "sshPrivateKey": "key"},
            }
        ],
        "metadata": [{"name": "a", "value": "b"}],
        "startTask": _start_task(me, {**registry}),
        "applicationPackages": [{"id": ids["application"], "version": "1.0"}],
        "mountConfiguration": _mounts(me),
        "upgradePolicy": {
            "mode": "Automatic",
            "automaticOSUpgradePolicy": {
                "disableAutomaticRollback": True,
                "enableAutomaticOSUpgrade": True,
                "useRollingUpgradePolicy": True,
                "osRollingUpgradeDeferral": True,
            },
            "rollingUpgradePolicy": {
                "enableCrossZoneUpgrade": True,
                "maxBatchInstancePercent": 20,
                "maxUnhealthyInstancePercent": 20,
                "maxUnhealthyUpgradedInstancePercent": 20,
                "pauseTimeBetweenBatches": "PT0S",
                "prioritizeUnhealthyInstances": False,
                "rollbackFailedInstancesOnPolicyBreach": False,
            },
        },
    }


def _network(ids: dict[str, str]) -> Body:
    rule = {"priority": 150, "access": "Allow", "sourceAddressPrefix": "*", "sourcePortRanges": ["*"]}
    ports = {"backendPort": 8080, "frontendPortRangeStart": 15000, "frontendPortRangeEnd": 15100}
    inbound = {"name": "web", "protocol": "TCP", **ports, "networkSecurityGroupRules": [rule]}
    return {
        "subnetId": ids["subnet"],
        "dynamicVnetAssignmentScope": "none",
        "enableAcceleratedNetworking": True,
        "endpointConfiguration": {"inboundNatPools": [inbound]},
        "publicIPAddressConfiguration": {"provision": "UserManaged", "ipAddressIds": [ids["address"]]},
    }


def _start_task(me: Body, registry: Body) -> Body:
    return {
        "commandLine": "/bin/true",
        "resourceFiles": [
            {"autoStorageContainerName": "in", "blobPrefix": "a", "filePath": "b"},
            {"storageContainerUrl": "https://s.example/in", "identityReference": me},
            {"httpUrl": "https://s.example/in/a", "filePath": "a", "fileMode": "0700"},
        ],
        "environmentSettings": [{"name": "A", "value": "b"}],
        "userIdentity": {"autoUser": {"scope": "Pool", "elevationLevel": "Admin"}},
        "maxTaskRetryCount": 1,
        "waitForSuccess": True,
        "containerSettings": {
            "imageName": "busybox",
            "containerRunOptions": "--rm",
            "workingDirectory": "TaskWorkingDirectory",
            "registry": registry,
            "containerHostBatchBindMounts": [{"source": "Task", "isReadOnly": True}],
        },
    }


def _mounts(me: Body) -> list[Body]:
    blobs = {"accountName": "s", "containerName": "c", "blobfuseOptions": "-o x", "relativeMountPath": "blobs"}
    there = {"source": "s:/c", "mountOptions": "-o x"}
    files = {"accountName": "s", "azureFileUrl": "https://s.file.example/c", "accountKey": "aGFsbG8=", **there}
    del files["source"]
    return [
        {"azureBlobFileSystemConfiguration": {**blobs, "identityReference": me}},
        {"nfsMountConfiguration": {**there, "relativeMountPath": "nfs"}},
        {"cifsMountConfiguration": {**there, "relativeMountPath": "cifs", "userName": "u", "password": "p"}},
        {"azureFileShareConfiguration": {**files, "relativeMountPath": "files"}},
    ]


def _windows(ids: dict[str, str]) -> Body:
    image = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter"}
    machine = {
        "imageReference": image,
        "nodeAgentSkuId": "batch.node.windows amd64",
        "licenseType": "Windows_Server",
        "windowsConfiguration": {"enableAutomaticUpdates": False},
        "diskEncryptionConfiguration": {"targets": ["OsDisk", "TemporaryDisk"]},
        "osDisk": {"ephemeralOSDiskSettings": {"placement": "CacheDisk"}},
    }
    broken = "$TargetDedicatedNodes = unknown;"
    tags = [{"ipTagType": "FirstPartyUsage", "tag": "/Batch"}]
    return {
        "vmSize": "Standard_D2s_v3",
        "deploymentConfiguration": {"virtualMachineConfiguration": machine},
        "scaleSettings": {"autoScale": {"formula": broken, "evaluationInterval": "PT10M"}},
        "networkConfiguration": {
            "publicIPAddressConfiguration": {
                "provision": "BatchManaged",
                "ipFamilies": ["IPv4", "IPv6"],
                "ipTags": tags,
            }
        },
        "userAccounts": [
            {"name": "w", "password": "Secret-123", "windowsUserConfiguration": {"loginMode": "Batch"}},
        ],
        "startTask": {"commandLine": "cmd /c ver", "userIdentity": {"userName": "w"}},
    }


def _encrypted(ids: dict[str, str], me: Body) -> Body:
    key = {"keyUrl": f"{ids['vaultUrl']}keys/k", "rotationToLatestKeyVersionEnabled": True, "identityReference": me}
    keys = {"id": ids["gallery"].replace("galleries", "diskEncryptionSets")}
    confidential = {"securityEncryptionType": "DiskWithVMGuestState", "diskEncryptionSet": keys}
    machine = {
        "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
        "nodeAgentSkuId": "batch.node.ubuntu 24.04",
        "diskEncryptionConfiguration": {"targets": ["OsDisk"], "customerManagedKey": key},
        "securityProfile": {"securityType": "ConfidentialVM"},
        "osDisk": {"managedDisk": {"securityProfile": confidential}},
        "dataDisks": [{"lun": 0, "diskSizeGB": 10, "managedDisk": {"diskEncryptionSet": keys}}],
    }
    return {"vmSize": "Standard_DC2as_v5", "deploymentConfiguration": {"virtualMachineConfiguration": machine}}


def _of_image(form: str, gallery: str) -> Body:
    named = {
        "id": f"{gallery}/images/i/versions/1.0.0",
        "sharedGalleryImageId": "/SharedGalleries/g/Images/i/Versions/latest",
        "communityGalleryImageId": "/CommunityGalleries/g/Images/i/Versions/latest",
    }
    machine = {"imageReference": {form: named[form]}, "nodeAgentSkuId": "batch.node.ubuntu 24.04"}
    return {"vmSize": "Standard_D2s_v3", "deploymentConfiguration": {"virtualMachineConfiguration": machine}}
