"""Job schedules (REST reference, Job Schedule - Add to Terminate; recorded-facts F11)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.service.conftest import Service, code, values
from tests.service.test_jobs import automatic
from tests.support.waiting import until


def new_schedule(service: Service, schedule: dict[str, Any], **specification: Any) -> str:
    name = f"Schedule-{uuid.uuid4().hex[:8]}"
    body = {
        "id": name,
        "schedule": schedule,
        "jobSpecification": {"poolInfo": {"poolId": "main"}, **specification},
    }
    answer = service.send("POST", "/jobschedules", body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"].endswith(f"/jobschedules/{name}")
    return name


def test_a_recurring_schedule_makes_its_first_job_at_once(service: Service) -> None:
    name = new_schedule(service, {"recurrenceInterval": "P2D"}, displayName="made")
    (job,) = service.get(f"/jobschedules/{name}/jobs")["value"]
    assert (job["id"], job["displayName"]) == (f"{name}:job-1", "made")
    shown = service.get(f"/jobschedules/{name}")
    assert shown["executionInfo"]["recentJob"] == {"id": job["id"], "url": job["url"]}
    assert shown["executionInfo"]["nextRunTime"] > shown["creationTime"]
    assert shown["jobSpecification"]["onTaskFailure"] == "noaction"
    where = service.run(job["id"], "t", "/bin/pwd")["nodeInfo"]["taskRootDirectory"]
    assert where == f"workitems/{name}/job-1/t"
    assert service.stdout(job["id"], "t").endswith(f"/{where}/wd\n")
    service.send("DELETE", f"/jobschedules/{name}")
    until(lambda: service.is_gone(f"/jobschedules/{name}"))
    assert service.is_gone(f"/jobs/{job['id']}")


def test_a_schedule_waits_until_it_may_run(service: Service) -> None:
    name = new_schedule(service, {"doNotRunUntil": "2999-01-01T00:00:00Z", "startWindow": "PT6M"})
    assert service.get(f"/jobschedules/{name}/jobs")["value"] == []
    assert service.get(f"/jobschedules/{name}")["executionInfo"] == {"nextRunTime": "2999-01-01T00:00:00Z"}
    assert service.send("HEAD", f"/jobschedules/{name}").status_code == 200
    for action, state in (("disable", "disabled"), ("enable", "active")):
        answer = service.send("POST", f"/jobschedules/{name}/{action}")
        assert answer.status_code == 204
        assert answer.headers["DataServiceId"].endswith(f"/{name}/{action}")
        assert service.get(f"/jobschedules/{name}")["state"] == state
    service.send("PATCH", f"/jobschedules/{name}", {"schedule": {"doNotRunUntil": "2000-01-01T00:00:00Z"}})
    assert len(service.get(f"/jobschedules/{name}/jobs")["value"]) == 1
    service.send("DELETE", f"/jobschedules/{name}")


def test_a_schedule_that_makes_one_job_ends_with_it(service: Service) -> None:
    name = new_schedule(service, {})
    service.send("POST", f"/jobs/{name}:job-1/terminate")
    ended = service.in_state(f"/jobschedules/{name}", "completed")
    assert "endTime" in ended["executionInfo"]
    assert code(service.send("POST", f"/jobschedules/{name}/disable"), 409) == "JobScheduleCompleted"
    service.send("DELETE", f"/jobschedules/{name}")


def test_a_terminated_schedule_ends_its_job(service: Service) -> None:
    name = new_schedule(service, {"recurrenceInterval": "PT1H"}, poolInfo=automatic("jobschedule"))
    pool = service.get(f"/jobs/{name}:job-1")["executionInfo"]["poolId"]
    assert service.send("POST", f"/jobschedules/{name}/terminate").status_code == 202
    job = service.in_state(f"/jobs/{name}:job-1", "completed")
    assert job["executionInfo"]["terminateReason"] == "TerminateJobSchedule"
    service.in_state(f"/jobschedules/{name}", "completed")
    until(lambda: service.is_gone(f"/pools/{pool}"))
    service.send("DELETE", f"/jobschedules/{name}")


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"recurrenceInterval": "PT59S"}, "recurrenceInterval"),
    ({"startWindow": "PT30S"}, "startWindow"),
    ({"doNotRunUntil": "2030-01-02T00:00:00Z", "doNotRunAfter": "2030-01-01T00:00:00Z"}, "doNotRunAfter"),
]


@pytest.mark.parametrize(("schedule", "name"), REFUSED)
def test_a_wrong_schedule_is_refused_by_its_name(service: Service, schedule: dict[str, Any], name: str) -> None:
    body = {"id": "wrong", "schedule": schedule, "jobSpecification": {"poolInfo": {"poolId": "main"}}}
    answer = service.send("POST", "/jobschedules", body)
    assert (code(answer, 400), values(answer)["PropertyName"]) == ("InvalidPropertyValue", name)


def test_what_is_not_there_is_told(service: Service) -> None:
    assert code(service.send("GET", "/jobschedules/none"), 404) == "JobScheduleNotFound"
    assert service.send("HEAD", "/jobschedules/none").status_code == 404
