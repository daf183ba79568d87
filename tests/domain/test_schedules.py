"""When a job schedule makes its jobs."""

from __future__ import annotations

import pytest

from batchlocal.domain import schedule as schedules
from batchlocal.domain.schedule import JobSchedule

MINUTE = 60 * 10_000_000
SPECIFICATION = {"poolInfo": {"poolId": "p"}}


def new(settings: dict[str, str], opens: int = 0, closes: int = 0) -> JobSchedule:
    sent = {"schedule": settings, "jobSpecification": SPECIFICATION}
    return schedules.create("account", "s", sent, opens, closes, now=MINUTE)


def test_jobs_come_at_whole_intervals_after_the_first() -> None:
    schedule = new({"recurrenceInterval": "PT10M"})
    assert schedules.due(schedule, MINUTE)
    schedule = schedules.job_made(schedule, schedule.next_job_id, MINUTE)
    assert (schedule.next_run, schedule.next_job_id) == (11 * MINUTE, "s:job-2")
    assert not schedules.due(schedule, 11 * MINUTE - 1)
    late = schedules.job_made(schedule, schedule.next_job_id, 35 * MINUTE)
    assert late.next_run == 41 * MINUTE, "missed recurrences make one job, not several"


def test_a_job_that_was_not_made_within_its_window_is_lost() -> None:
    schedule = new({"recurrenceInterval": "PT10M", "startWindow": "PT2M"})
    assert not schedules.due(schedule, 3 * MINUTE)
    assert schedules.opportunity_lost(schedule, 3 * MINUTE).next_run == 11 * MINUTE


def test_a_window_longer_than_the_interval_is_none() -> None:
    assert schedules.due(new({"recurrenceInterval": "PT10M", "startWindow": "PT20M"}), 1000 * MINUTE)


def test_nothing_is_made_before_it_opens_or_after_it_closes() -> None:
    schedule = new({"recurrenceInterval": "PT10M"}, opens=100 * MINUTE, closes=105 * MINUTE)
    assert schedule.next_run == 100 * MINUTE
    made = schedules.job_made(schedule, "s:job-1", 100 * MINUTE)
    assert made.next_run == 0
    assert schedules.closed(schedule, 105 * MINUTE).next_run == 0


def test_a_schedule_without_recurrence_is_completed_after_its_job() -> None:
    made = schedules.job_made(new({}), "s:job-1", MINUTE)
    assert schedules.settled(made, 2 * MINUTE).state == "completed"
    assert schedules.settled(new({"recurrenceInterval": "PT10M"}), 2 * MINUTE).state == "active"


def test_changes_to_an_ended_schedule_are_refused() -> None:
    ended = schedules.settled(schedules.terminate(new({}), MINUTE), MINUTE)
    for change in (schedules.disable, schedules.enable, schedules.terminate):
        with pytest.raises(schedules.ScheduleCompleted):
            change(ended, MINUTE)
