"""A job: a named queue of tasks for a pool, and its life.

active -> disabling -> disabled -> enabling -> active; any of them -> terminating -> completed; any -> deleting -> gone.
A state that ends in -ing lasts as long as something of the job still runs: ``settled`` ends it. Sources: recorded-facts
F11; the REST reference's pages Job - Disable, Enable, Terminate, Delete, Patch and Update.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from batchlocal.domain import job_settings
from batchlocal.domain.refusals import PropertyNotTaken, Refusal

__all__ = [
    "DisableOption",
    "Job",
    "JobBeingDeleted",
    "JobBeingTerminated",
    "JobCompleted",
    "JobExists",
    "JobNotFound",
    "JobStateUnfit",
    "check_takes_changes",
    "create",
    "delete",
    "disable",
    "enable",
    "manager_ended",
    "not_begun",
    "on_pool",
    "settled",
    "task_failed",
    "tasks_completed",
    "terminate",
    "update",
]

Properties = dict[str, Any]
DisableOption = Literal["requeue", "terminate", "wait"]

_SET_ONCE: Final = (
    *job_settings.OWN_TASKS,
    *("displayName", "usesTaskDependencies", "onTaskFailure", "poolInfo"),
    *("commonEnvironmentSettings", "networkConfiguration"),
)
"""What Job - Update cannot change."""

_UNSETTLED: Final = frozenset({"disabling", "enabling", "terminating", "deleting"})


@dataclass(frozen=True, slots=True)
class Job:
    """One job. ``pool`` and ``schedule`` are keys: the pool it runs on, the schedule that made it; moments are ticks.

    ``pool_id`` is the pool's id as executionInfo shows it: an automatic pool has an id of its own. ``disabled_how``
    says what becomes of the running tasks when it is disabled; ``scheduling_error`` why it could not begin.
    """

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
    pool_id: str = ""
    schedule: str = ""
    disabled_how: str = ""
    scheduling_error: Properties | None = None

    @property
    def key(self) -> str:
        return f"{self.account}/jobs/{self.id.lower()}"

    @property
    def priority(self) -> int:
        return int(self.properties["priority"])

    @property
    def directory(self) -> str:
        """Where its tasks lie on a node, below the root; ids keep their case.

        A schedule's jobs lie in their schedule's (article batch-compute-node-environment-variables, directories).
        """
        schedule, _, run = self.id.partition(":")
        return f"workitems/{schedule}/{run}" if self.schedule else f"workitems/{self.id}/job-1"

    @property
    def is_unsettled(self) -> bool:
        """Whether the job is on its way from one state to another."""
        return self.state in _UNSETTLED

    @property
    def automatic_pool(self) -> Properties | None:
        """The settings of the pool that the job brings, None where it names one."""
        return (self.properties.get("poolInfo") or {}).get("autoPoolSpecification")


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
class JobBeingTerminated(Refusal):
    """The job is ending."""


@dataclass(eq=False)
class JobCompleted(Refusal):
    """The job takes no more tasks and no more changes."""


@dataclass(eq=False)
class JobStateUnfit(Refusal):
    """The job is not in a state that allows the operation."""


def create(account: str, job_id: str, sent: Properties, now: int, *, schedule: str = "") -> Job:
    """A new job, active. A job with an automatic pool gets its pool later (``on_pool``).

    Raises:
        PropertyNotTaken, ResourceFilesTooLong
    """
    properties = job_settings.filled(sent)
    job_settings.check(properties)
    job = Job(account, job_id, "", properties, now, now, state_since=now, schedule=schedule)
    return on_pool(job, job_settings.pool_id(properties))


def not_begun(job: Job, code: str, message: str, now: int) -> Job:
    """The job is completed before it began, because it got no pool (REST reference, PoolInformation)."""
    error = {"category": "usererror", "code": code, "message": message}
    return replace(_moved(job, "completed", now), ended=now, scheduling_error=error)


def on_pool(job: Job, pool_id: str) -> Job:
    """The job, bound to a pool."""
    return replace(job, pool_id=pool_id, pool=f"{job.account}/pools/{pool_id.lower()}" if pool_id else "")


def update(job: Job, sent: Properties, now: int, *, whole: bool = False) -> Job:
    """The job with the properties sent; ``constraints`` are replaced whole, defaults refilled (F11).

    ``whole`` drops what is left out, as a PUT does, but for what only Job - Add can set.

    Raises:
        JobBeingDeleted, JobBeingTerminated, JobCompleted, JobStateUnfit, PropertyNotTaken
    """
    check_takes_changes(job)
    sent = _with_its_pool(job, sent)
    kept = job.properties
    if whole:
        kept = {name: kept[name] for name in _SET_ONCE if name in kept}
    properties = job_settings.filled({**kept, **{name: value for name, value in sent.items() if value is not None}})
    job_settings.check(properties)
    _check_change(job, properties)
    changed = replace(job, properties=properties, modified=now)
    named = job_settings.pool_id(properties)
    return on_pool(changed, named) if named else changed


def _with_its_pool(job: Job, sent: Properties) -> Properties:
    """The change, with the job's own automatic pool: of that only ``keepAlive`` can be updated, and only where the pool
    lives as long as the job (REST reference, Job - Patch, poolInfo).

    Raises:
        PropertyNotTaken
    """
    before, given = job.automatic_pool, (sent.get("poolInfo") or {}).get("autoPoolSpecification")
    if before is None or not given:
        return sent
    asked = job_settings.filled({"poolInfo": {"autoPoolSpecification": {**before, **given}}})["poolInfo"]
    after: Properties = asked["autoPoolSpecification"]
    changed = [name for name, value in after.items() if value != before.get(name)]
    if changed and (changed != ["keepAlive"] or before["poolLifetimeOption"] != "job"):
        reason = "Only keepAlive can be updated, of a pool that lives as long as its job"
        raise PropertyNotTaken("autoPoolSpecification", "", reason)
    return {**sent, "poolInfo": asked}


def _check_change(job: Job, properties: Properties) -> None:
    """Automatic termination cannot be taken back; the pool changes only while the job is disabled."""
    before, after = job.properties["onAllTasksComplete"], properties["onAllTasksComplete"]
    if before == "terminatejob" and after != before:
        reason = "It cannot be changed from terminatejob to noaction"
        raise PropertyNotTaken("onAllTasksComplete", after, reason)
    named = job_settings.pool_id(properties)
    moved = named.lower() != job_settings.pool_id(job.properties).lower()
    if moved and job.state != "disabled":
        raise JobStateUnfit


def check_takes_changes(job: Job) -> None:
    """Refuse changes to a job that is ending or has ended, and tasks for it.

    Raises:
        JobBeingDeleted, JobBeingTerminated, JobCompleted
    """
    if job.state == "deleting":
        raise JobBeingDeleted
    if job.state == "terminating":
        raise JobBeingTerminated
    if job.state == "completed":
        raise JobCompleted


def disable(job: Job, option: str, now: int) -> Job:
    """No new tasks; ``option`` says what becomes of the running ones. Allowed in active, disabling and disabled.

    Raises:
        JobBeingDeleted, JobBeingTerminated, JobCompleted, JobStateUnfit
    """
    check_takes_changes(job)
    if job.state == "enabling":
        raise JobStateUnfit
    if job.state == "disabled":
        return job
    return replace(_moved(job, "disabling", now), disabled_how=option, modified=now)


def enable(job: Job, now: int) -> Job:
    """Tasks run again, at once: nothing has to end first (tests of Java's library see the job active right after).

    Raises:
        JobBeingDeleted, JobBeingTerminated, JobCompleted, JobStateUnfit
    """
    check_takes_changes(job)
    if job.state not in ("disabled", "disabling"):
        raise JobStateUnfit
    return settled(replace(_moved(job, "enabling", now), disabled_how="", modified=now), now)


def terminate(job: Job, reason: str, now: int) -> Job:
    """End the job: its running tasks end, waiting ones stay as they are and never run.

    Raises:
        JobBeingDeleted, JobBeingTerminated, JobCompleted
    """
    check_takes_changes(job)
    return replace(_moved(job, "terminating", now), terminate_reason=reason, modified=now)


def delete(job: Job, now: int) -> Job:
    """Mark the job for deletion.

    Raises:
        JobBeingDeleted
    """
    if job.state == "deleting":
        raise JobBeingDeleted
    return _moved(job, "deleting", now)


def settled(job: Job, now: int) -> Job:
    """The state that the job was on its way to; a deleted job stays deleting until it is removed."""
    if job.state == "disabling":
        return _moved(job, "disabled", now)
    if job.state == "enabling":
        return _moved(job, "active", now)
    if job.state == "terminating":
        return replace(_moved(job, "completed", now), ended=now)
    return job


def tasks_completed(job: Job, open_tasks: int, now: int) -> Job:
    """What ``onAllTasksComplete`` makes of the job when ``open_tasks`` are left."""
    if open_tasks or job.state != "active" or job.properties["onAllTasksComplete"] != "terminatejob":
        return job
    return terminate(job, "AllTasksComplete", now)


def manager_ended(job: Job, task_id: str, now: int) -> Job:
    """The job ends with its manager task, unless ``killJobOnCompletion`` says otherwise."""
    manager = job.properties.get("jobManagerTask")
    if not manager or manager["id"].lower() != task_id.lower() or not manager["killJobOnCompletion"]:
        return job
    return terminate(job, "JMComplete", now) if job.state in ("active", "disabling", "disabled") else job


def task_failed(job: Job, action: str, now: int) -> Job:
    """What a failed task's job action makes of the job, where ``onTaskFailure`` asks for it."""
    if job.state != "active" or job.properties["onTaskFailure"] != "performexitoptionsjobaction":
        return job
    if action == "terminate":
        return terminate(job, "TaskFailed", now)
    return disable(job, "requeue", now) if action == "disable" else job


def _moved(job: Job, state: str, now: int) -> Job:
    """The job in another state; ``modified`` moves by request, and not by a deletion (recorded, 2016)."""
    return replace(job, state=state, state_since=now, previous_state=job.state, previous_since=job.state_since)
