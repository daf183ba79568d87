"""What Azure Batch tells of pools and tasks: the bodies of its service log events, and the metrics of an account.

Sources: the articles batch-pool-create-event, batch-pool-resize-start-event, batch-pool-resize-complete-event,
batch-pool-delete-start-event, batch-pool-delete-complete-event, batch-pool-autoscale-event, batch-task-start-event,
batch-task-complete-event, batch-task-fail-event, batch-task-requeue-event, batch-task-schedule-fail-event and
batch-special-task-event for bodies; "Supported metrics with Azure Monitor", Microsoft.Batch/batchaccounts, for metrics
(all of unit Count, aggregated as Total).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from batchlocal.domain import durations
from batchlocal.domain.job import Job
from batchlocal.domain.task import Task

__all__ = [
    "COUNTED_EVENTS",
    "NODE_STATES",
    "NOT_PREPARED",
    "NO_SLOTS",
    "SCHEDULE_FAILED",
    "SPECIAL",
    "body",
    "columns",
    "facts_of",
    "metric_record",
    "not_scheduled",
    "special",
]

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

SCHEDULE_FAILED: Final = "TaskScheduleFailEvent"
SPECIAL: Final = "SpecialTaskEvent"
"""Named as the other events are named after their articles; the article itself does not tell its operationName."""

NOT_PREPARED: Final = {
    "category": "UserError",
    "code": "JobPreparationTaskFailed",
    "message": "Task cannot run because the job preparation task failed on node",
}
"""The scheduling error of the article's example."""
NO_SLOTS: Final = {
    "category": "UserError",
    "code": "NotEnoughTaskSlots",
    "message": "No node has as many free task slots as the task needs",
}
"""The article names the cause and no code; this one is ours."""


def facts_of(job: Job) -> dict[str, Any]:
    """What an event of a task tells of its job, as ``store/event_triggers`` notes it too."""
    manager = (job.properties.get("jobManagerTask") or {}).get("id")
    return {"id": job.id, "pool": job.pool, "manager": manager}


def not_scheduled(task: Task, error: Mapping[str, str]) -> dict[str, Any]:
    """The fact that a task found no place, or lost the one it had; it waits and is tried again."""
    return {**asdict(task), "node_id": " ", "scheduling_error": dict(error)}


def special(job: str, name: str, kind: str, place: tuple[str, str], info: Doc) -> dict[str, Any]:
    """The fact that one of the job's or the pool's own tasks has ended.

    ``job`` is empty for a start task; ``place`` are the ids of pool and node; ``info`` is the task's information in the
    service's spelling (``startTime``, ``endTime``, ``exitCode``, ``failureInfo``).
    """
    return {"job": job, "name": name, "type": kind, "pool": place[0], "node": place[1], "info": dict(info)}


def body(kind: str, doc: Doc, job: Doc, at: str, iso: Callable[[int], str]) -> dict[str, Any]:
    """An event's body from the pool or task as it was stored, and for a task what its ``job`` says.

    ``at`` is when it happened; ``iso`` spells an instant in ticks.
    """
    if kind == SPECIAL:
        return _special(doc)
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
        **_outcome(kind, task, iso),
    }


def _outcome(kind: str, task: Doc, iso: Callable[[int], str]) -> dict[str, Any]:
    if kind == SCHEDULE_FAILED:
        return {"schedulingError": task["scheduling_error"]}
    return {"executionInfo": _execution(kind, task, iso)}


def _special(doc: Doc) -> dict[str, Any]:
    info: Doc = doc["info"]
    failure = info.get("failureInfo") or {}
    told = {name: info[name] for name in ("startTime", "endTime", "exitCode") if info.get(name) is not None}
    error = {name: failure[name] for name in ("category", "code", "message") if failure.get(name)}
    return {
        **({"jobId": doc["job"]} if doc["job"] else {}),
        "taskName": doc["name"],
        "taskType": doc["type"],
        "nodeInfo": {"poolId": doc["pool"], "nodeId": doc["node"]},
        "executionInfo": {
            **told,
            "result": "failure" if failure else "success",
            "schedulingError": {**error, "details": failure.get("details") or []},
        },
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
        elif isinstance(value, list):
            found[f"{prefix}{name}_s"] = json.dumps(value)
        else:
            suffix = "t" if name.endswith("Time") or name == "timestamp" else "s"
            found[f"{prefix}{name}_{suffix}"] = value
    return found


def metric_record(account: str, name: str, value: int, at: str) -> dict[str, Any]:
    """A metric's value of one minute as diagnostic settings export it; ``account`` is the Batch account's id.

    Source: Azure Monitor documentation, platform metrics in a diagnostic setting's destinations.
    """
    figures = {"total": value, "minimum": value, "maximum": value, "average": value}
    where = {"resourceId": account.upper(), "time": at, "metricName": name, "timeGrain": "PT1M"}
    return {"count": 1, **figures, **where}
