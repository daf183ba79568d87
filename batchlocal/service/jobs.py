"""Jobs at the service plane (F11)."""

from __future__ import annotations

from typing import Any

from batchlocal import quotas
from batchlocal.domain import job as jobs
from batchlocal.domain import task as tasks
from batchlocal.domain.job import Job, JobExists, JobNotFound
from batchlocal.domain.quotas import JobQuotaReached
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.service.answers import changed, entity, page
from batchlocal.service.call import ServiceCall
from batchlocal.service.errors import CATALOGUE, worded
from batchlocal.service.front_door import refuse_unimplemented
from batchlocal.service.registry import handles
from batchlocal.store.effects import Effect
from batchlocal.store.tasks import TaskCounts

__all__ = ["job_of"]

CATALOGUE.update(
    {
        jobs.JobExists: worded(409, "JobExists", "The specified job already exists."),
        jobs.JobNotFound: worded(404, "JobNotFound", "The specified job does not exist."),
        jobs.JobBeingDeleted: worded(
            409, "JobBeingDeleted", "The specified job has been marked for deletion and is being garbage collected."
        ),
        JobQuotaReached: worded(
            409,
            "ActiveJobAndScheduleQuotaReached",
            "Active job and job schedule quota for the account has been reached.",
        ),
        jobs.JobCompleted: worded(409, "JobCompleted", "The specified job is already in a completed state."),
    }
)


_NOT_YET = ("jobManagerTask", "jobPreparationTask", "jobReleaseTask")


def job_of(call: ServiceCall) -> Job:
    """The job that the path names.

    Raises:
        JobNotFound
    """
    job = call.tx.jobs.find(f"{call.account.key}/jobs/{call.parameters['jobId'].lower()}")
    if job is None:
        raise JobNotFound
    return job


@handles("Job_Add")
def add_job(call: ServiceCall) -> Answer:
    """201, also for a pool that is not there (yet): its tasks wait. Location and DataServiceId name ``job-1`` whatever
    the job's id (F10: 120 of 120)."""
    refuse_unimplemented(call.body, _NOT_YET)
    pool_id = str((call.body.get("poolInfo") or {}).get("poolId") or "")
    pool = f"{call.account.key}/pools/{pool_id.lower()}"
    job = jobs.create(call.account.key, pool, call.body["id"], call.body, call.now)
    if call.tx.jobs.find(job.key) is not None:
        raise JobExists
    quotas.admit_job(call.tx, call.account)
    call.tx.jobs.put(job)
    return changed(call, 201, "jobs/job-1", job.modified, created=True)


@handles("Job_List")
def list_jobs(call: ServiceCall) -> Answer:
    """Jobs by id (F10)."""
    account = call.account.key
    return page(
        call,
        "jobs",
        lambda after, limit: call.tx.jobs.page(account, after, limit),
        lambda job: job.key,
        lambda job: shown(call, job),
    )


@handles("Job_Get")
def get_job(call: ServiceCall) -> Answer:
    """The job, also while it is being deleted."""
    job = job_of(call)
    return entity(call, "jobs", shown(call, job), job.modified)


@handles("Job_Patch")
def patch_job(call: ServiceCall) -> Answer:
    """200; each property sent replaces the old one whole (F11)."""
    return _changed(call, jobs.update(job_of(call), call.body or {}, call.now))


@handles("Job_Update")
def put_job(call: ServiceCall) -> Answer:
    """200; what is left out goes back to its default, metadata included; the pool must be named (F11)."""
    return _changed(call, jobs.update(job_of(call), call.body, call.now, whole=True))


def _changed(call: ServiceCall, job: Job) -> Answer:
    call.tx.jobs.put(job)
    call.platform.schedule(job.pool)
    return changed(call, 200, f"jobs/{job.id}", job.modified)


@handles("Job_Delete")
def delete_job(call: ServiceCall) -> Answer:
    """202; its tasks end and go with it."""
    job = jobs.delete(job_of(call), call.now)
    call.tx.jobs.put(job)
    _end_tasks(call, job)
    call.platform.owe(call.tx, Effect("job.delete", job.key, call.now, {}, call.request.request_id))
    return Answer(202)


@handles("Job_Terminate")
def terminate_job(call: ServiceCall) -> Answer:
    """202; its tasks end, and it stays as completed."""
    reason = str((call.body or {}).get("terminateReason") or "UserTerminate")
    job = jobs.terminate(job_of(call), reason, call.now)
    call.tx.jobs.put(job)
    _end_tasks(call, job)
    return changed(call, 202, f"jobs/{job.id}/terminate", job.modified)


def _end_tasks(call: ServiceCall, job: Job) -> None:
    for task in call.tx.tasks.unfinished(job.key):
        call.tx.tasks.put(tasks.terminate(task, call.now))
    call.platform.schedule(job.pool)


@handles("Job_GetTaskCounts")
def get_task_counts(call: ServiceCall) -> Answer:
    """Kept counts of tasks and of their slots."""
    counts, slots = call.tx.tasks.counts(job_of(call).key)
    body = {"odata.metadata": f"{call.url}/$metadata#taskcountsresult"}
    return Answer(200, {**body, "taskCounts": _counts(counts), "taskSlotCounts": _counts(slots)})


def _counts(counts: TaskCounts) -> dict[str, int]:
    return {
        "active": counts.active,
        "running": counts.running,
        "completed": counts.completed,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
    }


def shown(call: ServiceCall, job: Job) -> dict[str, Any]:
    """The job's JSON."""
    body: dict[str, Any] = {
        "id": job.id,
        "url": f"{call.url}/jobs/{job.id}",
        "eTag": moments.etag(job.modified),
        "lastModified": moments.iso(job.modified),
        "creationTime": moments.iso(job.created),
        "state": job.state,
        "stateTransitionTime": moments.iso(job.state_since),
    }
    if job.previous_state:
        body["previousState"] = job.previous_state
        body["previousStateTransitionTime"] = moments.iso(job.previous_since)
    info = {"startTime": moments.iso(job.created), "poolId": job.properties["poolInfo"]["poolId"]}
    if job.ended:
        info |= {"endTime": moments.iso(job.ended), "terminateReason": job.terminate_reason}
    return {**body, **job.properties, "executionInfo": info}
