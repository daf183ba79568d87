"""Every api-version that is answered, the table that serves it, and how it differs from that table.

The tables hold the versions we have descriptions of; what an older version lacks or calls otherwise is kept here by
hand. Sources: *client* is Microsoft's client library generated from the version itself (azure-mgmt-batch 6 to 17.3,
azure-batch 8 to 14.2); *recorded* is traffic of the real service; *provider* is the list of api-versions that ARM
gives for Microsoft.Batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["SERVED_BY", "Difference", "differences"]

SERVED_BY: Mapping[str, Mapping[str, str]] = {
    # provider, March 2024; newer ones by azure-mgmt-batch 18 and 19
    "Microsoft.Batch": {"2025-06-01": "2025-06-01"}
    | dict.fromkeys(
        (
            "2024-07-01", "2024-02-01", "2023-11-01", "2023-05-01", "2022-10-01", "2022-06-01", "2022-01-01",
            "2021-06-01", "2021-01-01", "2020-09-01", "2020-05-01", "2020-03-01", "2019-08-01", "2019-04-01",
            "2018-12-01", "2017-09-01", "2017-05-01", "2017-01-01", "2015-12-01",
        ),
        "2024-07-01",
    ),
    # what clients of today send (azure-mgmt-storage 25 2026-09-01, az and azurerm 2025-08-01), and those before
    "Microsoft.Storage": dict.fromkeys(
        (
            "2026-09-01", "2025-08-01", "2025-06-01", "2025-01-01", "2024-01-01", "2023-05-01", "2023-04-01",
            "2023-01-01", "2022-09-01", "2022-05-01", "2021-09-01", "2021-08-01", "2021-06-01", "2021-04-01",
            "2021-02-01", "2021-01-01", "2019-06-01", "2019-04-01", "2018-11-01", "2018-07-01", "2018-02-01",
            "2017-10-01", "2017-06-01", "2016-12-01", "2016-05-01", "2016-01-01", "2015-06-15",
        ),
        "2023-05-01",
    ),
    # client
    "service": {"2025-06-01": "2025-06-01"}
    | dict.fromkeys(
        (
            "2024-07-01.20.0", "2024-02-01.19.0", "2023-11-01.18.0", "2023-05-01.17.0", "2022-10-01.16.0",
            "2022-01-01.15.0", "2021-06-01.14.0", "2020-09-01.12.0", "2020-03-01.11.0", "2019-08-01.10.0",
        ),
        "2024-07-01.20.0",
    ),
}  # fmt: skip
"""By namespace and api-version, newest first: the version whose table serves it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What became different in api-version ``since``; versions before it are as told here.

    ``absent``: properties that were not there yet, by schema. ``renamed``: by schema, today's name to the name before.
    ``retired``: by schema, properties that were there only before, in the tables' notation; ``retired_operations``:
    operations of that kind. ``operations``: those not there yet. ``statuses``: operations that answered another success
    status. ``values``: what answers show whatever is stored, by schema and today's name. ``lowered``: properties whose
    values answers showed in lower case, by schema.
    """

    since: str
    absent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    renamed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    retired: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    retired_operations: tuple[Mapping[str, Any], ...] = ()
    operations: tuple[str, ...] = ()
    statuses: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lowered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_CLOUD_SERVICE = {
    "cloudServiceConfiguration": {
        "type": "object",
        "properties": {"osFamily": {"type": "string"}, "osVersion": {"type": "string"}},
        "required": ["osFamily"],
    }
}
_LICENSES = {"applicationLicenses": {"type": "array", "items": {"type": "string"}}}
_PUBLIC_IPS = {"publicIPs": {"type": "array", "items": {"type": "string"}}}

_TEXT = {"type": "string"}
_FLAT_APPLICATION = {
    "packages": {"type": "array", "items": {"ref": "ApplicationPackage"}},
    "displayName": _TEXT,
    "allowUpdates": {"type": "boolean"},
    "defaultVersion": _TEXT,
}
_FLAT_PACKAGE = {
    **dict.fromkeys(("version", "storageUrl", "state", "format"), _TEXT),
    "storageUrlExpiry": {"type": "string", "format": "date-time"},
    "lastActivationTime": {"type": "string", "format": "date-time"},
}

_BATCH = (
    Difference(  # client
        "2024-07-01",
        absent={
            "ImageReference": ("sharedGalleryImageId", "communityGalleryImageId"),
            "ManagedDisk": ("securityProfile",),
            "TaskContainerSettings": ("containerHostBatchBindMounts",),
            "AzureProxyResource": ("tags",),
        },
        retired={"DeploymentConfiguration": _CLOUD_SERVICE},
        operations=(
            "NetworkSecurityPerimeter_ListConfigurations",
            "NetworkSecurityPerimeter_GetConfiguration",
            "NetworkSecurityPerimeter_ReconcileConfiguration",
        ),
    ),
    Difference(  # client
        "2024-02-01",
        absent={"PoolProperties": ("upgradePolicy",), "SupportedSku": ("batchSupportEndOfLife",)},
    ),
    Difference(  # client
        "2023-11-01",
        absent={
            "PoolProperties": ("resourceTags",),
            "OSDisk": ("caching", "managedDisk", "diskSizeGB", "writeAcceleratorEnabled"),
            "VirtualMachineConfiguration": ("securityProfile", "serviceArtifactReference"),
        },
    ),
    Difference(  # client
        "2023-05-01",
        absent={"NetworkConfiguration": ("enableAcceleratedNetworking",), "VMExtension": ("enableAutomaticUpgrade",)},
    ),
    Difference(  # client
        "2022-10-01",
        absent={"PoolProperties": ("targetNodeCommunicationMode", "currentNodeCommunicationMode")},
        renamed={
            "CIFSMountConfiguration": {"userName": "username"},
            "NetworkConfiguration": {"dynamicVnetAssignmentScope": "dynamicVNetAssignmentScope"},
            "PrivateLinkServiceConnectionState": {"actionsRequired": "actionRequired"},
        },
    ),
    Difference(  # client
        "2022-06-01",
        absent={
            "BatchAccountProperties": ("networkProfile", "nodeManagementEndpoint"),
            "BatchAccountCreateProperties": ("networkProfile",),
            "BatchAccountUpdateProperties": ("networkProfile", "publicNetworkAccess"),
            "PrivateEndpointConnectionProperties": ("groupIds",),
        },
        operations=("PrivateEndpointConnection_Delete",),
    ),
    Difference(  # client
        "2022-01-01",
        absent={"NetworkConfiguration": ("dynamicVnetAssignmentScope",)},
        operations=("BatchAccount_ListDetectors", "BatchAccount_GetDetector"),
    ),
    Difference(  # client; the authentication modes also recorded
        "2021-06-01",
        absent={
            "AutoStorageBaseProperties": ("authenticationMode", "nodeIdentityReference"),
            "AzureBlobFileSystemConfiguration": ("identityReference",),
            "BatchAccountProperties": ("allowedAuthenticationModes",),
            "BatchAccountCreateProperties": ("allowedAuthenticationModes",),
            "BatchAccountUpdateProperties": ("allowedAuthenticationModes",),
            "ContainerRegistry": ("identityReference",),
            "Operation": ("isDataAction",),
            "ResourceFile": ("identityReference",),
            "VirtualMachineConfiguration": ("osDisk",),
        },
        operations=(
            "BatchAccount_ListOutboundNetworkDependenciesEndpoints",
            "Location_ListSupportedVirtualMachineSkus",
        ),
        # recorded: 12 answers of 2019-08-01 and 2020-05-01 have false, 41 of 2021-06-01 true, without an exception
        values={"BatchAccountProperties": {"dedicatedCoreQuotaPerVMFamilyEnforced": False}},
    ),
    Difference(  # client
        "2021-01-01",
        absent={
            "BatchAccountIdentity": ("userAssignedIdentities",),
            "Pool": ("identity",),
            "VirtualMachineConfiguration": ("extensions", "nodePlacementConfiguration"),
        },
    ),
    Difference("2020-09-01", renamed={"PoolProperties": {"taskSlotsPerNode": "maxTasksPerNode"}}),  # client, recorded
    Difference(  # client, recorded
        "2020-05-01",
        absent=dict.fromkeys(
            ("BatchAccount", "BatchAccountCreateParameters", "BatchAccountUpdateParameters"), ("identity",)
        ),
    ),
    Difference(  # client, recorded
        "2020-03-01",
        absent={
            "BatchAccountProperties": ("encryption", "publicNetworkAccess", "privateEndpointConnections"),
            "BatchAccountCreateProperties": ("encryption", "publicNetworkAccess"),
            "BatchAccountUpdateProperties": ("encryption",),
            "NetworkConfiguration": ("publicIPAddressConfiguration",),
            "VirtualMachineConfiguration": ("diskEncryptionConfiguration",),
        },
        retired={"NetworkConfiguration": _PUBLIC_IPS},
        operations=(
            "PrivateLinkResource_ListByBatchAccount",
            "PrivateLinkResource_Get",
            "PrivateEndpointConnection_ListByBatchAccount",
            "PrivateEndpointConnection_Get",
            "PrivateEndpointConnection_Update",
        ),
    ),
    Difference(  # client, recorded
        "2019-08-01",
        absent={
            "BatchAccountProperties": ("dedicatedCoreQuotaPerVMFamily", "dedicatedCoreQuotaPerVMFamilyEnforced"),
            "NetworkSecurityGroupRule": ("sourcePortRanges",),
            "PoolProperties": ("mountConfiguration",),
            "TaskContainerSettings": ("workingDirectory",),
        },
    ),
    Difference(  # recorded: 146 answers before, 283 after, no exception; the form also client
        "2018-12-01",
        absent={"Application": ("properties",), "ApplicationPackage": ("properties",)},
        retired={"Application": _FLAT_APPLICATION, "ApplicationPackage": _FLAT_PACKAGE},
        statuses={
            "Application_Create": 201,
            "Application_Update": 204,
            "Application_Delete": 204,
            "ApplicationPackage_Create": 201,
            "ApplicationPackage_Activate": 204,
            "ApplicationPackage_Delete": 204,
        },
    ),
    Difference(  # provider
        "2017-09-01",
        operations=(
            "Pool_Create",
            "Pool_Update",
            "Pool_Get",
            "Pool_Delete",
            "Pool_ListByBatchAccount",
            "Pool_DisableAutoScale",
            "Pool_StopResize",
            "Certificate_Create",
            "Certificate_Update",
            "Certificate_Get",
            "Certificate_Delete",
            "Certificate_CancelDeletion",
            "Certificate_ListByBatchAccount",
        ),
    ),
    Difference(  # recorded
        "2017-05-01",
        absent={"BatchAccountProperties": ("lowPriorityCoreQuota",)},
        renamed={"BatchAccountProperties": {"dedicatedCoreQuota": "coreQuota"}},
        lowered={"BatchAccountProperties": ("poolAllocationMode",)},
    ),
    Difference("2017-01-01", absent={"BatchAccountProperties": ("poolAllocationMode",)}),  # recorded
)


def _read_only_before(operation_id: str, path: str, answer: str | None) -> Mapping[str, Any]:
    """An operation that was there only before, without parameters of its own but those of its path."""
    named = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    parameters = [{"name": name, "in": "path", "type": "string", "required": True} for name in named]
    parameters.append({"name": "timeout", "in": "query", "type": "integer", "format": "int32", "default": 30})
    return {"id": operation_id, "method": "GET", "path": path, "parameters": parameters, "responses": {"200": answer}}


_POOLS = ("CloudPool", "PoolAddParameter", "PoolSpecification")
_JOBS = ("CloudJob", "JobAddParameter", "JobPatchParameter", "JobSpecification", "JobUpdateParameter")

_SERVICE = (
    Difference(  # client
        "2024-07-01.20.0",
        absent={
            "ImageReference": ("sharedGalleryImageId", "communityGalleryImageId"),
            "JobNetworkConfiguration": ("skipWithdrawFromVNet",),
            "JobPatchParameter": ("networkConfiguration",),
            "ManagedDisk": ("securityProfile",),
            "NodeCounts": ("deallocated", "deallocating"),
            "PoolPatchParameter": (
                "displayName",
                "vmSize",
                "taskSlotsPerNode",
                "taskSchedulingPolicy",
                "enableInterNodeCommunication",
                "virtualMachineConfiguration",
                "networkConfiguration",
                "userAccounts",
                "mountConfiguration",
                "upgradePolicy",
                "resourceTags",
            ),
            "TaskContainerSettings": ("containerHostBatchBindMounts",),
        },
        retired=dict.fromkeys(_POOLS, _CLOUD_SERVICE | _LICENSES),
        retired_operations=(
            _read_only_before("ComputeNode_GetRemoteDesktop", "/pools/{poolId}/nodes/{nodeId}/rdp", None),
        ),
        operations=("ComputeNode_Start", "ComputeNode_Deallocate"),
    ),
    Difference(  # client
        "2024-02-01.19.0",
        absent={"NodeCounts": ("upgradingOS",)} | dict.fromkeys(_POOLS, ("upgradePolicy",)),
    ),
    Difference(  # client
        "2023-11-01.18.0",
        absent={
            "OSDisk": ("caching", "managedDisk", "diskSizeGB", "writeAcceleratorEnabled"),
            "VirtualMachineConfiguration": ("securityProfile", "serviceArtifactReference"),
            "VirtualMachineInfo": ("scaleSetVmResourceId",),
        }
        | dict.fromkeys(_POOLS, ("resourceTags",)),
    ),
    Difference(  # client
        "2023-05-01.17.0",
        absent={"NetworkConfiguration": ("enableAcceleratedNetworking",), "VMExtension": ("enableAutomaticUpgrade",)},
        retired_operations=(  # recorded with 2020-09-01.12.0
            _read_only_before("Pool_GetAllLifetimeStatistics", "/lifetimepoolstats", "PoolStatistics"),
            _read_only_before("Job_GetAllLifetimeStatistics", "/lifetimejobstats", "JobStatistics"),
        ),
    ),
    Difference(  # client
        "2022-10-01.16.0",
        absent={
            "CloudPool": ("targetNodeCommunicationMode", "currentNodeCommunicationMode"),
            "PoolAddParameter": ("targetNodeCommunicationMode",),
            "PoolPatchParameter": ("targetNodeCommunicationMode",),
            "PoolSpecification": ("targetNodeCommunicationMode",),
            "PoolUpdatePropertiesParameter": ("targetNodeCommunicationMode",),
        },
    ),
    Difference(  # client
        "2022-01-01.15.0",
        absent={"OutputFileBlobContainerDestination": ("uploadHeaders",)}
        | dict.fromkeys(_JOBS, ("allowTaskPreemption",))
        | {"JobUpdateParameter": ("allowTaskPreemption", "maxParallelTasks")},
    ),
    Difference(  # client
        "2021-06-01.14.0",
        absent={
            "AzureBlobFileSystemConfiguration": ("identityReference",),
            "CloudPool": ("identity",),
            "ComputeNode": ("virtualMachineInfo",),
            "ContainerRegistry": ("identityReference",),
            "ImageReference": ("exactVersion",),
            "OutputFileBlobContainerDestination": ("identityReference",),
            "ResourceFile": ("identityReference",),
            "UploadBatchServiceLogsConfiguration": ("identityReference",),
            "VirtualMachineConfiguration": ("extensions", "nodePlacementConfiguration", "osDisk"),
        }
        | dict.fromkeys(_JOBS[:4], ("maxParallelTasks",)),
        operations=("ComputeNodeExtension_Get", "ComputeNodeExtension_List"),
    ),
    Difference(  # client
        "2020-09-01.12.0",
        absent=dict.fromkeys(("CloudTask", "JobManagerTask", "TaskAddParameter"), ("requiredSlots",))
        | {"ComputeNode": ("runningTaskSlotsCount",)},
        renamed={pool: {"taskSlotsPerNode": "maxTasksPerNode"} for pool in _POOLS},
    ),
    Difference(  # client
        "2020-03-01.11.0",
        absent={
            "NetworkConfiguration": ("publicIPAddressConfiguration",),
            "VirtualMachineConfiguration": ("diskEncryptionConfiguration",),
        },
        retired={"NetworkConfiguration": _PUBLIC_IPS},
    ),
)

_DIFFERENCES: Mapping[str, tuple[Difference, ...]] = {"Microsoft.Batch": _BATCH, "service": _SERVICE}


def differences(namespace: str, api_version: str) -> tuple[Difference, ...]:
    """How ``api_version`` differs from the table that serves it, newest difference first."""
    return tuple(one for one in _DIFFERENCES.get(namespace, ()) if api_version < one.since)
