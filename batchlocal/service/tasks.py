"""Tasks at the service plane (F11; the REST page "Task - Add")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from batchlocal.domain import job as jobs
from batchlocal.domain import task as tasks
from batchlocal.domain.job import Job
from batchlocal.domain.refusals import Refusal
from batchlocal.domain.task import Task, TaskExists, TaskNotFound
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.service.answers import changed, entity, page
from batchlocal.service.call import ServiceCall
from batchlocal.service.errors import CATALOGUE, answer_refusal, invalid_value, worded
from batchlocal.service.front_door import refuse_unimplemented
from batchlocal.service.jobs import job_of
from batchlocal.service.registry import handles

__all__ = ["task_of"]

_MOST_IN_A_COLLECTION = 100  # the page "Task - Add Collection"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_STATE_FILTER = re.compile(r"^\s*\(?\s*state\s+eq\s+'(\w+)'\s*\)?\s*$", re.IGNORECASE)


@dataclass(eq=False)
class TaskPropertyInvalid(Refusal):
    """A task's property has a value that the service does not take."""

    name: str
    reason: str


@dataclass(eq=False)
class TooManyTasks(Refusal):
    """More tasks than one collection may hold."""

    most: int


CATALOGUE.update(
    {
        tasks.TaskExists: worded(409, "TaskExists", "The specified task already exists."),
        tasks.TaskNotFound: worded(404, "TaskNotFound", "The specified task does not exist."),
        tasks.TaskCompleted: worded(409, "TaskCompleted", "The specified task is already in a completed state."),
        TaskPropertyInvalid: invalid_value(PropertyName="{name}", Reason="{reason}"),
        TooManyTasks: worded(
            400,
            "TooManyTasks",
            "The number of tasks in the collection exceeds the maximum allowed.",
            MaxLimit="{most}",
        ),
    }
)


def task_of(call: ServiceCall) -> Task:
    """The task that the path names.

    Raises:
        JobNotFound, TaskNotFound
    """
    task = call.tx.tasks.find(job_of(call).key, call.parameters["taskId"])
    if task is None:
        raise TaskNotFound
    return task


_NOT_YET = ("dependsOn", "multiInstanceSettings", "containerSettings")


def _new_task(call: ServiceCall, job: Job, sent: dict[str, Any]) -> Task:
    refuse_unimplemented(sent, _NOT_YET)
    for name in ("id", "commandLine"):
        if not isinstance(sent.get(name), str) or not sent[name]:
            raise TaskPropertyInvalid(name, f"{name} is required and must be a non-empty string")
    if not _ID.fullmatch(sent["id"]):
        raise TaskPropertyInvalid("id", "An id has 1 to 64 letters, digits, hyphens and underscores")
    return tasks.create(job.key, sent["id"], sent, job.properties["constraints"], call.now)


@handles("Task_Add")
def add_task(call: ServiceCall) -> Answer:
    """201, empty, with Location and ETag (F11)."""
    job = job_of(call)
    jobs.check_takes_tasks(job)
    task = _new_task(call, job, call.body)
    if not call.tx.tasks.add(task):
        raise TaskExists
    call.platform.schedule(job.pool)
    return changed(call, 201, f"jobs/{job.id}/tasks/{task.id}", task.modified, created=True)


@handles("Task_AddCollection")
def add_tasks(call: ServiceCall) -> Answer:
    """200 with a result for each task; one task's refusal leaves the others added."""
    job = job_of(call)
    jobs.check_takes_tasks(job)
    sent = (call.body or {}).get("value") or []
    if len(sent) > _MOST_IN_A_COLLECTION:
        raise TooManyTasks(_MOST_IN_A_COLLECTION)
    results = [_result(call, job, one) for one in sent]
    call.platform.schedule(job.pool)
    return Answer(200, {"odata.metadata": f"{call.url}/$metadata#taskaddresult", "value": results})


