"""The life of jobs (REST reference, Job - Add to Job - Terminate; recorded-facts F11)."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.service.conftest import UBUNTU, Service, code, values
from tests.support.waiting import until

PREPARE = {"commandLine": "/bin/sh -c 'echo prepared > $AZ_BATCH_NODE_SHARED_DIR/$AZ_BATCH_JOB_ID'"}


def test_a_new_job_has_the_recorded_defaults(service: Service, job: str) -> None:
    shown = service.get(f"/jobs/{job}")
    assert shown["odata.metadata"].endswith("/$metadata#jobs/@Element")
    expected = {
        "state": "active",
        "priority": 0,
        "maxParallelTasks": -1,
        "usesTaskDependencies": False,
        "allowTaskPreemption": False,
        "constraints": {"maxWallClockTime": "P10675199DT2H48M5.4775807S", "maxTaskRetryCount": 0},
        "onAllTasksComplete": "noaction",
        "onTaskFailure": "noaction",
    }
    assert {name: shown[name] for name in expected} == expected
    assert shown["executionInfo"]["poolId"] == "main"


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("id", {"id": "a:b"}, "id"),
    ("priority", {"priority": 1001}, "priority"),
    ("parallel tasks", {"maxParallelTasks": 0}, "maxParallelTasks"),
    ("retries", {"constraints": {"maxTaskRetryCount": -2}}, "maxTaskRetryCount"),
    ("no pool", {"poolInfo": {}}, "poolInfo"),
    ("release without preparation", {"jobReleaseTask": {"commandLine": "x"}}, "jobReleaseTask"),
    ("a release of more than 15 minutes", {"jobPreparationTask": {"commandLine": "x"},
     "jobReleaseTask": {"commandLine": "x", "maxWallClockTime": "PT16M"}}, "maxWallClockTime"),
    ("own tasks of one id", {"jobPreparationTask": {"id": "a", "commandLine": "x"},
     "jobReleaseTask": {"id": "A", "commandLine": "x"}}, "id"),
    ("a long prefix", {"poolInfo": {"autoPoolSpecification": {"poolLifetimeOption": "job", "autoPoolIdPrefix": "x" * 21,
     "pool": {"vmSize": "Standard_D2s_v3"}}}}, "autoPoolIdPrefix"),
    ("an unknown action", {"onAllTasksComplete": "badValue"}, "onAllTasksComplete"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "name"), [pytest.param(*one[1:], id=one[0]) for one in REFUSED])
def test_a_wrong_setting_is_refused_by_its_name(service: Service, change: dict[str, Any], name: str) -> None:
    answer = service.send("POST", "/jobs", {"id": "wrong", "poolInfo": {"poolId": "main"}, **change})
    assert code(answer, 400) == "InvalidPropertyValue"
    assert values(answer)["PropertyName"] == name


def test_items_of_metadata_have_names(service: Service) -> None:
    job = {"poolInfo": {"poolId": "main"}, "metadata": [{"name": "", "value": "v"}]}
    assert code(service.send("POST", "/jobs", {"id": "wrong", **job}), 400) == "EmptyMetadataKey"
    schedule = {"id": "wrong", "schedule": {}, "jobSpecification": {"poolInfo": {"poolId": "main"}}}
    refused = service.send("POST", "/jobschedules", {**schedule, "metadata": job["metadata"]})
    assert code(refused, 400) == "EmptyMetadataKey"


def test_ids_are_shared_by_jobs_and_schedules(service: Service, job: str) -> None:
    body: dict[str, Any] = {"id": job.upper(), "poolInfo": {"poolId": "main"}}
    assert code(service.send("POST", "/jobs", body), 409) == "JobExists"
    schedule = {"id": job, "schedule": {}, "jobSpecification": {"poolInfo": {"poolId": "main"}}}
    assert code(service.send("POST", "/jobschedules", schedule), 409) == "JobWithSameIdExists"


def test_disabling_requeues_terminates_or_waits_for_running_tasks(service: Service) -> None:
    for option, state, requeues in (("requeue", "active", 1), ("terminate", "completed", 0), ("wait", "completed", 0)):
        job = service.new_job()
        seconds = 2 if option == "wait" else 60
        service.add(job, "t", f"/bin/sleep {seconds}")
        service.in_state(f"/jobs/{job}/tasks/t", "running")
        answer = service.send("POST", f"/jobs/{job}/disable", {"disableTasks": option})
        assert answer.status_code == 202
        assert answer.headers["DataServiceId"].endswith(f"/jobs/{job}/disable")
        service.in_state(f"/jobs/{job}", "disabled")
        task = service.get(f"/jobs/{job}/tasks/t")
        assert (task["state"], task["executionInfo"]["requeueCount"]) == (state, requeues), option
        if option == "wait":
            assert task["executionInfo"]["result"] == "success"
        service.send("DELETE", f"/jobs/{job}")


def test_a_disabled_job_can_move_to_another_pool_and_an_active_one_cannot(service: Service, job: str) -> None:
    move = {"poolInfo": {"poolId": "gang"}}
    assert code(service.send("PATCH", f"/jobs/{job}", move), 409) == "OperationInvalidForCurrentState"
    assert code(service.send("POST", f"/jobs/{job}/enable"), 409) == "OperationInvalidForCurrentState"
    service.send("POST", f"/jobs/{job}/disable", {"disableTasks": "requeue"})
    service.in_state(f"/jobs/{job}", "disabled")
    assert service.send("PATCH", f"/jobs/{job}", move).status_code == 200
    service.send("POST", f"/jobs/{job}/enable")
    shown = service.get(f"/jobs/{job}")
    assert (shown["state"], shown["previousState"]) == ("active", "enabling")
    assert service.run(job, "t")["nodeInfo"]["poolId"] == "gang"


def test_a_terminated_job_ends_what_runs_and_leaves_what_waits(service: Service, job: str) -> None:
    service.send("PATCH", f"/jobs/{job}", {"maxParallelTasks": 1})
    service.add(job, "runs", "/bin/sleep 60")
    service.in_state(f"/jobs/{job}/tasks/runs", "running")
    service.add(job, "waits")
    answer = service.send("POST", f"/jobs/{job}/terminate", {"terminateReason": "enough"})
    assert answer.status_code == 202
    ended = service.in_state(f"/jobs/{job}", "completed")
    assert ended["executionInfo"]["terminateReason"] == "enough"
    assert service.get(f"/jobs/{job}/tasks/runs")["executionInfo"]["failureInfo"]["code"] == "TaskEnded"
    assert service.get(f"/jobs/{job}/tasks/waits")["state"] == "active"
    assert code(service.send("PATCH", f"/jobs/{job}", {"priority": 1}), 409) == "JobCompleted"
    assert code(service.send("POST", f"/jobs/{job}/terminate"), 409) == "JobCompleted"


def test_a_deleted_job_is_gone_with_its_tasks_and_files(service: Service) -> None:
    job = service.new_job()
    node = service.run(job, "t", "/bin/echo x")["nodeInfo"]
    answer = service.send("DELETE", f"/jobs/{job}")
    assert answer.status_code == 202
    assert not {"DataServiceId", "ETag", "Last-Modified"} & answer.headers.keys()
    until(lambda: service.is_gone(f"/jobs/{job}"))
    assert service.is_gone(f"/pools/main/nodes/{node['nodeId']}/files/{node['taskRootDirectory']}/stdout.txt")


def test_a_job_ends_with_its_tasks_when_it_asks_for_that(service: Service, job: str) -> None:
    service.run(job, "t")
    end = {"onAllTasksComplete": "terminatejob"}
    assert service.send("PATCH", f"/jobs/{job}", end).status_code == 200
    ended = service.in_state(f"/jobs/{job}", "completed")
    assert ended["executionInfo"]["terminateReason"] == "AllTasksComplete"


def test_automatic_termination_cannot_be_taken_back(service: Service, job: str) -> None:
    service.add(job, "t", "/bin/sleep 60")
    service.send("PATCH", f"/jobs/{job}", {"onAllTasksComplete": "terminatejob"})
    answer = service.send("PUT", f"/jobs/{job}", {"poolInfo": {"poolId": "main"}})
    assert (code(answer, 400), values(answer)["PropertyName"]) == ("InvalidPropertyValue", "onAllTasksComplete")


def test_a_put_drops_what_it_leaves_out_and_a_patch_does_not(service: Service) -> None:
    job = service.new_job(priority=5, metadata=[{"name": "a", "value": "b"}], displayName="shown")
    service.send("PATCH", f"/jobs/{job}", {"constraints": {"maxWallClockTime": "P3Y6M4DT12H30M5S"}})
    shown = service.get(f"/jobs/{job}")
    assert (shown["priority"], shown["metadata"]) == (5, [{"name": "a", "value": "b"}])
    assert shown["constraints"] == {"maxWallClockTime": "P1279DT12H30M5S", "maxTaskRetryCount": 0}
    service.send("PUT", f"/jobs/{job}", {"poolInfo": {"poolId": "main"}})
    shown = service.get(f"/jobs/{job}")
    assert (shown["priority"], shown.get("metadata"), shown["displayName"]) == (0, None, "shown")
    service.send("DELETE", f"/jobs/{job}")


def test_a_job_over_its_wall_clock_time_is_terminated(service: Service) -> None:
    job = service.new_job(constraints={"maxWallClockTime": "PT1S"})
    ended = service.in_state(f"/jobs/{job}", "completed")
    assert ended["executionInfo"]["terminateReason"] == "MaxWallClockTimeExpiry"
    service.send("DELETE", f"/jobs/{job}")


def test_no_more_tasks_run_at_once_than_the_job_allows(service: Service) -> None:
    job = service.new_job("gang", maxParallelTasks=1)
    for number in range(3):
        service.add(job, f"t{number}", "/bin/sleep 0.3")
    until(lambda: service.get(f"/jobs/{job}/taskcounts")["taskCounts"]["completed"] == 3)
    infos = sorted((one["executionInfo"] for one in service.get(f"/jobs/{job}/tasks")["value"]), key=started)
    assert all(one["endTime"] <= two["startTime"] for one, two in itertools.pairwise(infos))
    service.send("DELETE", f"/jobs/{job}")


def started(info: dict[str, Any]) -> str:
    return str(info["startTime"])


def test_the_job_of_the_higher_priority_goes_first(service: Service) -> None:
    """All wait in disabled jobs while a third one keeps every node busy; it lets them go when both are enabled."""
    busy = service.new_job("gang")
    for number in range(3):
        service.add(busy, f"t{number}", "/bin/sleep 60")
    until(lambda: service.get(f"/jobs/{busy}/taskcounts")["taskCounts"]["running"] == 3)
    low, high = service.new_job("gang", priority=-10), service.new_job("gang", priority=10)
    for job in (low, high):
        for number in range(3):
            service.add(job, f"t{number}")
    service.send("POST", f"/jobs/{busy}/terminate")
    infos = {job: [service.ended(job, f"t{number}")["executionInfo"] for number in range(3)] for job in (low, high)}
    assert max(map(started, infos[high])) < min(map(started, infos[low]))
    for job in (busy, low, high):
        service.send("DELETE", f"/jobs/{job}")


def test_a_manager_task_is_listed_runs_first_and_ends_its_job(service: Service) -> None:
    command = "/bin/sh -c 'test -n \"$AZ_BATCH_AUTHENTICATION_TOKEN\"; sleep 2'"
    manager = {
        "id": "Boss",
        "commandLine": command,
        "authenticationTokenSettings": {"access": ["job"]},
        "runExclusive": False,
    }
    job = service.new_job(jobManagerTask=manager, constraints={"maxTaskRetryCount": 2})
    shown = service.get(f"/jobs/{job}")["jobManagerTask"]
    assert (shown["killJobOnCompletion"], shown["requiredSlots"]) == (True, 1)
    assert shown["constraints"]["maxTaskRetryCount"] == 2
    listed = service.get(f"/jobs/{job}/tasks")["value"]
    assert [(task["id"], task["eTag"]) for task in listed] == [("Boss", "0x701CE1722770000")]
    assert "runExclusive" not in listed[0]
    ended = service.in_state(f"/jobs/{job}", "completed")
    assert ended["executionInfo"]["terminateReason"] == "JMComplete"
    assert service.get(f"/jobs/{job}/tasks/Boss")["executionInfo"]["exitCode"] == 0
    service.send("DELETE", f"/jobs/{job}")


def test_preparation_runs_before_and_release_after_the_tasks_on_a_node(service: Service) -> None:
    release = {"commandLine": "/bin/sh -c 'cat $AZ_BATCH_NODE_SHARED_DIR/$AZ_BATCH_JOB_ID'"}
    job = service.new_job(jobPreparationTask=PREPARE, jobReleaseTask=release)
    shown = service.get(f"/jobs/{job}")
    assert shown["jobPreparationTask"]["id"] == "jobpreparation"
    assert (shown["jobReleaseTask"]["maxWallClockTime"], shown["jobReleaseTask"]["retentionTime"]) == ("PT15M", "P7D")
    status = f"/jobs/{job}/jobpreparationandreleasetaskstatus"
    assert service.get(status)["value"] == []
    node = service.run(job, "t", "/bin/sh -c 'cat $AZ_BATCH_NODE_SHARED_DIR/$AZ_BATCH_JOB_ID'")["nodeInfo"]["nodeId"]
    assert service.stdout(job, "t") == "prepared\n"
    (told,) = service.get(status)["value"]
    assert told["nodeId"] == node
    assert told["jobPreparationTaskExecutionInfo"]["result"] == "success"
    assert "jobReleaseTaskExecutionInfo" not in told
    service.send("POST", f"/jobs/{job}/terminate")
    service.in_state(f"/jobs/{job}", "completed")
    (told,) = service.get(f"{status}?$filter=jobReleaseTaskExecutionInfo/exitCode eq 0")["value"]
    path = told["jobReleaseTaskExecutionInfo"]["taskRootDirectory"]
    assert service.send("GET", f"/pools/main/nodes/{node}/files/{path}/stdout.txt").text == "prepared\n"
    service.send("DELETE", f"/jobs/{job}")


def test_a_node_whose_preparation_fails_gets_no_task_of_the_job(service: Service, job: str) -> None:
    preparing = service.new_job(jobPreparationTask={"commandLine": "/bin/false"})
    service.add(preparing, "t")
    status = f"/jobs/{preparing}/jobpreparationandreleasetaskstatus"
    failed = f"{status}?$filter=jobPreparationTaskExecutionInfo/result eq 'failure'"
    until(lambda: len(service.get(failed)["value"]) == 2)
    assert service.in_state(f"/jobs/{preparing}/tasks/t", "active")["executionInfo"]["requeueCount"] == 0
    assert service.run(job, "of-another-job")["executionInfo"]["result"] == "success"
    service.send("DELETE", f"/jobs/{preparing}")


def test_a_job_without_own_tasks_has_no_status_of_them(service: Service, job: str) -> None:
    answer = service.send("GET", f"/jobs/{job}/jobpreparationandreleasetaskstatus")
    assert code(answer, 409) == "JobPreparationTaskOrReleaseTaskNotSpecified"


def automatic(lifetime: str, *, keep: bool = False) -> dict[str, Any]:
    pool = {"vmSize": "STANDARD_D2S_V3", "virtualMachineConfiguration": UBUNTU, "targetDedicatedNodes": 1}
    return {
        "autoPoolSpecification": {
            "autoPoolIdPrefix": "mine",
            "poolLifetimeOption": lifetime,
            "keepAlive": keep,
            "pool": pool,
        }
    }


def test_a_job_can_bring_its_own_pool(service: Service) -> None:
    job = service.new_job(poolInfo=automatic("job"), jobPreparationTask={"commandLine": "/bin/true"})
    pool = service.get(f"/jobs/{job}")["executionInfo"]["poolId"]
    assert pool.startswith("mine_")
    node = service.run(job, "t")["nodeInfo"]
    assert node["poolId"] == pool
    service.send("POST", f"/jobs/{job}/terminate")
    until(lambda: service.is_gone(f"/pools/{pool}"))
    (told,) = service.get(f"/jobs/{job}/jobpreparationandreleasetaskstatus")["value"]
    assert told["nodeId"] == node["nodeId"]  # of nodes that have gone, too
    service.send("DELETE", f"/jobs/{job}")


def test_of_a_jobs_own_pool_only_keep_alive_can_be_changed(service: Service) -> None:
    job = service.new_job(poolInfo=automatic("job"))
    before = service.get(f"/jobs/{job}")["poolInfo"]["autoPoolSpecification"]
    pool = service.get(f"/jobs/{job}")["executionInfo"]["poolId"]

    def change(**settings: Any) -> Any:
        specification = {"poolLifetimeOption": "job", **settings}
        return service.send("PATCH", f"/jobs/{job}", {"poolInfo": {"autoPoolSpecification": specification}})

    for wrong in ({"autoPoolIdPrefix": "other"}, {"pool": {**before["pool"], "vmSize": "standard_d4s_v3"}}):
        refused = change(**wrong)
        assert (code(refused, 400), values(refused)["PropertyName"]) == (
            "InvalidPropertyValue",
            "autoPoolSpecification",
        )
    assert change(keepAlive=True).status_code == 200
    assert service.get(f"/jobs/{job}")["poolInfo"]["autoPoolSpecification"] == {**before, "keepAlive": True}
    service.send("DELETE", f"/jobs/{job}")
    until(lambda: service.is_gone(f"/jobs/{job}"))
    assert service.get(f"/pools/{pool}")["state"] == "active"
    service.send("DELETE", f"/pools/{pool}")


def test_a_pool_that_is_kept_alive_outlives_its_job(service: Service) -> None:
    job = service.new_job(poolInfo=automatic("job", keep=True))
    pool = service.get(f"/jobs/{job}")["executionInfo"]["poolId"]
    service.send("DELETE", f"/jobs/{job}")
    until(lambda: service.is_gone(f"/jobs/{job}"))
    assert service.get(f"/pools/{pool}")["state"] == "active"
    service.send("DELETE", f"/pools/{pool}")


def test_statistics_come_when_they_are_asked_for(service: Service, job: str) -> None:
    service.run(job, "good", "/bin/sh -c 'head -c 4000000 /dev/zero > zeros'")
    service.run(job, "bad", "/bin/false", constraints={"maxTaskRetryCount": 1})
    assert "stats" not in service.get(f"/jobs/{job}")
    stats = service.get(f"/jobs/{job}?$expand=stats")["stats"]
    counted = (stats["numSucceededTasks"], stats["numFailedTasks"], stats["numTaskRetries"])
    assert counted == ("1", "1", "1")
    assert stats["wallClockTime"].startswith("PT")
    task = service.get(f"/jobs/{job}/tasks/good?$expand=stats")["stats"]
    assert task["waitTime"].startswith("PT")
    assert task["userCPUTime"] != "PT0S" or task["kernelCPUTime"] != "PT0S"
    assert int(task["writeIOps"]) >= 1
    assert task["writeIOGiB"] * 2**30 == pytest.approx(4_000_000, rel=0.01)
    assert stats["writeIOGiB"] >= task["writeIOGiB"]
    listed = service.get(f"/jobs/{job}/tasks?$select=id,stats")["value"]
    assert [sorted(one) for one in listed] == [["id", "stats"]] * 2
    assert code(service.send("GET", f"/jobs/{job}?$expand=tasks"), 400) == "InvalidQueryParameterValue"
