"""Jobs at the service plane (F11; the REST reference's pages on jobs)."""

from __future__ import annotations

from typing import Final

from batchlocal import job_lifecycle, quotas
from batchlocal.domain import job as jobs
from batchlocal.domain import task_settings
from batchlocal.domain.job import Job, JobExists, JobNotFound
from batchlocal.domain.quotas import JobQuotaReached
from batchlocal.domain.refusals import PropertyNotTaken, Refusal
from batchlocal.protocol.messages import Answer
from batchlocal.service.access import check_key
from batchlocal.service.answers import account_page, changed, entity, page_of
from batchlocal.service.call import ServiceCall
from batchlocal.service.conditions import check_conditions
from batchlocal.service.errors import CATALOGUE, invalid_value, worded
from batchlocal.service.job_bodies import job_shown, node_status_shown, task_counts_shown
from batchlocal.service.registry import handles

__all__ = ["job_of"]


class NoPreparationOrRelease(Refusal):
    """The job has neither a preparation nor a release task."""


class ScheduleWithSameId(Refusal):
    """A job schedule has the id that the job is to have."""


CATALOGUE.update(
    {
        PropertyNotTaken: invalid_value(PropertyName="{name}", PropertyValue="{value}", Reason="{reason}"),
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
        jobs.JobBeingTerminated: worded(409, "JobBeingTerminated", "The specified job is being terminated."),
        jobs.JobCompleted: worded(409, "JobCompleted", "The specified job is already in a completed state."),
        jobs.JobStateUnfit: worded(
            409,
            "OperationInvalidForCurrentState",
            "The specified operation is not valid for the current state of the resource.",
        ),
        NoPreparationOrRelease: worded(
            409,
            "JobPreparationTaskOrReleaseTaskNotSpecified",
            "The specified job does not have either job preparation task or job release task.",
        ),
        ScheduleWithSameId: worded(
            409,
            "JobScheduleWithSameIdExists",
            "A job schedule with the specified job id exists. Job and job schedule cannot have the same id.",
        ),
    }
)

_TERMINATED_BY_USER: Final = "UserTerminate"


def job_of(call: ServiceCall) -> Job:
    """The job that the path names.

    Raises:
        JobNotFound
    """
    job = call.tx.jobs.find(f"{call.account.key}/jobs/{call.parameters['jobId'].lower()}")
    if job is None:
        raise JobNotFound
    return job


def _target(call: ServiceCall) -> Job:
    """``job_of``, once the request's conditions hold for it."""
    job = job_of(call)
    check_conditions(call, job.modified)
    return job


@handles("Job_Add")
def add_job(call: ServiceCall) -> Answer:
    """201, also for a pool that is not there (yet): its tasks wait. Location and DataServiceId name ``job-1`` whatever
    the job's id (F10: 120 of 120)."""
    task_settings.check_id(call.body["id"])
    job = jobs.create(call.account.key, call.body["id"], call.body, call.now)
    check_key(call.request, call.body)
    if call.tx.jobs.find(job.key) is not None:
        raise JobExists
    if call.tx.job_schedules.find(f"{call.account.key}/jobschedules/{job.id.lower()}") is not None:
        raise ScheduleWithSameId
    quotas.admit_job(call.tx, call.account)
    job = job_lifecycle.begin(call.platform, call.tx, job, call.now, call.request.request_id)
    return changed(call, 201, "jobs/job-1", job.modified, created=True)


@handles("Job_List")
def list_jobs(call: ServiceCall) -> Answer:
    """Jobs by id (F10)."""
    return account_page(call, "jobs", call.tx.jobs.page, job_shown)


@handles("Job_Get")
def get_job(call: ServiceCall) -> Answer:
    """The job, also while it is being deleted."""
    job = _target(call)
    return entity(call, "jobs", job_shown(call, job), job.modified)


@handles("Job_Patch")
def patch_job(call: ServiceCall) -> Answer:
    """200; each property sent replaces the old one whole (F11)."""
    check_key(call.request, call.body or {})
    return _changed(call, jobs.update(_target(call), call.body or {}, call.now))


@handles("Job_Update")
def put_job(call: ServiceCall) -> Answer:
    """200; what is left out goes back to its default, metadata included; the pool must be named (F11)."""
    check_key(call.request, call.body)
    return _changed(call, jobs.update(_target(call), call.body, call.now, whole=True))


def _changed(call: ServiceCall, job: Job) -> Answer:
    job_lifecycle.put(call.platform, call.tx, job)
    job_lifecycle.owe_expiry(call.platform, call.tx, job)
    job_lifecycle.follow_tasks(call.platform, call.tx, job, call.now)
    return changed(call, 200, f"jobs/{job.id}", job.modified)


@handles("Job_Delete")
def delete_job(call: ServiceCall) -> Answer:
    """202 without the headers of a change; its tasks end, its release tasks run, and it goes with all of them."""
    job_lifecycle.put(call.platform, call.tx, jobs.delete(_target(call), call.now))
    return Answer(202)


@handles("Job_Terminate")
def terminate_job(call: ServiceCall) -> Answer:
    """202; its running tasks end, its release tasks run, and it stays as completed."""
    reason = str((call.body or {}).get("terminateReason") or _TERMINATED_BY_USER)
    return _moved(call, jobs.terminate(_target(call), reason, call.now), "terminate")


@handles("Job_Disable")
def disable_job(call: ServiceCall) -> Answer:
    """202; running tasks are requeued, terminated or waited for."""
    return _moved(call, jobs.disable(_target(call), call.body["disableTasks"], call.now), "disable")


@handles("Job_Enable")
def enable_job(call: ServiceCall) -> Answer:
    """202."""
    return _moved(call, jobs.enable(_target(call), call.now), "enable")


def _moved(call: ServiceCall, job: Job, action: str) -> Answer:
    job_lifecycle.put(call.platform, call.tx, job)
    return changed(call, 202, f"jobs/{job.id}/{action}", job.modified)


@handles("Job_ListPreparationAndReleaseTaskStatus")
def list_preparation_and_release(call: ServiceCall) -> Answer:
    """How the job's own tasks stand on each node that they ran on."""
    job = job_of(call)
    if not job.properties.get("jobPreparationTask"):
        raise NoPreparationOrRelease
    return page_of(
        call,
        "jobpreparationandreleasetaskstatuslist",
        call.tx.job_nodes.of_job(job.key),
        lambda record: record.node,
        lambda record: node_status_shown(call, job, record),
    )


@handles("Job_GetTaskCounts")
def get_task_counts(call: ServiceCall) -> Answer:
    """Kept counts of tasks and of their slots; before 2020-09-01.12.0 of tasks alone (recorded).

    Until 2018-03-01.6.1 the service told whether it had checked its counts against the tasks (azure-batch 3 and 4).
    """
    counts, slots = call.tx.tasks.counts(job_of(call).key)
    if call.request.api_version < "2020-09-01":
        body = {"odata.metadata": f"{call.url}/$metadata#taskcounts/@Element"}
        return Answer(200, {**body, **task_counts_shown(counts), "validationStatus": "Validated"})
    body = {"odata.metadata": f"{call.url}/$metadata#taskcountsresult/@Element"}
    return Answer(200, {**body, "taskCounts": task_counts_shown(counts), "taskSlotCounts": task_counts_shown(slots)})