def _result(call: ServiceCall, job: Job, sent: dict[str, Any]) -> dict[str, Any]:
    try:
        task = _new_task(call, job, sent)
        if not call.tx.tasks.add(task):
            raise TaskExists
    except Refusal as refusal:
        return {"status": "clienterror", "taskId": str(sent.get("id", "")), "error": _error(call, refusal)}
    return {
        "status": "Success",
        "taskId": task.id,
        "eTag": moments.etag(task.modified),
        "lastModified": moments.iso(task.modified),
        "location": f"{call.url}/jobs/{job.id}/tasks/{task.id}",
    }


def _error(call: ServiceCall, refusal: Refusal) -> dict[str, Any]:
    body: dict[str, Any] = answer_refusal(refusal, call.request, call.url).json
    return {name: value for name, value in body.items() if name != "odata.metadata"}


@handles("Task_List")
def list_tasks(call: ServiceCall) -> Answer:
    """A page of tasks, by id; ``$filter`` by state."""
    job = job_of(call)
    found = _STATE_FILTER.match(call.request.query.get("$filter", ""))
    states = [found.group(1).lower()] if found else []
    return page(
        call,
        "tasks",
        lambda after, limit: call.tx.tasks.page(job.key, after, limit, states),
        lambda task: task.id.lower(),
        lambda task: shown(call, job, task),
    )


@handles("Task_Get")
def get_task(call: ServiceCall) -> Answer:
    """The task."""
    task = task_of(call)
    return entity(call, "tasks", shown(call, job_of(call), task), task.modified)


@handles("Task_Delete")
def delete_task(call: ServiceCall) -> Answer:
    """200; a running one ends first."""
    task, job = task_of(call), job_of(call)
    call.tx.tasks.remove(job.key, task.id)
    call.platform.schedule(job.pool)
    return Answer(200)


@handles("Task_Terminate")
def terminate_task(call: ServiceCall) -> Answer:
    """204; the task is completed, with a failure that says so."""
    task, job = tasks.terminate(task_of(call), call.now), job_of(call)
    call.tx.tasks.put(task)
    call.platform.schedule(job.pool)
    return changed(call, 204, f"jobs/{job.id}/tasks/{task.id}/terminate", task.modified)


def shown(call: ServiceCall, job: Job, task: Task) -> dict[str, Any]:
    """The task's JSON."""
    body: dict[str, Any] = {
        "id": task.id,
        "url": f"{call.url}/jobs/{job.id}/tasks/{task.id}",
        "eTag": moments.etag(task.modified),
        "creationTime": moments.iso(task.created),
        "lastModified": moments.iso(task.modified),
        "state": task.state,
        "stateTransitionTime": moments.iso(task.state_since),
    }
    if task.previous_state:
        body["previousState"] = task.previous_state
        body["previousStateTransitionTime"] = moments.iso(task.previous_since)
    body |= {**task.properties, "executionInfo": execution_info(task)}
    if task.node_id:
        body["nodeInfo"] = _node(call, job, task)
    return body


def execution_info(task: Task) -> dict[str, Any]:
    info: dict[str, Any] = {}
    if task.started:
        info["startTime"] = moments.iso(task.started)
    if task.ended:
        info["endTime"] = moments.iso(task.ended)
    if task.exit_code is not None:
        info["exitCode"] = task.exit_code
    if task.failure:
        info["failureInfo"] = task.failure
    if task.result:
        info["result"] = task.result
    info |= {"retryCount": task.retries, "requeueCount": task.requeues}
    if task.last_retry:
        info["lastRetryTime"] = moments.iso(task.last_retry)
    if task.last_requeue:
        info["lastRequeueTime"] = moments.iso(task.last_requeue)
    return info


def _node(call: ServiceCall, job: Job, task: Task) -> dict[str, Any]:
    pool = job.properties["poolInfo"]["poolId"]
    return {
        "affinityId": f"TVM:{task.node_id}",
        "nodeUrl": f"{call.url}/pools/{pool}/nodes/{task.node_id}",
        "poolId": pool,
        "nodeId": task.node_id,
        "taskRootDirectory": f"workitems/{job.id.lower()}/job-1/{task.id}",
        "taskRootDirectoryUrl": (
            f"{call.url}/pools/{pool}/nodes/{task.node_id}/files/workitems/{job.id.lower()}/job-1/{task.id}"
        ),
    }
