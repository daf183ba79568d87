"""Job schedules at the service plane (F11; the REST reference's pages on job schedules)."""

from __future__ import annotations

from typing import Any

from batchlocal import job_lifecycle, quotas
from batchlocal.domain import schedule as schedules
from batchlocal.domain.refusals import PropertyNotTaken, Refusal
from batchlocal.domain.schedule import JobSchedule
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.service.access import check_key
from batchlocal.service.answers import account_page, changed, entity, expands_stats, head_shown, page_of, stamps
from batchlocal.service.call import ServiceCall
from batchlocal.service.conditions import check_conditions
from batchlocal.service.errors import CATALOGUE, worded
from batchlocal.service.job_bodies import job_shown
from batchlocal.service.registry import handles
from batchlocal.service.statistics import of_jobs

__all__: list[str] = []


class JobWithSameId(Refusal):
    """A job has the id that the job schedule is to have."""


CATALOGUE.update(
    {
        schedules.ScheduleExists: worded(409, "JobScheduleExists", "The specified job schedule already exists."),
        schedules.ScheduleNotFound: worded(404, "JobScheduleNotFound", "The specified job schedule does not exist."),
        schedules.ScheduleBeingDeleted: worded(
            409,
            "JobScheduleBeingDeleted",
            "The specified job schedule has been marked for deletion and is being reclaimed.",
        ),
        schedules.ScheduleBeingTerminated: worded(
            409, "JobScheduleBeingTerminated", "The specified job schedule is being terminated."
        ),
        schedules.ScheduleCompleted: worded(
            409, "JobScheduleCompleted", "The specified job schedule is already in completed state."
        ),
        JobWithSameId: worded(
            409,
            "JobWithSameIdExists",
            "A job with the specified job schedule id exists. Job and job schedule cannot have the same id.",
        ),
    }
)


def schedule_of(call: ServiceCall) -> JobSchedule:
    """The job schedule that the path names.

    Raises:
        ScheduleNotFound
    """
    found = call.tx.job_schedules.find(f"{call.account.key}/jobschedules/{call.parameters['jobScheduleId'].lower()}")
    if found is None:
        raise schedules.ScheduleNotFound
    return found


def _target(call: ServiceCall) -> JobSchedule:
    found = schedule_of(call)
    check_conditions(call, found.modified)
    return found


@handles("JobSchedule_Add")
def add_schedule(call: ServiceCall) -> Answer:
    """201; the first job is there at once unless ``doNotRunUntil`` lies ahead."""
    body = call.body
    check_key(call.request, body)
    found = schedules.create(call.account.key, body["id"], body, *_window(body), call.now)
    if call.tx.job_schedules.find(found.key) is not None:
        raise schedules.ScheduleExists
    if call.tx.jobs.find(f"{call.account.key}/jobs/{found.id.lower()}") is not None:
        raise JobWithSameId
    quotas.admit_job(call.tx, call.account)
    call.tx.job_schedules.put(found)
    job_lifecycle.run_schedule(call.platform, call.tx, found, call.now)
    return changed(call, 201, f"jobschedules/{found.id}", found.modified, created=True)


def _window(body: dict[str, object]) -> tuple[int, int]:
    """``doNotRunUntil`` and ``doNotRunAfter`` in ticks, 0 where they are not set."""
    settings = body.get("schedule")
    given = settings if isinstance(settings, dict) else {}
    opens, closes = (_moment(name, given.get(name)) for name in ("doNotRunUntil", "doNotRunAfter"))
    if closes and closes <= opens:
        raise PropertyNotTaken("doNotRunAfter", str(given["doNotRunAfter"]), "It must be later than doNotRunUntil")
    return opens, closes


def _moment(name: str, text: object) -> int:
    try:
        return moments.parse_iso(str(text)) if text else 0
    except ValueError:
        raise PropertyNotTaken(name, str(text), f"{name} must be an ISO 8601 date and time") from None


@handles("JobSchedule_List")
def list_schedules(call: ServiceCall) -> Answer:
    """Job schedules by id."""
    return account_page(call, "jobschedules", call.tx.job_schedules.page, shown)


@handles("JobSchedule_Get")
def get_schedule(call: ServiceCall) -> Answer:
    """The job schedule."""
    found = _target(call)
    return entity(call, "jobschedules", shown(call, found), found.modified)


@handles("JobSchedule_Exists")
def schedule_exists(call: ServiceCall) -> Answer:
    """200 or 404, both empty."""
    return Answer(200, headers=stamps(_target(call).modified))


@handles("JobSchedule_Patch")
def patch_schedule(call: ServiceCall) -> Answer:
    """200; holds for the jobs to come."""
    return _updated(call, whole=False)


@handles("JobSchedule_Update")
def put_schedule(call: ServiceCall) -> Answer:
    """200; what is left out goes back to its default."""
    return _updated(call, whole=True)


def _updated(call: ServiceCall, *, whole: bool) -> Answer:
    body = call.body or {}
    check_key(call.request, body)
    found = schedules.update(_target(call), body, *_window(body), call.now, whole=whole)
    job_lifecycle.run_schedule(call.platform, call.tx, found, call.now)
    return changed(call, 200, f"jobschedules/{found.id}", found.modified)


@handles("JobSchedule_Disable")
def disable_schedule(call: ServiceCall) -> Answer:
    """204; no new jobs."""
    return _moved(call, schedules.disable(_target(call), call.now), 204, "disable")


@handles("JobSchedule_Enable")
def enable_schedule(call: ServiceCall) -> Answer:
    """204."""
    return _moved(call, schedules.enable(_target(call), call.now), 204, "enable")


@handles("JobSchedule_Terminate")
def terminate_schedule(call: ServiceCall) -> Answer:
    """202; its present job ends with it."""
    return _moved(call, schedules.terminate(_target(call), call.now), 202, "terminate")


def _moved(call: ServiceCall, found: JobSchedule, status: int, action: str) -> Answer:
    job_lifecycle.run_schedule(call.platform, call.tx, found, call.now)
    return changed(call, status, f"jobschedules/{found.id}/{action}", found.modified)


@handles("JobSchedule_Delete")
def delete_schedule(call: ServiceCall) -> Answer:
    """202 without the headers of a change; its jobs go with it."""
    job_lifecycle.run_schedule(call.platform, call.tx, schedules.delete(_target(call), call.now), call.now)
    return Answer(202)


@handles("Job_ListFromJobSchedule")
def list_jobs_of_schedule(call: ServiceCall) -> Answer:
    """The jobs that the schedule has made."""
    found = call.tx.jobs.of_schedule(schedule_of(call).key)
    return page_of(call, "jobs", found, lambda job: job.key, lambda job: job_shown(call, job))


def shown(call: ServiceCall, found: JobSchedule) -> dict[str, Any]:
    """The job schedule's JSON."""
    body = head_shown(found, f"{call.url}/jobschedules/{found.id}")
    info: dict[str, object] = {}
    if found.next_run:
        info["nextRunTime"] = moments.iso(found.next_run)
    if found.recent_job:
        info["recentJob"] = {"id": found.recent_job, "url": f"{call.url}/jobs/{found.recent_job}"}
    if found.ended:
        info["endTime"] = moments.iso(found.ended)
    body |= {**found.properties, "executionInfo": info}
    if expands_stats(call):
        keys = [job.key for job in call.tx.jobs.of_schedule(found.key)]
        counts, times = [call.tx.tasks.counts(key)[0] for key in keys], [call.tx.tasks.times(key) for key in keys]
        body["stats"] = of_jobs(f"{body['url']}/stats", found.created, call.now, counts, times)
    return body
