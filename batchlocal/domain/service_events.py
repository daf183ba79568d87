"""What Azure Batch tells of pools and tasks: the bodies of its service log events, and the metrics of an account.

Sources: the articles batch-pool-create-event, batch-pool-resize-start-event, batch-pool-resize-complete-event,
batch-pool-delete-start-event, batch-pool-delete-complete-event, batch-pool-autoscale-event, batch-task-start-event,
batch-task-complete-event, batch-task-fail-event and batch-task-requeue-event for bodies; "Supported metrics with Azure
Monitor", Microsoft.Batch/batchaccounts, for metrics (all of unit Count, aggregated as Total).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from batchlocal.domain import durations

__all__ = ["COUNTED_EVENTS", "NODE_STATES", "body", "columns"]

Doc = Mapping[str, Any]

COUNTED_EVENTS: Final = (
    *("JobDeleteCompleteEvent", "JobDeleteStartEvent", "JobDisableCompleteEvent", "JobDisableStartEvent"),
    *("JobStartEvent", "JobTerminateCompleteEvent", "JobTerminateStartEvent", "PoolCreateEvent"),
    *("PoolDeleteCompleteEvent", "PoolDeleteStartEvent", "PoolResizeCompleteEvent", "PoolResizeStartEvent"),
    *("TaskCompleteEvent", "TaskFailEvent", "TaskStartEvent"),
)
"""Metrics that count events."""

NODE_STATES: Final = {
    "CreatingNodeCount": "creating",
    "IdleNodeCount": "idle",
    "LeavingPoolNodeCount": "leavingpool",
    "OfflineNodeCount": "offline",
    "PreemptedNodeCount": "preempted",
    "RebootingNodeCount": "rebooting",
    "ReimagingNodeCount": "reimaging",
    "RunningNodeCount": "running",
    "StartingNodeCount": "starting",
    "StartTaskFailedNodeCount": "starttaskfailed",
    "UnusableNodeCount": "unusable",
    "WaitingForStartTaskNodeCount": "waitingforstarttask",
}
"""Metrics that count nodes in a state; beside them CoreCount, LowPriorityCoreCount, TotalNodeCount and
TotalLowPriorityNodeCount."""


def body(kind: str, doc: Doc, job: Doc, at: str, iso: Callable[[int], str]) -> dict[str, Any]:
    """An event's body from the pool or task as it was stored, and for a task what its ``job`` says.

    ``at`` is when it happened; ``iso`` spells an instant in ticks.
    """
    if kind.startswith("Task"):
        return _task(kind, doc, job, iso)
    return _POOL_BODIES[kind](doc, at, iso)


def _created(pool: Doc, _: str, __: Callable[[int], str]) -> dict[str, Any]:
    settings = pool["properties"]
    machine = settings.get("virtualMachineConfiguration") or {}
    image = machine.get("imageReference") or {}
    timeout = durations.seconds(str(settings.get("resizeTimeout") or "PT15M")) or 0
    return {
        "id": pool["id"],
        "displayName": settings.get("displayName", ""),
        "vmSize": settings.get("vmSize", ""),
        "imageType": "VirtualMachineConfiguration",
        "networkConfiguration": {"subnetId": (settings.get("networkConfiguration") or {}).get("subnetId", "")},
        "virtualMachineConfiguration": {
            "imageReference": {name: image.get(name, "") for name in ("publisher", "offer", "sku", "version")},
            "nodeAgentId": machine.get("nodeAgentSKUId", ""),
        },
        "resizeTimeout": str(round(timeout * 1000)),
        "targetDedicatedNodes": pool["target_dedicated"],
        "targetLowPriorityNodes": pool["target_low_priority"],
        "taskSlotsPerNode": settings["taskSlotsPerNode"],
        "vmFillType": str(settings["taskSchedulingPolicy"]["nodeFillType"]).title(),
        "enableAutoScale": settings["enableAutoScale"],
        "enableInterNodeCommunication": settings["enableInterNodeCommunication"],
        "isAutoPool": bool(pool["hidden"].get("automatic")),
    }


def _resize_started(pool: Doc, _: str, __: Callable[[int], str]) -> dict[str, Any]:
    current = pool["current_dedicated"] + pool["current_low_priority"]
    shrinks = pool["target_dedicated"] + pool["target_low_priority"] < current
    return {
        "id": pool["id"],
        "nodeDeallocationOption": pool["deallocation_option"] if shrinks else "Invalid",
        "currentDedicatedNodes": pool["current_dedicated"],
        "targetDedicatedNodes": pool["target_dedicated"],
        "currentLowPriorityNodes": pool["current_low_priority"],
        "targetLowPriorityNodes": pool["target_low_priority"],
        "enableAutoScale": pool["properties"]["enableAutoScale"],
        "isAutoPool": bool(pool["hidden"].get("automatic")),
    }


def _resize_completed(pool: Doc, at: str, iso: Callable[[int], str]) -> dict[str, Any]:
    errors = pool["resize_errors"]
    first = errors[0] if errors else {"code": "Success", "message": "The operation succeeded"}
    times = {"startTime": iso(pool["resize_started"]), "endTime": at}
    return {
        **_resize_started(pool, at, iso),
        **times,
        "resultCode": "Failure" if errors else "Success",
        "resultMessage": first["message"] if not errors else f"{first['code']}: {first['message']}",
    }


def _deleting(pool: Doc, _: str, __: Callable[[int], str]) -> dict[str, Any]:
    return {"id": pool["id"]}


def _deleted(pool: Doc, at: str, iso: Callable[[int], str]) -> dict[str, Any]:
    return {"id": pool["id"], "startTime": iso(pool["state_since"]), "endTime": at}


def _scaled(pool: Doc, _: str, __: Callable[[int], str]) -> dict[str, Any]:
    run = pool["auto_scale_run"]
    told = {"id": pool["id"], "timestamp": run["timestamp"], "formula": pool["properties"].get("autoScaleFormula", "")}
    return {**told, "results": run["results"], **({"error": run["error"]} if run.get("error") else {})}


_POOL_BODIES: Final[dict[str, Callable[[Doc, str, Callable[[int], str]], dict[str, Any]]]] = {
    "PoolCreateEvent": _created,
    "PoolResizeStartEvent": _resize_started,
    "PoolResizeCompleteEvent": _resize_completed,
    "PoolDeleteStartEvent": _deleting,
    "PoolDeleteCompleteEvent": _deleted,
    "PoolAutoScaleEvent": _scaled,
}


def _task(kind: str, task: Doc, job: Doc, iso: Callable[[int], str]) -> dict[str, Any]:
    settings = task["properties"]
    instances = (settings.get("multiInstanceSettings") or {}).get("numberOfInstances", 1)
    return {
        "jobId": job["id"],
        "id": task["id"],
        "taskType": "JobManager" if task["id"] == job.get("manager") else "User",
        "systemTaskVersion": task["requeues"],
        "requiredSlots": int(settings.get("requiredSlots") or 1),
        "nodeInfo": {"poolId": job["pool"], "nodeId": task["node_id"]},
        "multiInstanceSettings": {"numberOfInstances": instances},
        "constraints": {"maxTaskRetryCount": int(settings["constraints"].get("maxTaskRetryCount") or 0)},
        "executionInfo": _execution(kind, task, iso),
    }


def _execution(kind: str, task: Doc, iso: Callable[[int], str]) -> dict[str, Any]:
    if kind == "TaskStartEvent":
        return {"retryCount": task["retries"]}
    found: dict[str, Any] = {"retryCount": task["retries"], "requeueCount": task["requeues"]}
    if task["started"]:
        found["startTime"] = iso(task["started"])
    if task["ended"]:
        found["endTime"] = iso(task["ended"])
    if task["exit_code"] is not None:
        found["exitCode"] = task["exit_code"]
    return found


def columns(event: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """An event's body as the columns of a workspace's table AzureDiagnostics: nested names joined, the type as suffix.

    Source: Azure Monitor documentation, "Azure resource logs", Azure diagnostics mode.
    """
    found: dict[str, Any] = {}
    for name, value in event.items():
        if isinstance(value, Mapping):
            found |= columns(value, f"{prefix}{name}_")
        elif isinstance(value, bool):
            found[f"{prefix}{name}_b"] = value
        elif isinstance(value, int | float):
            found[f"{prefix}{name}_d"] = float(value)
        else:
            suffix = "t" if name.endswith("Time") or name == "timestamp" else "s"
            found[f"{prefix}{name}_{suffix}"] = value
    return found
