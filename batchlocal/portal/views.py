"""What the pages show, as JSON: read from the store, in the names of the service plane. No key or token is in it.

A view gets the query's parameters and answers None for what is not there.
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any, Final

from batchlocal.domain.job import Job
from batchlocal.domain.pool import Pool
from batchlocal.domain.task import Task
from batchlocal.nodes.folders import TaskFolders, task_folders
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.store import Tx
from batchlocal.store.resources import Resource
from batchlocal.store.tasks import TaskCounts

__all__ = ["account", "calls", "overview", "task", "tasks"]

_ACCOUNT: Final = "Microsoft.Batch/batchAccounts"
_APPLICATION: Final = f"{_ACCOUNT}/applications"
_MOST_NODES: Final = 500
_MOST_JOBS: Final = 200
_MOST_TASKS: Final = 100
_MOST_CALLS: Final = 200
_OUTPUT_BYTES: Final = 32 * 1024

Query = dict[str, str]
Shown = dict[str, Any]


def overview(platform: Platform, _: Query) -> Shown:
    """The server and its Batch accounts."""
    read = platform.store.read
    return {
        "origin": platform.origin,
        "subscription": platform.credentials.subscription_id,
        "accounts": [_account(read, resource) for resource in read.resources.of_type(_ACCOUNT)],
    }


def account(platform: Platform, query: Query) -> Shown | None:
    """One account, named by ``id``: its pools with their nodes, jobs with their counts, applications."""
    read = platform.store.read
    found = read.resources.find(query.get("id", ""))
    if found is None or found.type != _ACCOUNT.lower():
        return None
    return {
        **_account(read, found),
        "pools": [_pool(read, pool) for pool in read.pools.of_account(found.key)],
        "jobs": [_job(read, job) for job in islice(read.jobs.of_account(found.key), _MOST_JOBS)],
        "applications": [_application(read, one) for one in read.resources.children(found.id, _APPLICATION)],
    }


def tasks(platform: Platform, query: Query) -> Shown | None:
    """A page of the tasks of the job whose key is ``job``, beyond the id ``after``."""
    read = platform.store.read
    job = read.jobs.find(query.get("job", ""))
    if job is None:
        return None
    page = read.tasks.page(job.key, query.get("after", "").lower(), _MOST_TASKS)
    more = page[-1].id if len(page) == _MOST_TASKS else None
    return {**_job(read, job), "account": job.account, "tasks": [_task(one) for one in page], "after": more}


def task(platform: Platform, query: Query) -> Shown | None:
    """The task ``id`` of the job whose key is ``job``, with the ends of its two output files."""
    read = platform.store.read
    found, job = read.tasks.find(query.get("job", ""), query.get("id", "")), read.jobs.find(query.get("job", ""))
    if found is None or job is None:
        return None
    shown: Shown = {**_task(found), "job": found.job, "failure": found.failure, "stdout": None, "stderr": None}
    if found.node:
        folders = task_folders(platform.data, found.node, job, found.id)
        shown |= {"stdout": _end_of(folders.stdout), "stderr": _end_of(folders.stderr)}
    return shown


def calls(platform: Platform, _: Query) -> Shown:
    """The last calls of both levels: ARM's activity log, and service calls, which no activity log ever has."""
    logged = platform.store.read.activity.between(platform.credentials.subscription_id, 0, moments.now() + 1)
    direct = (entry for entry in platform.journal.newest() if entry.plane == "service")
    return {
        "management": [
            {
                "time": event["eventTimestamp"],
                "operation": event["operationName"]["value"],
                "resource": event["resourceId"],
                "status": event["status"]["value"],
            }
            for _, event in islice(logged, _MOST_CALLS)
        ],
        "service": [
            {
                "time": moments.iso(entry.at),
                "operation": entry.operation,
                "resource": entry.path,
                "status": entry.status,
            }
            for entry in islice(direct, _MOST_CALLS)
        ],
    }


def _account(read: Tx, resource: Resource) -> Shown:
    properties = resource.body.get("properties", {})
    storage = (properties.get("autoStorage") or {}).get("storageAccountId", "")
    return {
        "id": resource.id,
        "name": resource.name,
        "resourceGroup": resource.resource_group,
        "location": resource.body.get("location", ""),
        "state": properties.get("provisioningState", ""),
        "storage": storage.rpartition("/")[2],
        "poolCount": sum(1 for _ in read.pools.of_account(resource.key)),
    }


def _pool(read: Tx, pool: Pool) -> Shown:
    nodes = read.nodes.of_pool(pool.key)
    return {
        "id": pool.id,
        "state": pool.state,
        "allocationState": pool.allocation_state,
        "vmSize": pool.properties.get("vmSize", ""),
        "targetDedicatedNodes": pool.target_dedicated,
        "targetLowPriorityNodes": pool.target_low_priority,
        "taskSlotsPerNode": pool.slots_per_node,
        "resizeErrors": [{"code": error.code, "message": error.message} for error in pool.resize_errors],
        "nodeStates": Counter(node.state for node in nodes),
        "nodes": [
            {
                "id": node.id,
                "state": node.state,
                "slots": node.slots,
                "used": node.slots_used,
                "spot": not node.dedicated,
            }
            for node in nodes[:_MOST_NODES]
        ],
    }


def _job(read: Tx, job: Job) -> Shown:
    counts, _ = read.tasks.counts(job.key)
    return {
        "key": job.key,
        "id": job.id,
        "state": job.state,
        "pool": job.pool.rpartition("/")[2],
        "priority": job.priority,
        "created": moments.iso(job.created),
        "counts": _counts(counts),
    }


def _counts(counts: TaskCounts) -> dict[str, int]:
    return {
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "running": counts.running,
        "active": counts.active,
    }


def _application(read: Tx, application: Resource) -> Shown:
    versions = read.resources.children(application.id, f"{_APPLICATION}/versions")
    return {
        "id": application.name,
        "defaultVersion": application.body.get("properties", {}).get("defaultVersion"),
        "versions": [
            {"version": one.name, "state": one.body.get("properties", {}).get("state", "")} for one in versions
        ],
    }


def _task(task: Task) -> Shown:
    return {
        "id": task.id,
        "state": task.state,
        "result": task.result,
        "exitCode": task.exit_code,
        "retries": task.retries,
        "node": task.node_id,
        "commandLine": task.properties.get("commandLine", ""),
        "started": moments.iso(task.started) if task.started else None,
        "ended": moments.iso(task.ended) if task.ended else None,
    }


def _end_of(file: Path) -> str | None:
    """The last 32 KiB of a text file; None when it is not there (cleaned up, or not begun), or is none."""
    try:
        with TaskFolders.read(file) as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - _OUTPUT_BYTES))
            return stream.read(_OUTPUT_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
