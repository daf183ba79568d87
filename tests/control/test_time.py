"""Life cycles by real, scaled and manual time."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.control.conftest import Steered
from tests.support.waiting import until


@pytest.fixture
def manual(steered: Steered) -> Iterator[Steered]:
    pace = steered.control("GET", "/time").json()["pace"]
    assert steered.control("PUT", "/time", {"mode": "manual"}).json()["mode"] == "manual"
    yield steered
    steered.control("PUT", "/time", {"mode": "scaled", "pace": pace})


def advance(steered: Steered, **how: object) -> dict[str, object]:
    answer = steered.control("POST", "/time/advance", how)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    assert found["settled"]
    return found


def account_state(steered: Steered, name: str) -> str:
    return str(steered.account("GET", name).json()["properties"]["provisioningState"])


def test_an_account_gets_ready_when_its_time_has_passed_and_not_before(manual: Steered) -> None:
    """F3: 16 s is the median of recorded creations; by hand they are as many seconds, whatever the pace."""
    name = f"m{uuid.uuid4().hex[:8]}"
    before = manual.control("GET", "/time").json()["now"]
    accepted = manual.account("PUT", name, body={"location": "westeurope"})
    assert accepted.headers["Retry-After"] == "1"
    told = manual.control("GET", "/time").json()
    due = datetime.fromisoformat(told["next"]["due"]) - datetime.fromisoformat(before)
    seconds = round(due.total_seconds() / told["pace"])
    assert (told["now"], seconds) == (before, 16), "the clock stands, and what is owed is owed by it"
    assert account_state(manual, name) == "Creating"
    assert advance(manual, seconds=15)["performed"] == []
    assert account_state(manual, name) == "Creating"
    performed = advance(manual, seconds=1.1)["performed"]
    assert [effect["kind"] for effect in performed] == ["batch.account.create"]  # type: ignore[attr-defined]
    assert account_state(manual, name) == "Succeeded"


def test_effects_come_one_after_another(manual: Steered) -> None:
    first, second = (f"m{uuid.uuid4().hex[:8]}" for _ in range(2))
    manual.account("PUT", first, body={"location": "westeurope"})
    advance(manual, seconds=1)
    manual.account("PUT", second, body={"location": "westeurope"})
    assert manual.control("GET", "/time").json()["next"]["subject"].endswith(first)
    advance(manual, next=True)
    assert (account_state(manual, first), account_state(manual, second)) == ("Succeeded", "Creating")
    advance(manual, next=True)
    assert account_state(manual, second) == "Succeeded"


def test_a_pool_is_resizing_until_time_is_moved_on(manual: Steered) -> None:
    name = f"m{uuid.uuid4().hex[:8]}"
    manual.account("PUT", name, body={"location": "westeurope"})
    advance(manual, seconds=60)
    manual.new_pool(name, nodes=1)
    advance(manual, seconds=1)
    assert manual.service("GET", name, "pools/pool").json()["allocationState"] == "resizing"
    advance(manual, seconds=600)
    pool = manual.service("GET", name, "pools/pool").json()
    assert (pool["allocationState"], pool["currentDedicatedNodes"]) == ("steady", 1)


def test_a_schedule_makes_a_job_an_interval_and_one_at_a_time(manual: Steered) -> None:
    """REST reference, Job Schedule - Add: a job that still runs keeps the next one from being made."""
    name = f"m{uuid.uuid4().hex[:8]}"
    manual.account("PUT", name, body={"location": "westeurope"})
    advance(manual, seconds=60)
    specification = {"poolInfo": {"poolId": "none"}}
    minutely = {"id": "minutely", "schedule": {"recurrenceInterval": "PT1M"}, "jobSpecification": specification}
    assert manual.service("POST", name, "jobschedules", minutely).status_code == 201

    def jobs() -> dict[str, str]:
        listed = manual.service("GET", name, "jobschedules/minutely/jobs").json()["value"]
        return {job["id"]: job["state"] for job in listed}

    def next_minute() -> None:
        """An interval is not scaled, as a wait of Azure's own is."""
        advance(manual, seconds=61 / manual.control("GET", "/time").json()["pace"])

    for number in (1, 2, 3):
        before = {f"minutely:job-{one}": "completed" for one in range(1, number)}
        assert jobs() == {**before, f"minutely:job-{number}": "active"}
        next_minute()
        assert len(jobs()) == number, "the present job still runs"
        assert manual.service("POST", name, f"jobs/minutely:job-{number}/terminate").status_code == 202
        until(lambda number=number: len(jobs()) == number + 1)
    assert manual.service("POST", name, "jobs/minutely:job-4/terminate").status_code == 202
    until(lambda: jobs()["minutely:job-4"] == "completed")
    next_minute()
    assert len(jobs()) == 5, "the minute's job, as none runs"
    shown = manual.service("GET", name, "jobschedules/minutely").json()
    assert shown["executionInfo"]["recentJob"]["id"] == "minutely:job-5"
    assert manual.service("POST", name, "jobschedules/minutely/disable").status_code == 204
    assert manual.service("POST", name, "jobs/minutely:job-5/terminate").status_code == 202
    until(lambda: jobs()["minutely:job-5"] == "completed")
    next_minute()
    assert len(jobs()) == 5, "a disabled schedule makes no job"


