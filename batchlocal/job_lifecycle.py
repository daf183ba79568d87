"""Jobs begun and ended: what handlers, schedules and the nodes' room write down for a job beside the job itself.

Automatic pools come and go here, job manager tasks are added, and what is owed about a job later is owed.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any, Final

from batchlocal import quotas
from batchlocal.autoscaling import enabled
from batchlocal.domain import durations, schedule
from batchlocal.domain import job as jobs
from batchlocal.domain import pool as pools
from batchlocal.domain import task as tasks
from batchlocal.domain.job import Job
from batchlocal.domain.quotas import PoolQuotaReached
from batchlocal.domain.schedule import JobSchedule
from batchlocal.domain.task import Task
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.store import Tx
from batchlocal.store.effects import Effect

__all__ = [
    "EMPTY_JOB",
    "EMPTY_JOB_SECONDS",
    "EXPIRY",
    "SCHEDULE",
    "begin",
    "complete_task",
    "follow_tasks",
    "job_ended",
    "owe_expiry",
    "perform_empty_check",
    "perform_expiry",
    "perform_schedule",
    "put",
    "run_schedule",
]

EXPIRY: Final = "job.expiry"
EMPTY_JOB: Final = "job.empty"
SCHEDULE: Final = "jobschedule.run"

_NO_POOL: Final = ("AutoPoolCreationFailedWithQuotaReached", "The pool quota for the account is reached.")
"""Code and message (Batch Status and Error Codes, job scheduling errors)."""

EMPTY_JOB_SECONDS: Final = 60.0
"""How long a job that shall end with its tasks may stay without any. A job without tasks counts as complete (REST
reference, onAllTasksComplete), but not in the first seconds (recorded, 2020): clients add tasks one call later."""


def begin(platform: Platform, tx: Tx, job: Job, now: int, cause: str = "") -> Job:
    """Write a new job down, with its automatic pool and its manager task; without them if it gets no pool.

    Raises:
        what ``pools.create`` raises of an automatic pool
    """
    if job.automatic_pool is not None:
        try:
            job = jobs.on_pool(job, _automatic_pool(platform, tx, job, now, cause))
        except PoolQuotaReached:
            tx.jobs.put(job := jobs.not_begun(job, *_NO_POOL, now))
            return job
    tx.jobs.put(job)
    manager = tasks.manager_of(job.key, job.properties, now)
    if manager is not None:
        tx.tasks.add(manager)
    elif job.properties["onAllTasksComplete"] == "terminatejob":
        platform.owe(tx, Effect(EMPTY_JOB, f"{job.key}/empty", moments.after(now, EMPTY_JOB_SECONDS), {}, cause))
    owe_expiry(platform, tx, job)
    platform.schedule(job.pool)
    return job


def put(platform: Platform, tx: Tx, job: Job) -> None:
    """Write a changed job down and let whoever is concerned look at it."""
    tx.jobs.put(job)
    platform.schedule(job.pool)


def _automatic_pool(platform: Platform, tx: Tx, job: Job, now: int, cause: str) -> str:
    """The id of the pool that comes with the job; a schedule's jobs may share one."""
    settings = job.automatic_pool or {}
    shared = tx.job_schedules.find(job.schedule) if settings["poolLifetimeOption"] == "jobschedule" else None
    if shared is not None and shared.automatic_pool:
        return shared.automatic_pool
    prefix = str(settings.get("autoPoolIdPrefix") or "")
    drawn = str(uuid.uuid4()).upper()
    pool = pools.create(job.account, f"{prefix}_{drawn}" if prefix else drawn, settings["pool"], now)
    if account := tx.resources.find(job.account):
        quotas.admit_pool(tx, account, settings["pool"])
    pool = replace(pool, hidden={**pool.hidden, "automatic": True})  # its events say so
    tx.pools.put(pool)
    platform.owe(tx, Effect("pool.resize", pool.key, now, {}, cause))
    if pool.properties["enableAutoScale"]:
        enabled(platform, tx, pool, now)
    if shared is not None:
        tx.job_schedules.put(replace(shared, automatic_pool=pool.id))
    return pool.id


def owe_expiry(platform: Platform, tx: Tx, job: Job) -> None:
    """The job ends when its ``maxWallClockTime`` is over; call it again when that changes."""
    subject = f"{job.key}/expiry"
    tx.effects.drop(subject, EXPIRY)
    limit = durations.seconds(job.properties["constraints"]["maxWallClockTime"])
    if limit is not None:
        platform.owe(tx, Effect(EXPIRY, subject, moments.after(job.created, limit)))


async def perform_expiry(platform: Platform, effect: Effect) -> None:
    """The job's time is over."""
    with platform.store.write() as tx:
        tx.effects.settle(effect)
        job = tx.jobs.find(effect.subject.removesuffix("/expiry"))
        if job is not None and job.state in ("active", "disabling", "disabled", "enabling"):
            put(platform, tx, jobs.terminate(job, "MaxWallClockTimeExpiry", moments.now()))


async def perform_empty_check(platform: Platform, effect: Effect) -> None:
    """The job was to end with its tasks and has had time to get some."""
    with platform.store.write() as tx:
        tx.effects.settle(effect)
        job = tx.jobs.find(effect.subject.removesuffix("/empty"))
        if job is not None:
            follow_tasks(platform, tx, job, moments.now())


