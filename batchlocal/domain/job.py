"""A job: a named queue of tasks for a pool (F11 for defaults)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from batchlocal.domain.refusals import Refusal

__all__ = [
    "DEFAULTS",
    "Job",
    "JobExists",
    "JobNotFound",
    "all_tasks_completed",
    "create",
    "delete",
    "terminate",
    "update",
]

Properties = dict[str, Any]

DEFAULTS: Final[Properties] = {
    "priority": 0,
    "maxParallelTasks": -1,
    "allowTaskPreemption": False,
    "usesTaskDependencies": False,
    "onAllTasksComplete": "noaction",
    "onTaskFailure": "noaction",
}
_OWN_TASKS: Final = ("jobManagerTask", "jobPreparationTask", "jobReleaseTask")
_CONSTRAINTS: Final[Properties] = {"maxWallClockTime": "P10675199DT2H48M5.4775807S", "maxTaskRetryCount": 0}


@dataclass(frozen=True, slots=True)
class Job:
    """One job. ``pool`` is the key of the pool it runs on; moments are ticks."""

    account: str
    id: str
    pool: str
    properties: Properties
    created: int
    modified: int
    state: str = "active"
    state_since: int = 0
    previous_state: str = ""
    previous_since: int = 0
    ended: int = 0
    terminate_reason: str = ""

    @property
    def key(self) -> str:
        return f"{self.account}/jobs/{self.id.lower()}"

    @property
    def priority(self) -> int:
        return int(self.properties["priority"])


@dataclass(eq=False)
class JobExists(Refusal):
    """A job of this id is there."""


@dataclass(eq=False)
class JobNotFound(Refusal):
    """No job of this id."""


@dataclass(eq=False)
class JobBeingDeleted(Refusal):
    """The job is on its way out."""


@dataclass(eq=False)
class JobCompleted(Refusal):
    """The job takes no more tasks."""


def create(account: str, pool: str, job_id: str, sent: Properties, now: int) -> Job:
    """A new job, active."""
    properties = {**DEFAULTS, **{name: value for name, value in sent.items() if value is not None and name != "id"}}
    properties["constraints"] = {**_CONSTRAINTS, **(properties.get("constraints") or {})}
    return Job(account, job_id, pool, properties, now, now, state_since=now)


def update(job: Job, sent: Properties, now: int, *, whole: bool = False) -> Job:
    """The job with the properties sent; ``constraints`` are replaced whole, defaults refilled (F11).

    ``whole`` drops what is left out, as a PUT does, but for the tasks that belong to the job.

    Raises:
        JobBeingDeleted, JobCompleted
    """
    check_takes_tasks(job)
    kept = job.properties
    if whole:
        kept = {**DEFAULTS, **{name: kept[name] for name in _OWN_TASKS if name in kept}}
    properties = {**kept, **{name: value for name, value in sent.items() if value is not None and name != "id"}}
    properties["constraints"] = {**_CONSTRAINTS, **(properties.get("constraints") or {})}
    pool_id = (properties.get("poolInfo") or {}).get("poolId")
    pool = f"{job.account}/pools/{pool_id.lower()}" if pool_id else job.pool
    properties.setdefault("poolInfo", job.properties.get("poolInfo"))
    return replace(job, properties=properties, pool=pool, modified=now)


def check_takes_tasks(job: Job) -> None:
    """Refuse tasks for a job that is ending or has ended.

    Raises:
        JobBeingDeleted, JobCompleted
    """
    if job.state == "deleting":
        raise JobBeingDeleted
    if job.state in ("terminating", "completed"):
        raise JobCompleted


def terminate(job: Job, reason: str, now: int) -> Job:
    """End the job; its tasks are ended with it."""
    if job.state == "deleting":
        raise JobBeingDeleted
    if job.state == "completed":
        raise JobCompleted
    return replace(_moved(job, "completed", now), ended=now, terminate_reason=reason)


def delete(job: Job, now: int) -> Job:
    """Mark the job for deletion."""
    if job.state == "deleting":
        raise JobBeingDeleted
    return _moved(job, "deleting", now)


def all_tasks_completed(job: Job, open_tasks: int, now: int) -> Job:
    """What ``onAllTasksComplete`` makes of the job when ``open_tasks`` are left."""
    if open_tasks or job.state != "active" or job.properties["onAllTasksComplete"] != "terminatejob":
        return job
    return terminate(job, "AllTasksCompleted", now)


def _moved(job: Job, state: str, now: int) -> Job:
    return replace(
        job, state=state, state_since=now, previous_state=job.state, previous_since=job.state_since, modified=now
    )