def test_what_was_owed_is_done_when_time_runs_again(manual: Steered) -> None:
    name = f"m{uuid.uuid4().hex[:8]}"
    manual.account("PUT", name, body={"location": "westeurope"})
    assert manual.control("PUT", "/time", {"mode": "scaled", "pace": 0.02}).json()["mode"] == "scaled"
    until(lambda: account_state(manual, name) == "Succeeded", 5)


def test_the_pace_decides_how_long_an_account_takes(steered: Steered) -> None:
    before = steered.control("GET", "/time").json()["pace"]
    try:
        assert steered.control("PUT", "/time", {"mode": "scaled", "pace": 0.1}).status_code == 200
        began = time.monotonic()
        name = steered.new_account()
        assert 1.5 <= time.monotonic() - began < 10
        assert account_state(steered, name) == "Succeeded"
        assert steered.control("PUT", "/time", {"mode": "real"}).json()["pace"] == 1
        late = steered.account("PUT", f"m{uuid.uuid4().hex[:8]}", body={"location": "westeurope"})
        assert late.headers["Retry-After"] == "15"
    finally:
        steered.control("PUT", "/time", {"mode": "scaled", "pace": before})


def test_time_that_cannot_be_meant_is_refused(steered: Steered) -> None:
    for wrong in ({}, {"mode": "fast"}, {"pace": 0}, {"mode": "real", "pace": 0.5}, {"pace": 1000}):
        assert steered.control("PUT", "/time", wrong).status_code == 400
    assert steered.control("POST", "/time/advance", {"seconds": 1}).status_code == 409


def test_advancing_needs_an_amount(manual: Steered) -> None:
    for wrong in ({}, {"seconds": -1}, {"seconds": 1, "next": True}):
        assert manual.control("POST", "/time/advance", wrong).status_code == 400


def test_the_commands_move_time(manual: Steered) -> None:
    name = f"m{uuid.uuid4().hex[:8]}"
    manual.account("PUT", name, body={"location": "westeurope"})
    moved = manual.local.run("time", "advance", "20").stdout.splitlines()
    assert moved[0].startswith("done: batch.account.create /subscriptions/")
    assert moved[-2 if moved[-1].startswith("next: ") else -1].startswith("time is manual, pace 0.02; effects owed: ")


def test_a_tasks_files_are_kept_for_their_retention_time_and_no_longer(steered: Steered) -> None:
    pace = steered.control("GET", "/time").json()["pace"]
    name = steered.new_account()
    steered.new_pool(name)
    until(lambda: steered.node_states(name) == ["idle"])
    steered.service("POST", name, "jobs", {"id": "job", "poolInfo": {"poolId": "pool"}})
    for task, kept in (("day", "P1D"), ("week", "P7D")):
        constraints = {"retentionTime": kept}
        sent = {"id": task, "commandLine": "/bin/echo kept", "constraints": constraints}
        assert steered.service("POST", name, "jobs/job/tasks", sent).status_code == 201
        until(lambda task=task: steered.service("GET", name, f"jobs/job/tasks/{task}").json()["state"] == "completed")

    def output(task: str) -> int:
        return steered.service("GET", name, f"jobs/job/tasks/{task}/files/stdout.txt").status_code

    assert steered.control("PUT", "/time", {"mode": "real"}).ok  # retention is real time: no pace scales it
    assert steered.control("PUT", "/time", {"mode": "manual"}).ok
    try:
        advance(steered, seconds=24 * 3600 - 60)
        assert (output("day"), output("week")) == (200, 200)
        advance(steered, seconds=60)
        until(lambda: output("day") == 409)
        assert output("week") == 200
    finally:
        steered.control("PUT", "/time", {"mode": "scaled", "pace": pace})
