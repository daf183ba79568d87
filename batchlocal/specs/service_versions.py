"""How older api-versions of the Batch service differ from 2024-07-01.20.0.

Sources: *client* is azure-batch 1 to 14.2, generated from the versions themselves; *recorded* is traffic of the real
service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batchlocal.specs.differences import PUBLIC_IPS, TEXT, Difference

__all__ = ["SERVICE"]

_CLOUD_SERVICE = {
    "cloudServiceConfiguration": {
        "type": "object",
        "properties": {"osFamily": TEXT, "osVersion": TEXT},
        "required": ["osFamily"],
    }
}
_CLOUD_SERVICE_UPGRADED = {
    "cloudServiceConfiguration": {
        "type": "object",
        "properties": dict.fromkeys(("osFamily", "targetOSVersion", "currentOSVersion"), TEXT),
        "required": ["osFamily"],
    }
}
_LICENSES = {"applicationLicenses": {"type": "array", "items": TEXT}}


def _read_only_before(operation_id: str, path: str, answer: str | None) -> Mapping[str, Any]:
    """An operation that was there only before, without parameters of its own but those of its path."""
    named = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    parameters = [{"name": name, "in": "path", "type": "string", "required": True} for name in named]
    parameters.append({"name": "timeout", "in": "query", "type": "integer", "format": "int32", "default": 30})
    return {"id": operation_id, "method": "GET", "path": path, "parameters": parameters, "responses": {"200": answer}}


_POOLS = ("CloudPool", "PoolAddParameter", "PoolSpecification")
_TASKS = ("CloudTask", "TaskAddParameter")
_SMALL_TASKS = ("JobPreparationTask", "JobReleaseTask", "StartTask")
_RUNS = (
    "JobPreparationTaskExecutionInformation",
    "JobReleaseTaskExecutionInformation",
    "StartTaskInformation",
    "SubtaskInformation",
    "TaskExecutionInformation",
)
_KEPT: Mapping[str, Any] = {"retentionTime": "P10675199DT2H48M5.4775807S"}  # without limit: the longest span of .NET
_SCOPE: Mapping[str, Any] = {"scope": "task"}
_OWN_USER: Mapping[str, Any] = {"userIdentity": {"autoUser": {**_SCOPE, "elevationLevel": "nonadmin"}}}
_KEPT_TASK: Mapping[str, Any] = {"constraints": _KEPT, **_OWN_USER}
_COUNT = {"type": "integer", "format": "int32"}
_TASK_COUNTS = dict.fromkeys(("active", "running", "completed", "succeeded", "failed"), _COUNT)
_SECRET = {"type": "string", "secret": True}
_NOT_ELEVATED = {"runElevated": False}
_RUN_ELEVATED = {"runElevated": {"type": "boolean"}}
_ONE_TARGET = {"targetDedicatedNodes": "targetDedicated"}
_RESULT = {"result": str.capitalize}
_SCHEDULING_ERROR = {"failureInfo": "schedulingError"}
_JOBS = ("CloudJob", "JobAddParameter", "JobPatchParameter", "JobSpecification", "JobUpdateParameter")

SERVICE = (
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
        | {"ComputeNode": ("runningTaskSlotsCount",), "TaskCountsResult": ("taskCounts", "taskSlotCounts")},
        retired={"TaskCountsResult": _TASK_COUNTS},  # recorded
        renamed={pool: {"taskSlotsPerNode": "maxTasksPerNode"} for pool in _POOLS},
    ),
    Difference(  # client
        "2020-03-01.11.0",
        absent={
            "NetworkConfiguration": ("publicIPAddressConfiguration",),
            "VirtualMachineConfiguration": ("diskEncryptionConfiguration",),
        },
        retired={"NetworkConfiguration": PUBLIC_IPS},
    ),
    Difference(  # client
        "2019-08-01.10.0",
        absent={"NetworkConfiguration": ("publicIPs",)} | dict.fromkeys(_POOLS, ("mountConfiguration",)),
    ),
    Difference(  # client
        "2019-06-01.9.0",
        absent={"NetworkSecurityGroupRule": ("sourcePortRanges",), "TaskContainerSettings": ("workingDirectory",)},
        operations=("Account_ListSupportedImages",),
        retired_operations=(_read_only_before("Account_ListNodeAgentSkus", "/nodeagentskus", None),),
    ),
    Difference(  # client
        "2018-12-01.8.0",
        absent={
            "NetworkConfiguration": ("dynamicVNetAssignmentScope",),
            "ResourceFile": ("autoStorageContainerName", "blobPrefix", "storageContainerUrl"),
            "UserAccount": ("windowsUserConfiguration",),
        }
        | dict.fromkeys(("CloudJob", "JobAddParameter", "JobSpecification"), ("networkConfiguration",)),
        renamed={"ResourceFile": {"httpUrl": "blobSource"}},
        # recorded: all answers before show these, all since P7D and the scope pool
        defaults={"TaskConstraints": _KEPT, "JobReleaseTask": {**_KEPT, **_OWN_USER}, "AutoUserSpecification": _SCOPE}
        | dict.fromkeys(("TaskAddParameter", "JobManagerTask", "JobPreparationTask"), _KEPT_TASK)
        | {"StartTask": _OWN_USER},
        retired=dict.fromkeys(_POOLS, _CLOUD_SERVICE_UPGRADED)
        | {"VirtualMachineConfiguration": {"osDisk": {"type": "object", "properties": {"caching": TEXT}}}},
    ),
    Difference(  # client
        "2018-08-01.7.0",
        cased=dict.fromkeys(_RUNS, _RESULT),  # recorded: Success and Failure; with 2018-08-01.7.0 itself both spellings
        absent={"ComputeNode": ("nodeAgentInfo",), "NodeCounts": ("leavingPool",)},
        retired={"TaskCountsResult": {"validationStatus": TEXT}},
    ),
    Difference(  # client
        "2018-03-01.6.1", operations=("Account_ListPoolNodeCounts", "ComputeNode_UploadBatchServiceLogs")
    ),
    Difference(  # client
        "2017-09-01.6.0",
        absent={
            "ImageReference": ("virtualMachineImageId",),
            "VirtualMachineConfiguration": ("containerConfiguration", "dataDisks", "licenseType"),
        }
        | dict.fromkeys((*_TASKS, "JobManagerTask", *_SMALL_TASKS), ("containerSettings",))
        | dict.fromkeys(_RUNS, ("containerInfo",)),
    ),
    Difference(  # client
        "2017-06-01.5.1",
        absent=dict.fromkeys(("ComputeNode", "NetworkConfiguration"), ("endpointConfiguration",)),
        operations=("Job_GetTaskCounts",),
    ),
    Difference(  # client
        "2017-05-01.5.0",
        absent={
            "CloudPool": ("applicationLicenses", "currentLowPriorityNodes", "targetLowPriorityNodes", "resizeErrors"),
            "ComputeNode": ("isDedicated",),
            "ExitConditions": ("fileUploadError",),
            "JobManagerTask": ("allowLowPriorityNode", "outputFiles"),
            "PoolResizeParameter": ("targetLowPriorityNodes",),
            "UserAccount": ("linuxUserConfiguration",),
        }
        | dict.fromkeys(_POOLS[1:], ("applicationLicenses", "targetLowPriorityNodes"))
        | dict.fromkeys(_TASKS, ("outputFiles",))
        | dict.fromkeys(_RUNS, ("result",)),
        renamed={
            "CloudPool": {"currentDedicatedNodes": "currentDedicated", **_ONE_TARGET},
            "ExitConditions": {"preProcessingError": "schedulingError"},
        }
        | dict.fromkeys((*_POOLS[1:], "PoolResizeParameter"), _ONE_TARGET)
        | dict.fromkeys(_RUNS, _SCHEDULING_ERROR),
        retired={"CloudPool": {"resizeError": {"ref": "ResizeError"}}, "UserAccount": {"sshPrivateKey": _SECRET}},
    ),
    Difference(  # client
        "2017-01-01.4.0",
        absent={"JobSpecification": ("onAllTasksComplete", "onTaskFailure")}
        | dict.fromkeys(_POOLS, ("userAccounts",))
        | dict.fromkeys((*_TASKS, "JobManagerTask"), ("authenticationTokenSettings", "userIdentity"))
        | dict.fromkeys(_SMALL_TASKS, ("userIdentity",)),
        # runElevated is kept and shown, and nobody runs by it: tasks run as by default
        retired=dict.fromkeys((*_TASKS, "JobManagerTask", *_SMALL_TASKS), _RUN_ELEVATED),
        defaults=dict.fromkeys(("TaskAddParameter", "JobManagerTask", *_SMALL_TASKS), _NOT_ELEVATED),  # recorded
        operations=("Task_Reactivate",),
    ),
)
