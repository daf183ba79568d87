"""Jobs as the service plane shows them (F11)."""

from __future__ import annotations

from typing import Any

from batchlocal.domain.job import Job
from batchlocal.domain.job_node import JobNode, Run
from batchlocal.domain.job_settings import Properties
from batchlocal.domain.pool import node_path
from batchlocal.protocol import moments
from batchlocal.service.answers import expands_stats, head_shown
from batchlocal.service.call import ServiceCall
from batchlocal.service.statistics import of_jobs
from batchlocal.store.tasks import TaskCounts

__all__ = ["failure_shown", "job_shown", "node_status_shown", "root_directory", "task_counts_shown"]

_CATEGORIES = {"usererror": "UserError", "servererror": "ServerError"}


def job_shown(call: ServiceCall, job: Job) -> Properties:
    """The job's JSON."""
    body = head_shown(job, f"{call.url}/jobs/{job.id}")
    info: Properties = {"startTime": moments.iso(job.created), **({"poolId": job.pool_id} if job.pool_id else {})}
    if job.scheduling_error:
        info["schedulingError"] = failure_shown(job.scheduling_error)
    if job.terminate_reason:
        info["terminateReason"] = job.terminate_reason
    if job.ended:
        info["endTime"] = moments.iso(job.ended)
    body |= {**job.properties, "executionInfo": info}
    if expands_stats(call):
        counts, _ = call.tx.tasks.counts(job.key)
        times = call.tx.tasks.times(job.key)
        body["stats"] = of_jobs(f"{body['url']}/stats", job.created, call.now, [counts], [times])
    return body


def task_counts_shown(counts: TaskCounts) -> dict[str, int]:
    """Numbers of tasks, or of their slots, by state."""
    return {
        "active": counts.active,
        "running": counts.running,
        "completed": counts.completed,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
    }


def failure_shown(failure: Properties) -> Properties:
    """Failure information; its category is spelt ``UserError`` (F11, recorded until 2025)."""
    return {**failure, "category": _CATEGORIES.get(failure["category"], failure["category"])}


def root_directory(call: ServiceCall, job: Job, node: str, task_id: str) -> dict[str, str]:
    """Where a task of the job lies on a node."""
    directory = f"{job.directory}/{task_id}"
    files = f"{call.url}/pools/{job.pool_id}/nodes/{node}/files"
    spelt = node_path(directory, windows=call.is_windows(job.pool))
    return {"taskRootDirectory": spelt, "taskRootDirectoryUrl": f"{files}/{directory}"}


def node_status_shown(call: ServiceCall, job: Job, record: JobNode) -> Properties:
    """How the job's preparation and release tasks stand on one node."""
    node = record.node.rsplit("/", 1)[-1]
    body: Properties = {
        "poolId": job.pool_id,
        "nodeId": node,
        "nodeUrl": f"{call.url}/pools/{job.pool_id}/nodes/{node}",
    }
    preparation = job.properties["jobPreparationTask"]
    info = _run_shown(record.preparation) | root_directory(call, job, node, preparation["id"])
    info["retryCount"] = record.preparation.retries
    if record.preparation.last_retry:
        info["lastRetryTime"] = moments.iso(record.preparation.last_retry)
    body["jobPreparationTaskExecutionInfo"] = info
    if record.release is not None:
        release = _run_shown(record.release)
        release |= root_directory(call, job, node, job.properties["jobReleaseTask"]["id"])
        body["jobReleaseTaskExecutionInfo"] = release
    return body


def _run_shown(run: Run) -> Properties:
    info: dict[str, Any] = {"startTime": moments.iso(run.started), "state": run.state}
    if run.state == "completed":
        info |= {"endTime": moments.iso(run.ended), "result": "success" if run.succeeded else "failure"}
    if run.exit_code is not None:
        info["exitCode"] = run.exit_code
    if run.failure:
        info["failureInfo"] = failure_shown(run.failure)
    return info
