"""A job schedule: when it makes its next job, and its life.

Sources: the REST reference's pages Job Schedule - Add (schedule's properties), Disable, Enable, Terminate, Delete;
recorded-facts F11.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from batchlocal.domain import durations, job_settings, task_settings
from batchlocal.domain.refusals import PropertyNotTaken, Refusal

__all__ = [
    "JobSchedule",
    "ScheduleBeingDeleted",
    "ScheduleBeingTerminated",
    "ScheduleCompleted",
    "ScheduleExists",
    "ScheduleNotFound",
    "closed",
    "create",
    "delete",
    "disable",
    "due",
    "enable",
    "job_made",
    "opportunity_lost",
    "settled",
    "terminate",
    "update",
]

Properties = dict[str, Any]

_TICKS = 10_000_000
_SHORTEST: Final = 60.0
"""Seconds: startWindow and recurrenceInterval are at least a minute."""


@dataclass(frozen=True, slots=True)
class JobSchedule:
    """One job schedule. ``next_run`` is the moment (ticks) at which its next job is due, 0 when there is none.

    ``opens`` and ``closes`` are ``doNotRunUntil`` and ``doNotRunAfter`` in ticks, 0 where they are not set;
    ``runs`` counts the jobs made so far; ``automatic_pool`` is the id of the pool that its jobs share.
    """

    account: str
    id: str
    properties: Properties
    created: int
    modified: int
    opens: int = 0
    closes: int = 0
    next_run: int = 0
    runs: int = 0
    recent_job: str = ""
    automatic_pool: str = ""
    state: str = "active"
    state_since: int = 0
    previous_state: str = ""
    previous_since: int = 0
    ended: int = 0

    @property
    def key(self) -> str:
        return f"{self.account}/jobschedules/{self.id.lower()}"

    @property
    def interval(self) -> int:
        """Ticks from one job to the next, 0 for a schedule that makes one job."""
        return _ticks(self.properties["schedule"].get("recurrenceInterval"))

    @property
    def window(self) -> int:
        """Ticks within which a due job must be made, 0 without limit; one longer than the interval is none."""
        window = _ticks(self.properties["schedule"].get("startWindow"))
        return 0 if self.interval and window > self.interval else window

    @property
    def next_job_id(self) -> str:
        """Jobs are numbered from 1 (F11)."""
        return f"{self.id}:job-{self.runs + 1}"


@dataclass(eq=False)
class ScheduleExists(Refusal):
    """A job schedule of this id is there."""


@dataclass(eq=False)
class ScheduleNotFound(Refusal):
    """No job schedule of this id."""


@dataclass(eq=False)
class ScheduleBeingDeleted(Refusal):
    """The job schedule is on its way out."""


@dataclass(eq=False)
class ScheduleBeingTerminated(Refusal):
    """The job schedule is ending."""


@dataclass(eq=False)
class ScheduleCompleted(Refusal):
    """The job schedule has ended."""


def create(account: str, schedule_id: str, sent: Properties, opens: int, closes: int, now: int) -> JobSchedule:
    """A new job schedule, active; its first job is due at once, or when ``doNotRunUntil`` has passed.

    Raises:
        PropertyNotTaken, ResourceFilesTooLong
    """
    properties = _filled(sent)
    task_settings.check_id(schedule_id)
    made = JobSchedule(account, schedule_id, properties, now, now, opens, closes, state_since=now)
    return replace(made, next_run=max(now, opens))


def update(
    schedule: JobSchedule, sent: Properties, opens: int, closes: int, now: int, *, whole: bool = False
) -> JobSchedule:
    """Other settings for the jobs to come; ``whole`` drops what is left out, as a PUT does.

    Raises:
        ScheduleBeingDeleted, ScheduleBeingTerminated, ScheduleCompleted, PropertyNotTaken
    """
    check_takes_changes(schedule)
    kept = {"displayName": schedule.properties["displayName"]} if "displayName" in schedule.properties else {}
    base = kept if whole else schedule.properties
    properties = _filled({**base, **{name: value for name, value in sent.items() if value is not None}})
    changed = replace(schedule, properties=properties, modified=now)
    if "schedule" not in sent and not whole:
        return changed
    changed = replace(changed, opens=opens, closes=closes)
    return replace(changed, next_run=_following(changed, schedule.created, now) if changed.runs else max(now, opens))


def _filled(sent: Properties) -> Properties:
    properties = {name: value for name, value in sent.items() if value is not None and name != "id"}
    task_settings.check_display_name(properties)
    task_settings.check_metadata(properties)
    given = {name: value for name, value in (properties.get("schedule") or {}).items() if value is not None}
    for name in ("startWindow", "recurrenceInterval"):
        if name in given:
            given[name] = task_settings.span(name, given[name])
            if (durations.seconds(given[name]) or _SHORTEST) < _SHORTEST:
                raise PropertyNotTaken(name, given[name], "It must be at least 1 minute")
    specification = job_settings.filled(properties["jobSpecification"])
    job_settings.check(specification)
    return {**properties, "schedule": given, "jobSpecification": specification}


def due(schedule: JobSchedule, now: int) -> bool:
    """Whether a job is due now and may still be made."""
    if schedule.state != "active" or not schedule.next_run or now < schedule.next_run:
        return False
    return not schedule.window or now < schedule.next_run + schedule.window


def closed(schedule: JobSchedule, now: int) -> JobSchedule:
    """A schedule whose ``doNotRunAfter`` has passed makes no further job."""
    return replace(schedule, next_run=0) if schedule.closes and now >= schedule.closes else schedule


def job_made(schedule: JobSchedule, job_id: str, now: int) -> JobSchedule:
    """A job was made for the moment that was due."""
    following = _following(schedule, schedule.next_run, now)
    return replace(schedule, runs=schedule.runs + 1, recent_job=job_id, next_run=following)


def opportunity_lost(schedule: JobSchedule, now: int) -> JobSchedule:
    """The start window has closed over a due job: the next recurrence is what counts."""
    return replace(schedule, next_run=_following(schedule, schedule.next_run, now))


def _following(schedule: JobSchedule, since: int, now: int) -> int:
    """The first moment after ``now`` that is a whole number of intervals after ``since``, 0 when there is none."""
    if not schedule.interval:
        return 0
    passed = max(0, now - since) // schedule.interval + 1
    following = max(since + passed * schedule.interval, schedule.opens)
    return 0 if schedule.closes and following >= schedule.closes else following


def disable(schedule: JobSchedule, now: int) -> JobSchedule:
    """No new jobs; the present one goes on."""
    check_takes_changes(schedule)
    return schedule if schedule.state == "disabled" else replace(_moved(schedule, "disabled", now), modified=now)


def enable(schedule: JobSchedule, now: int) -> JobSchedule:
    """New jobs again; one that fell due meanwhile is made within its start window."""
    check_takes_changes(schedule)
    return schedule if schedule.state == "active" else replace(_moved(schedule, "active", now), modified=now)


def terminate(schedule: JobSchedule, now: int) -> JobSchedule:
    """End the schedule, and its present job with it."""
    check_takes_changes(schedule)
    return replace(_moved(schedule, "terminating", now), next_run=0, modified=now)


def delete(schedule: JobSchedule, now: int) -> JobSchedule:
    """Mark the schedule for deletion; its jobs go with it."""
    if schedule.state == "deleting":
        raise ScheduleBeingDeleted
    return replace(_moved(schedule, "deleting", now), next_run=0)


def settled(schedule: JobSchedule, now: int) -> JobSchedule:
    """Its present job has ended: a schedule that ends, or has no further job to make, is completed."""
    over = schedule.state in ("active", "disabled") and not schedule.next_run
    if schedule.state != "terminating" and not over:
        return schedule
    return replace(_moved(schedule, "completed", now), ended=now)


def check_takes_changes(schedule: JobSchedule) -> None:
    """Refuse changes to a schedule that is ending or has ended.

    Raises:
        ScheduleBeingDeleted, ScheduleBeingTerminated, ScheduleCompleted
    """
    if schedule.state == "deleting":
        raise ScheduleBeingDeleted
    if schedule.state == "terminating":
        raise ScheduleBeingTerminated
    if schedule.state == "completed":
        raise ScheduleCompleted


def _ticks(span: str | None) -> int:
    found = durations.seconds(span) if span else None
    return round(found * _TICKS) if found else 0


def _moved(schedule: JobSchedule, state: str, now: int) -> JobSchedule:
    """The schedule in another state; ``modified`` moves only by request (recorded, 2016)."""
    return replace(
        schedule,
        state=state,
        state_since=now,
        previous_state=schedule.state,
        previous_since=schedule.state_since,
    )
