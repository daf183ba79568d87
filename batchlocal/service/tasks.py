"""Tasks at the service plane (F11; the REST page "Task - Add")."""

from __future__ import annotations

from typing import Any

from batchlocal import job_lifecycle
from batchlocal.domain import job as jobs
from batchlocal.domain import task as tasks
from batchlocal.domain import task_settings
from batchlocal.domain.job import Job
from batchlocal.domain.pool import Pool
from batchlocal.domain.refusals import Refusal
from batchlocal.domain.task import Task, TaskExists, TaskNotFound
from batchlocal.protocol import moments
from batchlocal.protocol.filters import equalities
from batchlocal.protocol.messages import Answer
from batchlocal.service.answers import changed, entity, filter_of, page, selected, stamps
from batchlocal.service.call import ServiceCall
from batchlocal.service.conditions import check_conditions
from batchlocal.service.errors import CATALOGUE, answer_fault, answer_refusal, worded
from batchlocal.service.jobs import job_of
from batchlocal.service.registry import handles
from batchlocal.service.task_bodies import task_shown
from batchlocal.store.effects import Effect

__all__ = ["task_of"]

_SERVER_ERRORS = 500
"""Statuses from here on are the service's fault, not the caller's."""

CATALOGUE.update(
    {
        tasks.TaskExists: worded(409, "TaskExists", "The specified task already exists."),
        tasks.TaskNotFound: worded(404, "TaskNotFound", "The specified task does not exist."),
        tasks.TaskCompleted: worded(409, "TaskCompleted", "The specified task is already in a completed state."),
        tasks.TaskNotCompleted: worded(
            409,
            "TaskNotCompleted",
            "The specified task is not in a completed state, and the requested operation can be performed only on"
            " completed tasks.",
        ),
        tasks.TaskSucceeded: worded(
            409,
            "TaskSucceeded",
            "The specified task has already completed successfully, and the requested operation cannot be performed on"
            " successful tasks.",
        ),
        tasks.IdOfPreparationTask: worded(
            409, "TaskIdSameAsJobPreparationTask", "The specified task id is same as the job preparation task."
        ),
        tasks.IdOfReleaseTask: worded(
            409, "TaskIdSameAsJobReleaseTask", "The specified task id is same as the job release task."
        ),
        task_settings.DependenciesNotUsed: worded(
            400,
            "TaskDependenciesNotSpecifiedOnJob",
            "A task was specified as depending on other tasks, but the job did not specify that it would use task"
            " dependencies.",
        ),
        task_settings.DependencyListTooLong: worded(
            400,
            "TaskDependencyListTooLong",
            "A task was specified as depending on other tasks, but the list of dependencies was too long to be stored.",
        ),
        task_settings.DependencyRangesTooLong: worded(
            400,
            "TaskDependencyRangesTooLong",
            "A task was specified as depending on multiple ranges of task ids, and the list of ranges was too long to"
            " be stored.",
        ),
        task_settings.MetadataKeyEmpty: worded(
            400, "EmptyMetadataKey", "The key for one of the metadata key-value pairs is empty."
        ),
        task_settings.ResourceFilesTooLong: worded(
            413, "RequestEntityTooLarge", "The list of resource files exceeds the maximum size permitted."
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


def _target(call: ServiceCall) -> Task:
    """``task_of``, once the request's conditions hold for it."""
    task = task_of(call)
    check_conditions(call, task.modified)
    return task


def _add(call: ServiceCall, job: Job, pool: Pool | None, sent: dict[str, Any]) -> Task:
    """Check and keep one task.

    Raises:
        TaskExists; what ``tasks.create`` and ``task_settings.check_container`` raise
    """
    task = tasks.create(job.key, sent["id"], sent, job.properties, call.now)
    task_settings.check_container(task.properties, pool.properties if pool else None)
    if not call.tx.tasks.add(task):
        raise TaskExists
    return task


@handles("Task_Add")
def add_task(call: ServiceCall) -> Answer:
    """201, empty, with Location and ETag (F11)."""
    job = job_of(call)
    jobs.check_takes_changes(job)
    task = _add(call, job, call.tx.pools.find(job.pool), call.body)
    call.platform.schedule(job.pool)
    return changed(call, 201, f"jobs/{job.id}/tasks/{task.id}", task.modified, created=True)


@handles("Task_AddCollection")
def add_tasks(call: ServiceCall) -> Answer:
    """200 with a result for each task; one task's refusal leaves the others added. The description allows 100."""
    job = job_of(call)
    jobs.check_takes_changes(job)
    pool = call.tx.pools.find(job.pool)
    results = [_result(call, job, pool, one) for one in call.body["value"]]
    call.platform.schedule(job.pool)
    return Answer(200, {"odata.metadata": f"{call.url}/$metadata#taskaddresult", "value": results})


def _result(call: ServiceCall, job: Job, pool: Pool | None, sent: dict[str, Any]) -> dict[str, Any]:
    """How one task of a collection fared. A ``servererror``, after which a caller may try the task again as it is,
    comes only from a fault that somebody asked for: here tasks are written together, or the request fails."""
    fault = call.platform.faults.task(call.account.name, str(sent["id"]))
    if fault is not None:
        status = "servererror" if fault.status >= _SERVER_ERRORS else "clienterror"
        return {
            "status": status,
            "taskId": str(sent["id"]),
            "error": _bare(answer_fault(fault, call.request, call.url)),
        }
    try:
        task = _add(call, job, pool, sent)
    except Refusal as refusal:
        error = _bare(answer_refusal(refusal, call.request, call.url))
        return {"status": "clienterror", "taskId": str(sent["id"]), "error": error}
    return {
        "status": "Success",
        "taskId": task.id,
        "eTag": moments.etag(task.modified),
        "lastModified": moments.iso(task.modified),
        "location": f"{call.url}/jobs/{job.id}/tasks/{task.id}",
    }


def _bare(answer: Answer) -> dict[str, Any]:
    return {name: value for name, value in answer.json.items() if name != "odata.metadata"}


@handles("Task_List")
def list_tasks(call: ServiceCall) -> Answer:
    """A page of tasks, by id; a filter by state costs no more in a job of a million."""
    job = job_of(call)
    wanted = filter_of(call)
    states = equalities(wanted, "state") if wanted else []
    return page(
        call,
        "tasks",
        lambda after, limit: call.tx.tasks.page(job.key, after, limit, states),
        lambda task: task.id.lower(),
        lambda task: task_shown(call, job, task),
    )


@handles("Task_Get")
def get_task(call: ServiceCall) -> Answer:
    """The task."""
    task = _target(call)
    return entity(call, "tasks", task_shown(call, job_of(call), task), task.modified)


@handles("Task_Update")
def put_task(call: ServiceCall) -> Answer:
    """200; only constraints can be changed."""
    job = job_of(call)
    task = tasks.update(_target(call), call.body or {}, job.properties, call.now)
    call.tx.tasks.put(task)
    return changed(call, 200, f"jobs/{job.id}/tasks/{task.id}", task.modified)


@handles("Task_Delete")
def delete_task(call: ServiceCall) -> Answer:
    """200 without the headers of a change; a running one ends, and its files go with it."""
    task, job = _target(call), job_of(call)
    call.tx.tasks.remove(job.key, task.id)
    if task.node:
        call.platform.owe(call.tx, Effect("task.files", task.key, call.now, {"node": task.node, "id": task.id}))
    call.platform.schedule(job.pool)
    job_lifecycle.follow_tasks(call.platform, call.tx, job, call.now)
    return Answer(200)


@handles("Task_Terminate")
def terminate_task(call: ServiceCall) -> Answer:
    """204; the task is completed, with a failure that says so."""
    task, job = tasks.terminate(_target(call), call.now), job_of(call)
    job_lifecycle.complete_task(call.platform, call.tx, job, task, call.now)
    return changed(call, 204, f"jobs/{job.id}/tasks/{task.id}/terminate", task.modified)


@handles("Task_Reactivate")
def reactivate_task(call: ServiceCall) -> Answer:
    """204 with ETag and Last-Modified alone (F11: no DataServiceId in 4 of 4)."""
    job = job_of(call)
    jobs.check_takes_changes(job)
    task = tasks.reactivate(_target(call), call.now)
    call.tx.tasks.put(task)
    call.platform.schedule(job.pool)
    return Answer(204, headers=stamps(task.modified))


@handles("Task_ListSubtasks")
def list_subtasks(call: ServiceCall) -> Answer:
    """The subtasks of a multi-instance task, none of another one; never in pages."""
    found = [selected(call, one) for one in task_of(call).subtasks]
    return Answer(200, {"odata.metadata": f"{call.url}/$metadata#subtaskinfo", "value": found})
