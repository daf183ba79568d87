"""The page "Task - Add", rule by rule: what each property does."""

from __future__ import annotations

import requests

from tests.service.conftest import Service, code
from tests.support.waiting import until


def test_a_task_waits_for_the_tasks_it_names(service: Service) -> None:
    job = service.new_job(usesTaskDependencies=True)
    service.add(job, "last", dependsOn={"taskIds": ["FIRST"], "taskIdRanges": [{"start": 1, "end": 3}]})
    service.run(job, "first")
    for name in ("01", "2"):
        service.run(job, name)
    assert service.get(f"/jobs/{job}/tasks/last")["state"] == "active"
    service.add(job, "003")
    service.ended(job, "last")
    after = service.run(job, "after", dependsOn={"taskIds": ["first"], "taskIdRanges": [{"start": 2, "end": 3}]})
    assert after["executionInfo"]["result"] == "success"
    service.send("DELETE", f"/jobs/{job}")


def test_a_failure_blocks_dependants_unless_its_exit_condition_satisfies_them(service: Service) -> None:
    job = service.new_job(usesTaskDependencies=True)
    service.add(job, "blocked", dependsOn={"taskIds": ["fails"]})
    service.add(job, "goes-on", dependsOn={"taskIds": ["forgiven"]})
    service.run(job, "fails", "/bin/false")
    satisfy = {"exitCodes": [{"code": 1, "exitOptions": {"dependencyAction": "satisfy"}}]}
    service.run(job, "forgiven", "/bin/false", exitConditions=satisfy)
    service.ended(job, "goes-on")
    assert service.get(f"/jobs/{job}/tasks/blocked")["state"] == "active"
    service.send("DELETE", f"/jobs/{job}")


def test_a_failed_task_acts_on_its_job_where_the_job_asks_for_it(service: Service) -> None:
    job = service.new_job(onTaskFailure="performexitoptionsjobaction")
    disable = {"exitCodeRanges": [{"start": 2, "end": 4, "exitOptions": {"jobAction": "disable"}}]}
    service.run(job, "disables", "/bin/sh -c 'exit 3'", exitConditions=disable)
    service.in_state(f"/jobs/{job}", "disabled")
    service.send("POST", f"/jobs/{job}/enable")
    service.in_state(f"/jobs/{job}", "active")
    none = {"default": {"jobAction": "none"}}
    service.run(job, "nothing", "/bin/false", exitConditions=none)
    assert service.get(f"/jobs/{job}")["state"] == "active"
    service.run(job, "terminates", "/bin/false")
    ended = service.in_state(f"/jobs/{job}", "completed")
    assert ended["executionInfo"]["terminateReason"] == "TaskFailed"
    service.send("DELETE", f"/jobs/{job}")


def test_a_task_that_is_ended_by_request_leaves_its_job_alone(service: Service) -> None:
    job = service.new_job(onTaskFailure="performexitoptionsjobaction")
    service.add(job, "t", "/bin/sleep 60")
    assert service.send("POST", f"/jobs/{job}/tasks/t/terminate").status_code == 204
    assert service.get(f"/jobs/{job}")["state"] == "active"
    assert service.send("POST", f"/jobs/{job}/tasks/t/reactivate").status_code == 204
    service.send("DELETE", f"/jobs/{job}")


def test_retries_are_for_exit_codes_and_as_many_as_the_task_says(service: Service, job: str) -> None:
    assert service.run(job, "never", "/bin/false")["executionInfo"]["retryCount"] == 0
    twice = service.run(job, "twice", "/bin/false", constraints={"maxTaskRetryCount": 2})["executionInfo"]
    assert (twice["retryCount"], twice["result"]) == (2, "failure")
    tries = "$AZ_BATCH_NODE_SHARED_DIR/$AZ_BATCH_TASK_ID"
    counted = f"/bin/sh -c 'echo x >> {tries}; test $(wc -l < {tries}) -ge 3'"
    without_end = service.run(job, f"endless-{job}", counted, constraints={"maxTaskRetryCount": -1})
    assert without_end["executionInfo"]["result"] == "success"
    assert without_end["executionInfo"]["retryCount"] >= 2
    unstarted = service.run(job, "unstarted", "no-such-program", constraints={"maxTaskRetryCount": 3})
    assert unstarted["executionInfo"]["retryCount"] == 0
    assert unstarted["executionInfo"]["failureInfo"]["category"] == "UserError"


def test_a_task_over_its_wall_clock_time_ends(service: Service, job: str) -> None:
    ended = service.run(job, "slow", "/bin/sleep 60", constraints={"maxWallClockTime": "PT1S"})
    assert ended["executionInfo"]["result"] == "failure"