def complete_task(platform: Platform, tx: Tx, job: Job, task: Task, now: int) -> None:
    """Write a completed task down, with what follows for those who wait for it and for the job."""
    tx.tasks.put(task)
    after = task.consequence
    if after.satisfies and job.properties["usesTaskDependencies"]:
        tx.tasks.dependencies.satisfy(task)
    job = tx.jobs.find(job.key) or job
    changed = jobs.manager_ended(job, task.id, now)
    if task.failure and changed is job:
        changed = jobs.task_failed(job, after.job_action, now)
    if changed is not job:
        put(platform, tx, changed)
    else:
        follow_tasks(platform, tx, job, now)
    platform.schedule(job.pool)


def follow_tasks(platform: Platform, tx: Tx, job: Job, now: int) -> Job:
    """End the job when all its tasks are complete and it asks for that."""
    counts, _ = tx.tasks.counts(job.key)
    followed = jobs.tasks_completed(job, counts.active + counts.running, now)
    if followed is not job:
        put(platform, tx, followed)
    return followed


def job_ended(platform: Platform, tx: Tx, job: Job, now: int) -> None:
    """The job is completed or gone: its own pool goes, and its schedule goes on."""
    settings = job.automatic_pool
    if settings is not None and settings["poolLifetimeOption"] == "job" and not settings["keepAlive"]:
        _delete_pool(platform, tx, job.pool, now)
    tx.effects.drop(f"{job.key}/expiry")
    found = tx.job_schedules.find(job.schedule) if job.schedule else None
    if found is not None:
        run_schedule(platform, tx, found, now)


def _delete_pool(platform: Platform, tx: Tx, key: str, now: int) -> None:
    pool = tx.pools.find(key)
    if pool is not None and pool.state != "deleting":
        tx.pools.put(pools.delete(pool, now))
        platform.owe(tx, Effect("pool.resize", key, now))


def run_schedule(platform: Platform, tx: Tx, found: JobSchedule, now: int) -> JobSchedule:
    """Bring a schedule to where it should be at this moment: make the job that is due, end it, remove it.

    One job at a time: the next one waits until the present one has ended. A clock that is moved by hand may be ahead
    of the caller's moment.
    """
    now = max(now, platform.clock.now())
    found = schedule.closed(found, now)
    made = tx.jobs.of_schedule(found.key)
    present = [job for job in made if job.state != "completed"]
    if found.state == "deleting":
        return _delete_when_empty(platform, tx, found, made, now)
    if found.state == "terminating":
        for job in present:
            if job.state in ("active", "disabling", "disabled", "enabling"):
                put(platform, tx, jobs.terminate(job, "TerminateJobSchedule", now))
    elif not present and schedule.due(found, now):
        found = _make_job(platform, tx, found, now)
        present = [job for job in tx.jobs.of_schedule(found.key) if job.state != "completed"]
    elif not present and found.next_run and now >= found.next_run and found.state == "active":
        found = schedule.opportunity_lost(found, now)
    if not present:
        found = _completed(platform, tx, found, now)
    tx.job_schedules.put(found)
    _owe_run(platform, tx, found, now)
    return found


def _make_job(platform: Platform, tx: Tx, found: JobSchedule, now: int) -> JobSchedule:
    job = jobs.create(found.account, found.next_job_id, found.properties["jobSpecification"], now, schedule=found.key)
    job = begin(platform, tx, job, now)
    present = tx.job_schedules.find(found.key) or found
    return schedule.job_made(present, job.id, now)


def _completed(platform: Platform, tx: Tx, found: JobSchedule, now: int) -> JobSchedule:
    settled = schedule.settled(found, now)
    if settled is not found and found.automatic_pool:
        specification: dict[str, Any] = found.properties["jobSpecification"]["poolInfo"]["autoPoolSpecification"]
        if not specification["keepAlive"]:
            _delete_pool(platform, tx, f"{found.account}/pools/{found.automatic_pool.lower()}", now)
    return settled


def _delete_when_empty(platform: Platform, tx: Tx, found: JobSchedule, made: list[Job], now: int) -> JobSchedule:
    """Jobs go first, then the pool that they shared, then the schedule."""
    for job in made:
        if job.state != "deleting":
            put(platform, tx, jobs.delete(job, now))
    if not made:
        if found.automatic_pool:
            _delete_pool(platform, tx, f"{found.account}/pools/{found.automatic_pool.lower()}", now)
        tx.effects.drop(found.key)
        tx.job_schedules.remove(found.key)
    else:
        tx.job_schedules.put(found)
    return found


def _owe_run(platform: Platform, tx: Tx, found: JobSchedule, now: int) -> None:
    tx.effects.drop(found.key, SCHEDULE)
    moment = found.next_run if found.next_run > now else 0
    if found.closes > now and found.state == "active":
        moment = min(moment or found.closes, found.closes)
    if moment and found.state == "active":
        # reckoned from now as the clock has it: one that is moved by hand may be ahead of real time
        due = moments.now() + moment - now
        platform.owe(tx, Effect(SCHEDULE, found.key, due, {"moment": moment}))


async def perform_schedule(platform: Platform, effect: Effect) -> None:
    """A schedule's next job is due."""
    with platform.store.write() as tx:
        tx.effects.settle(effect)
        found = tx.job_schedules.find(effect.subject)
        if found is not None:
            run_schedule(platform, tx, found, max(moments.now(), int(effect.payload["moment"])))
