"""The page "Task - Add", rule by rule: what is refused, by which code."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.conftest import Service, code, values

TASK = {"id": "t", "commandLine": "/bin/true"}
URL = "https://example.invalid/file"
RESOURCE = {"httpUrl": URL, "filePath": "file"}


def exit_code(**options: str) -> dict[str, Any]:
    return {"exitConditions": {"exitCodes": [{"code": 1, "exitOptions": options}]}}


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("id with a blank", {"id": "a b"}, "id"),
    ("id of 65 characters", {"id": "a" * 65}, "id"),
    ("id with a letter that is not ASCII", {"id": "tâche"}, "id"),
    ("empty command line", {"commandLine": " "}, "commandLine"),
    ("display name of 1025 characters", {"displayName": "ü" * 1025}, "displayName"),
    ("retries below -1", {"constraints": {"maxTaskRetryCount": -2}}, "maxTaskRetryCount"),
    ("slots below 1", {"requiredSlots": 0}, "requiredSlots"),
    ("slots of a multi-instance task", {"requiredSlots": 2, "multiInstanceSettings": {"coordinationCommandLine": "x"}},
     "requiredSlots"),
    ("no instance", {"multiInstanceSettings": {"coordinationCommandLine": "x", "numberOfInstances": 0}},
     "numberOfInstances"),
    ("two sources", {"resourceFiles": [{**RESOURCE, "autoStorageContainerName": "c"}]}, "resourceFiles"),
    ("no source", {"resourceFiles": [{"filePath": "x"}]}, "resourceFiles"),
    ("a URL without path", {"resourceFiles": [{"httpUrl": URL}]}, "filePath"),
    ("a prefix with a URL", {"resourceFiles": [{**RESOURCE, "blobPrefix": "x"}]}, "blobPrefix"),
    ("a path out", {"resourceFiles": [{**RESOURCE, "filePath": "a/../../x"}]}, "filePath"),
    ("a path out on Windows", {"resourceFiles": [{**RESOURCE, "filePath": "..\\x"}]}, "filePath"),
    ("an absolute path", {"resourceFiles": [{**RESOURCE, "filePath": "/etc/passwd"}]}, "filePath"),
    ("a common file's path out", {"multiInstanceSettings": {"coordinationCommandLine": "x",
     "commonResourceFiles": [{**RESOURCE, "filePath": "../x"}]}}, "filePath"),
    ("two identities", {"userIdentity": {"username": "u", "autoUser": {"scope": "task"}}}, "userIdentity"),
    ("an unknown scope", {"userIdentity": {"autoUser": {"scope": "job"}}}, "scope"),
    ("an unknown access", {"authenticationTokenSettings": {"access": ["pool"]}}, "access[0]"),
    ("a job action that the job ignores", exit_code(jobAction="terminate"), "jobAction"),
    ("an unknown job action", exit_code(jobAction="explode"), "jobAction"),
    ("an exit range that ends before it starts",
     {"exitConditions": {"exitCodeRanges": [{"start": 2, "end": 1, "exitOptions": {}}]}}, "exitCodeRanges"),
    ("a container where the pool has none", {"containerSettings": {"imageName": "ubuntu"}}, "containerSettings"),
    ("an unknown upload condition", {"outputFiles": [{"filePattern": "*", "destination": {"container": {
     "containerUrl": URL}}, "uploadOptions": {"uploadCondition": "never"}}]}, "uploadCondition"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "name"), [pytest.param(*one[1:], id=one[0]) for one in REFUSED])
def test_a_wrong_value_is_refused_by_its_name(service: Service, job: str, change: dict[str, Any], name: str) -> None:
    answer = service.send("POST", f"/jobs/{job}/tasks", {**TASK, **change})
    assert code(answer, 400) == "InvalidPropertyValue"
    assert values(answer)["PropertyName"] == name
    assert service.is_gone(f"/jobs/{job}/tasks/t")


@pytest.mark.parametrize("name", ["id", "commandLine"])
def test_a_missing_property_is_named(service: Service, job: str, name: str) -> None:
    answer = service.send("POST", f"/jobs/{job}/tasks", {key: TASK[key] for key in TASK if key != name})
    assert code(answer, 400) == "MissingRequiredProperty"
    assert values(answer)["PropertyName"] == name


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ('{"id": "t", "commandLine": "x", "colour": "red"}', "'colour' does not exist on type"),
        ('{"id": "t", "commandLine": "x", "resourceFiles": "none"}', "must be an array"),
        ('{"id": "t", "commandLine": "x", "requiredSlots": "many"}', "must be an integer"),
        ('{"id": "t", "commandLine": ', "Not JSON"),
    ],
)
def test_a_body_that_is_not_the_types_is_refused(service: Service, job: str, data: str, reason: str) -> None:
    answer = service.send("POST", f"/jobs/{job}/tasks", data=data)
    assert code(answer, 400) == "InvalidRequestBody"
    assert reason in values(answer)["Reason"]


def test_a_body_of_another_content_type_is_refused(service: Service, job: str) -> None:
    answer = service.send("POST", f"/jobs/{job}/tasks", data="id=t", Content_Type="application/x-www-form-urlencoded")
    assert code(answer, 400) == "InvalidHeaderValue"
    assert values(answer)["HeaderName"] == "Content-Type"


def test_dependencies_need_a_job_that_uses_them(service: Service, job: str) -> None:
    answer = service.add(job, "t", dependsOn={"taskIds": []})
    assert code(answer, 400) == "TaskDependenciesNotSpecifiedOnJob"


def test_dependencies_have_limits(service: Service) -> None:
    job = service.new_job(usesTaskDependencies=True)
    long = [f"{number:064}" for number in range(1001)]
    assert code(service.add(job, "t", dependsOn={"taskIds": long}), 400) == "TaskDependencyListTooLong"
    assert service.add(job, "t", dependsOn={"taskIds": long[:1000]}).status_code == 201
    many = [{"start": 10_000 + number, "end": 10_000 + number} for number in range(6_000)]
    assert code(service.add(job, "u", dependsOn={"taskIdRanges": many}), 400) == "TaskDependencyRangesTooLong"
    backwards = {"taskIdRanges": [{"start": 2, "end": 1}]}
    assert code(service.add(job, "u", dependsOn=backwards), 400) == "InvalidPropertyValue"
    service.send("DELETE", f"/jobs/{job}")


def test_too_many_resource_files_are_too_large(service: Service, job: str) -> None:
    files = [{"httpUrl": f"{URL}/{number}", "filePath": f"file-{number}"} for number in range(5_000)]
    assert code(service.add(job, "t", resourceFiles=files), 413) == "RequestEntityTooLarge"


def test_a_body_over_a_mebibyte_is_too_large(service: Service, job: str) -> None:
    answer = service.add(job, "t", environmentSettings=[{"name": "X", "value": "x" * 1_048_576}])
    assert code(answer, 413) == "RequestBodyTooLarge"
    assert values(answer) == {"MaxLimit": "1048576"}


def test_an_id_is_taken_once_whatever_its_case(service: Service, job: str) -> None:
    assert service.add(job, "Once").status_code == 201
    assert code(service.add(job, "once"), 409) == "TaskExists"


def test_the_ids_of_the_jobs_own_tasks_are_taken(service: Service) -> None:
    own = {"jobPreparationTask": {"commandLine": "/bin/true"}, "jobReleaseTask": {"commandLine": "/bin/true"}}
    job = service.new_job(**own)
    assert code(service.add(job, "JobPreparation"), 409) == "TaskIdSameAsJobPreparationTask"
    assert code(service.add(job, "jobrelease"), 409) == "TaskIdSameAsJobReleaseTask"
    service.send("DELETE", f"/jobs/{job}")


def test_a_job_that_is_missing_or_ends_takes_no_tasks(service: Service) -> None:
    assert code(service.add("no-such-job", "t"), 404) == "JobNotFound"
    job = service.new_job()
    service.send("POST", f"/jobs/{job}/terminate", {})
    service.in_state(f"/jobs/{job}", "completed")
    assert code(service.add(job, "t"), 409) == "JobCompleted"
    service.send("DELETE", f"/jobs/{job}")
    assert service.add(job, "t").status_code in (404, 409)


def test_a_deleting_job_takes_no_tasks(service: Service) -> None:
    slow = {"commandLine": "/bin/sleep 3"}
    job = service.new_job(jobPreparationTask={"commandLine": "/bin/true"}, jobReleaseTask=slow)
    service.run(job, "first")
    service.send("DELETE", f"/jobs/{job}")
    assert service.get(f"/jobs/{job}")["state"] == "deleting"
    assert code(service.add(job, "t"), 409) == "JobBeingDeleted"
    assert code(service.send("DELETE", f"/jobs/{job}"), 409) == "JobBeingDeleted"
    assert code(service.send("PATCH", f"/jobs/{job}", {"priority": 1}), 409) == "JobBeingDeleted"


def test_a_disabled_job_takes_tasks_and_runs_none(service: Service, job: str) -> None:
    service.send("POST", f"/jobs/{job}/disable", {"disableTasks": "requeue"})
    service.in_state(f"/jobs/{job}", "disabled")
    assert service.add(job, "waits").status_code == 201
    assert service.get(f"/jobs/{job}/tasks/waits")["state"] == "active"
    service.send("POST", f"/jobs/{job}/enable")
    service.ended(job, "waits")


def test_a_collection_tells_each_tasks_result(service: Service, job: str) -> None:
    service.add(job, "there")
    sent = [TASK, {"id": "there", "commandLine": "x"}, {"id": "bad", "commandLine": "x", "requiredSlots": 0}]
    answer = service.send("POST", f"/jobs/{job}/addtaskcollection", {"value": sent})
    assert answer.status_code == 200
    added, taken, bad = answer.json()["value"]
    assert (added["status"], added["taskId"], added["location"]) == (
        "Success",
        "t",
        f"{service.url}/jobs/{job}/tasks/t",
    )
    assert {"eTag", "lastModified"} <= added.keys()
    assert (taken["status"], taken["error"]["code"]) == ("clienterror", "TaskExists")
    assert (bad["status"], bad["error"]["code"]) == ("clienterror", "InvalidPropertyValue")
    assert service.is_gone(f"/jobs/{job}/tasks/bad")


def test_a_collection_has_a_hundred_tasks_at_most(service: Service, job: str) -> None:
    sent = [{"id": f"t{number}", "commandLine": "/bin/true"} for number in range(101)]
    answer = service.send("POST", f"/jobs/{job}/addtaskcollection", {"value": sent})
    assert code(answer, 400) == "InvalidPropertyValue"
    assert service.get(f"/jobs/{job}/tasks")["value"] == []
    missing = service.send("POST", "/jobs/no-such-job/addtaskcollection", {"value": sent[:1]})
    assert code(missing, 404) == "JobNotFound"


def test_the_answer_has_the_headers_of_the_page(service: Service, job: str) -> None:
    asked = "9C4D50EE-2D56-4CD3-8152-34347DC9F2B0"
    answer = service.send("POST", f"/jobs/{job}/tasks", TASK, client_request_id=asked, return_client_request_id="true")
    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["client-request-id"] == asked
    url = f"{service.url}/jobs/{job}/tasks/t"
    assert (answer.headers["DataServiceId"], answer.headers["Location"]) == (url, url)
    assert {"request-id", "ETag", "Last-Modified"} <= answer.headers.keys()
    shown = service.get(f"/jobs/{job}/tasks/t")
    assert answer.headers["ETag"] == shown["eTag"]


def test_what_is_left_out_gets_the_pages_defaults(service: Service) -> None:
    job = service.new_job(constraints={"maxTaskRetryCount": 4})
    service.send("POST", f"/jobs/{job}/disable", {"disableTasks": "requeue"})
    service.add(job, "t")
    shown = service.get(f"/jobs/{job}/tasks/t")
    constraints = {"maxWallClockTime": "P10675199DT2H48M5.4775807S", "retentionTime": "P7D", "maxTaskRetryCount": 4}
    assert shown["constraints"] == constraints
    assert shown["requiredSlots"] == 1
    assert shown["userIdentity"] == {"autoUser": {"scope": "pool", "elevationLevel": "nonadmin"}}
    assert shown["executionInfo"] == {"retryCount": 0, "requeueCount": 0}
    service.send("DELETE", f"/jobs/{job}")


USER = {"autoUser": {"scope": "task", "elevationLevel": "nonadmin"}}
MOUNT = {"source": "Task", "isReadOnly": True}
EXAMPLES: dict[str, tuple[str, dict[str, Any]]] = {
    "basic": ("main", {"id": "task1", "commandLine": "cmd /c echo task1"}),
    "container data isolation": (
        "containers",
        {"containerSettings": {"imageName": "ubuntu", "containerHostBatchBindMounts": [MOUNT]}, "userIdentity": USER},
    ),
    "container data isolation, duplicate sources": (
        "containers",
        {
            "containerSettings": {"imageName": "ubuntu", "containerHostBatchBindMounts": [MOUNT, MOUNT]},
            "userIdentity": USER,
        },
    ),
    "container settings": (
        "containers",
        {"containerSettings": {"imageName": "ubuntu", "containerRunOptions": "--rm"}, "userIdentity": USER},
    ),
    "exit conditions": (
        "main",
        {
            "commandLine": "cmd /c exit 3",
            "exitConditions": {"exitCodeRanges": [{"start": 2, "end": 4, "exitOptions": {"jobAction": "terminate"}}]},
            "userIdentity": USER,
        },
    ),
    "extra slots": ("main", {"id": "task1", "requiredSlots": 2, "commandLine": "cmd /c echo task1"}),
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_pages_examples_are_accepted_and_shown_as_sent(service: Service, example: str) -> None:
    pool, body = EXAMPLES[example]
    body = {"id": "taskId", "commandLine": "bash -c 'echo hello'", **body}
    job = service.new_job(pool, onTaskFailure="performexitoptionsjobaction")
    service.send("POST", f"/jobs/{job}/disable", {"disableTasks": "requeue"})
    answer = service.send("POST", f"/jobs/{job}/tasks", body)
    assert (answer.status_code, answer.content) == (201, b"")
    shown = service.get(f"/jobs/{job}/tasks/{body['id']}")
    assert {name: shown[name] for name in body} == body
    service.send("DELETE", f"/jobs/{job}")


def test_a_container_pool_wants_container_settings(service: Service) -> None:
    job = service.new_job("containers")
    answer = service.add(job, "t")
    assert (code(answer, 400), values(answer)["PropertyName"]) == ("InvalidPropertyValue", "containerSettings")
    service.send("DELETE", f"/jobs/{job}")