def test_files_go_when_their_retention_time_is_over(service: Service, job: str) -> None:
    service.run(job, "short", "/bin/echo x", constraints={"retentionTime": "PT0S"})
    until(lambda: service.send("GET", f"/jobs/{job}/tasks/short/files/stdout.txt").status_code == 409)
    assert code(service.send("GET", f"/jobs/{job}/tasks/short/files"), 409) == "TaskFilesCleanedup"
    service.run(job, "long", "/bin/echo x")
    assert service.stdout(job, "long") == "x\n"


def test_a_deleted_tasks_files_go_with_it(service: Service, job: str) -> None:
    node = service.run(job, "t", "/bin/echo x")["nodeInfo"]
    path = f"/pools/main/nodes/{node['nodeId']}/files/{node['taskRootDirectory']}/stdout.txt"
    assert service.send("GET", path).status_code == 200
    assert service.send("DELETE", f"/jobs/{job}/tasks/t").status_code == 200
    until(lambda: service.is_gone(path))
    assert service.is_gone(f"/jobs/{job}/tasks/t")


def test_environment_settings_of_the_task_go_before_the_jobs(service: Service) -> None:
    common = [{"name": "BOTH", "value": "job"}, {"name": "COMMON", "value": "yes"}]
    job = service.new_job(commonEnvironmentSettings=common)
    service.run(job, "t", "/usr/bin/env", environmentSettings=[{"name": "BOTH", "value": "task"}])
    lines = service.stdout(job, "t").splitlines()
    assert {"BOTH=task", "COMMON=yes"} <= set(lines)
    service.send("DELETE", f"/jobs/{job}")


def test_a_task_goes_to_the_node_it_asks_for(service: Service, job: str) -> None:
    for node in service.get("/pools/main/nodes")["value"]:
        name = f"to-{node['id'][-12:]}"
        task = service.run(job, name, affinityInfo={"affinityId": node["affinityId"]})
        assert task["nodeInfo"]["nodeId"] == node["id"]


def test_required_slots_count(service: Service, job: str) -> None:
    for number in range(4):
        service.add(job, f"wide{number}", "/bin/sleep 1", requiredSlots=4)
    until(lambda: service.get(f"/jobs/{job}/taskcounts")["taskSlotCounts"]["completed"] == 16)
    counts = service.get(f"/jobs/{job}/taskcounts")
    assert counts["odata.metadata"].endswith("/$metadata#taskcountsresult/@Element")
    assert counts["taskCounts"] == {"active": 0, "running": 0, "completed": 4, "succeeded": 4, "failed": 0}
    starts = sorted(task["executionInfo"]["startTime"] for task in service.get(f"/jobs/{job}/tasks")["value"])
    ends = sorted(task["executionInfo"]["endTime"] for task in service.get(f"/jobs/{job}/tasks")["value"])
    assert starts[2] >= ends[0], "two nodes of four slots run two tasks of four slots at a time"


def test_a_tasks_token_opens_its_job_and_no_more_while_it_runs(service: Service, job: str) -> None:
    command = "/bin/sh -c 'echo $AZ_BATCH_AUTHENTICATION_TOKEN; while [ ! -e done ]; do sleep 0.1; done'"
    service.add(job, "has", command, authenticationTokenSettings={"access": ["job"]})
    service.in_state(f"/jobs/{job}/tasks/has", "running")
    until(lambda: bool(service.stdout(job, "has").strip()))
    token = service.stdout(job, "has").strip()

    def ask(method: str, path: str, body: object = None) -> requests.Response:
        return service.send(method, path, body, token=token)

    assert ask("GET", f"/jobs/{job}").status_code == 200
    assert ask("POST", f"/jobs/{job}/tasks", {"id": "child", "commandLine": "/bin/true"}).status_code == 201
    for path in ("/jobs", "/pools", "/jobs/another-job", f"/jobs/{job}x/tasks"):
        assert code(ask("GET", path), 403) == "InsufficientAccountPermissions"
    service.send("POST", f"/jobs/{job}/tasks/has/terminate")
    assert code(ask("GET", f"/jobs/{job}"), 403) == "AuthenticationFailed"
    service.run(job, "has-not", "/bin/sh -c 'test -z \"$AZ_BATCH_AUTHENTICATION_TOKEN\"'")
    assert service.get(f"/jobs/{job}/tasks/has-not")["executionInfo"]["result"] == "success"


def test_what_no_process_can_be_given_fails_the_task_and_says_why(service: Service, job: str) -> None:
    for name, command, settings in (
        ("zero-in-command", "/bin/echo a\0b", []),
        ("zero-in-value", "/bin/true", [{"name": "A", "value": "a\0b"}]),
        ("equals-in-name", "/bin/true", [{"name": "A=B", "value": "c"}]),
    ):
        failure = service.run(job, name, command, environmentSettings=settings)["executionInfo"]["failureInfo"]
        assert (failure["category"], failure["code"]) == ("UserError", "CommandLaunchFailed"), name


