"""Tasks as the service plane shows them (F11)."""

from __future__ import annotations

from typing import Any

from batchlocal.domain.job import Job
from batchlocal.domain.task import Task
from batchlocal.protocol import moments
from batchlocal.service.answers import expands_stats, head_shown
from batchlocal.service.call import ServiceCall
from batchlocal.service.job_bodies import failure_shown, root_directory
from batchlocal.service.statistics import of_task

__all__ = ["execution_info", "node_info", "task_shown"]


def task_shown(call: ServiceCall, job: Job, task: Task) -> dict[str, Any]:
    """The task's JSON; of a multi-instance task, its primary's."""
    url = f"{call.url}/jobs/{job.id}/tasks/{task.id}"
    body = {**head_shown(task, url), **task.properties, "executionInfo": execution_info(task)}
    if task.node_id or task.state == "completed":
        body["nodeInfo"] = node_info(call, job, task)
    if expands_stats(call):
        body["stats"] = of_task(url, task, call.now)
    return body


def execution_info(task: Task) -> dict[str, Any]:
    """How the task runs, or ran; what waits has no ``startTime`` (REST reference, TaskExecutionInformation)."""
    info: dict[str, Any] = {}
    if task.started and task.state in ("running", "completed"):
        info["startTime"] = moments.iso(task.started)
    if task.ended:
        info["endTime"] = moments.iso(task.ended)
    if task.exit_code is not None:
        info["exitCode"] = task.exit_code
    if task.failure:
        info["failureInfo"] = failure_shown(task.failure)
    if task.result:
        info["result"] = task.result
    info |= {"retryCount": task.retries, "requeueCount": task.requeues}
    if task.last_retry:
        info["lastRetryTime"] = moments.iso(task.last_retry)
    if task.last_requeue:
        info["lastRequeueTime"] = moments.iso(task.last_requeue)
    return info


def node_info(call: ServiceCall, job: Job, task: Task) -> dict[str, Any]:
    """Where the task runs, or ran; empty for one that ended without a node (F11)."""
    if not task.node_id:
        return {}
    return {
        "affinityId": f"TVM:{task.node_id}",
        "nodeUrl": f"{call.url}/pools/{job.pool_id}/nodes/{task.node_id}",
        "poolId": job.pool_id,
        "nodeId": task.node_id,
        **root_directory(call, job, task.node_id, task.id),
    }