def test_a_package_without_default_version_fails_before_the_task_starts(service: Service, job: str) -> None:
    ended = service.run(job, "t", applicationPackageReferences=[{"applicationId": "unknown"}])["executionInfo"]
    assert "exitCode" not in ended
    assert ended["failureInfo"]["category"] == "UserError"


def test_a_multi_instance_task_runs_when_all_its_nodes_are_coordinated(service: Service) -> None:
    job = service.new_job("gang")
    coordinate = "/bin/sh -c 'echo $AZ_BATCH_IS_CURRENT_NODE_MASTER; touch $AZ_BATCH_TASK_SHARED_DIR/ready'"
    settings = {"numberOfInstances": 3, "coordinationCommandLine": coordinate}
    command = "/bin/sh -c 'test -e $AZ_BATCH_TASK_SHARED_DIR/ready && echo $AZ_BATCH_NODE_LIST $AZ_BATCH_MASTER_NODE'"
    task = service.run(job, "mpi", command, multiInstanceSettings=settings)
    assert task["executionInfo"]["exitCode"] == 0
    lines = service.stdout(job, "mpi").splitlines()
    assert lines[0] == "true"
    nodes, master = lines[1].split()
    assert len(nodes.split(";")) == 3
    assert master == f"{nodes.split(';')[0]}:6000"
    subtasks = service.get(f"/jobs/{job}/tasks/mpi/subtasksinfo")
    assert subtasks["odata.metadata"].endswith("/$metadata#subtaskinfo")
    assert [one["id"] for one in subtasks["value"]] == [1, 2]
    assert {one["state"] for one in subtasks["value"]} == {"completed"}
    assert len({one["nodeInfo"]["nodeId"] for one in subtasks["value"]} | {task["nodeInfo"]["nodeId"]}) == 3
    info = subtasks["value"][0]["nodeInfo"]
    path = f"/pools/gang/nodes/{info['nodeId']}/files/{info['taskRootDirectory']}/stdout.txt"
    assert service.send("GET", path).text == "false\n"
    service.send("DELETE", f"/jobs/{job}")


def test_a_failed_subtask_fails_the_whole_task_and_is_retried(service: Service) -> None:
    job = service.new_job("gang")
    fails = "/bin/sh -c 'test $AZ_BATCH_IS_CURRENT_NODE_MASTER = true'"
    settings = {"numberOfInstances": 2, "coordinationCommandLine": fails}
    task = service.run(job, "mpi", "/bin/true", multiInstanceSettings=settings, constraints={"maxTaskRetryCount": 1})
    assert task["executionInfo"]["result"] == "failure"
    assert task["executionInfo"]["retryCount"] == 1
    assert service.get(f"/jobs/{job}/tasks/mpi/subtasksinfo")["value"][0]["failureInfo"]["code"] == "FailureExitCode"
    service.send("DELETE", f"/jobs/{job}")


def test_a_multi_instance_task_never_starts_where_nodes_may_not_talk(service: Service, job: str) -> None:
    service.add(job, "mpi", multiInstanceSettings={"coordinationCommandLine": "/bin/true"})
    service.run(job, "another")
    assert service.get(f"/jobs/{job}/tasks/mpi")["state"] == "active"
    assert service.get(f"/jobs/{job}/tasks/another/subtasksinfo")["value"] == []


def test_constraints_can_be_changed_and_a_failed_task_reactivated(service: Service, job: str) -> None:
    service.add(job, "t", "/bin/sleep 60")
    sent = {"constraints": {"maxWallClockTime": "PT0H20M", "maxTaskRetryCount": "3"}}
    assert service.send("PUT", f"/jobs/{job}/tasks/t", sent).status_code == 200
    shown = service.get(f"/jobs/{job}/tasks/t")["constraints"]
    assert shown == {"maxWallClockTime": "PT20M", "retentionTime": "P7D", "maxTaskRetryCount": 3}
    assert code(service.send("POST", f"/jobs/{job}/tasks/t/reactivate"), 409) == "TaskNotCompleted"
    terminated = service.send("POST", f"/jobs/{job}/tasks/t/terminate")
    assert terminated.status_code == 204
    assert terminated.headers["DataServiceId"].endswith("/tasks/t/terminate")
    assert code(service.send("POST", f"/jobs/{job}/tasks/t/terminate"), 409) == "TaskCompleted"
    assert code(service.send("PUT", f"/jobs/{job}/tasks/t", sent), 409) == "TaskCompleted"
    again = service.send("POST", f"/jobs/{job}/tasks/t/reactivate")
    assert again.status_code == 204
    assert "DataServiceId" not in again.headers
    info = service.get(f"/jobs/{job}/tasks/t")["executionInfo"]
    assert "failureInfo" not in info
    service.run(job, "good")
    assert code(service.send("POST", f"/jobs/{job}/tasks/good/reactivate"), 409) == "TaskSucceeded"
