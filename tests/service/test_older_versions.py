"""What clients of older api-versions are answered: renamed and missing properties, retired operations."""

from __future__ import annotations

import uuid

import pytest

from tests.service.conftest import UBUNTU, Service, code, values
from tests.support.waiting import until

OLDEST = "2016-07-01.3.1"


@pytest.mark.parametrize(
    "version", ["2019-06-01.9.0", "2018-12-01.8.0", "2018-08-01.7.0", "2018-03-01.6.1", "2017-09-01.6.0", OLDEST]
)
def test_a_version_since_2016_runs_a_job(service: Service, version: str) -> None:
    job = f"job-{uuid.uuid4().hex[:8]}"
    body = {"id": job, "poolInfo": {"poolId": "main"}}
    assert service.send("POST", "/jobs", body, version=version).status_code == 201
    task = {"id": "one", "commandLine": "/bin/true"}
    assert service.send("POST", f"/jobs/{job}/tasks", task, version=version).status_code == 201
    service.ended(job, "one")
    shown = service.get(f"/jobs/{job}/tasks/one", version=version)
    assert shown["executionInfo"]["exitCode"] == 0
    assert ("userIdentity" in shown, shown.get("runElevated")) == (
        (False, False) if version == OLDEST else (True, None)
    )
    assert "requiredSlots" not in shown


def test_tasks_were_counted_without_their_slots(service: Service) -> None:
    job = service.new_job()
    service.run(job, "one")
    path = f"/jobs/{job}/taskcounts"
    until(lambda: service.get(path)["taskCounts"]["completed"] == 1)
    told = service.get(path, version="2019-08-01.10.0")
    assert told.pop("odata.metadata").endswith("#taskcounts/@Element")
    assert told == {"active": 0, "running": 0, "completed": 1, "succeeded": 1, "failed": 0}
    assert service.get(path, version="2018-03-01.6.1")["validationStatus"] == "Validated"
    assert code(service.send("GET", path, version="2017-05-01.5.0"), 400) == "InvalidUri"


def test_a_pool_had_one_target(service: Service) -> None:
    pool = f"old-{uuid.uuid4().hex[:8]}"
    body = {"id": pool, "vmSize": "Standard_D2s_v3", "virtualMachineConfiguration": UBUNTU, "targetDedicated": 0}
    assert service.send("POST", "/pools", body, version=OLDEST).status_code == 201
    shown = service.get(f"/pools/{pool}", version=OLDEST)
    assert (shown["targetDedicated"], shown["currentDedicated"], shown["maxTasksPerNode"]) == (0, 0, 1)
    assert not {"targetLowPriorityNodes", "mountConfiguration", "userAccounts"} & set(shown)
    until(lambda: service.get(f"/pools/{pool}")["allocationState"] == "steady")
    resized = service.send("POST", f"/pools/{pool}/resize", {"targetDedicated": 0}, version=OLDEST)
    assert resized.status_code == 202
    assert service.send("DELETE", f"/pools/{pool}", version=OLDEST).status_code == 202


def test_a_resource_file_was_a_blob(service: Service) -> None:
    job = service.new_job()
    file = {"filePath": "in.txt", "blobSource": "https://example.invalid/in.txt"}
    task = {"id": "one", "commandLine": "/bin/true", "resourceFiles": [file]}
    assert service.send("POST", f"/jobs/{job}/tasks", task, version="2018-08-01.7.0").status_code == 201
    assert service.get(f"/jobs/{job}/tasks/one", version="2018-08-01.7.0")["resourceFiles"] == [file]
    assert service.get(f"/jobs/{job}/tasks/one")["resourceFiles"][0]["httpUrl"] == file["blobSource"]


def test_images_were_listed_by_node_agent(service: Service) -> None:
    agents = service.get("/nodeagentskus", version="2018-12-01.8.0")["value"]
    ubuntu = next(agent for agent in agents if agent["id"] == UBUNTU["nodeAgentSKUId"])
    assert ubuntu["osType"] == "linux"
    assert ubuntu["verifiedImageReferences"]
    assert code(service.send("GET", "/nodeagentskus"), 400) == "InvalidUri"
    assert code(service.send("GET", "/supportedimages", version="2018-12-01.8.0"), 400) == "InvalidUri"


def test_a_pool_of_cloud_services_was_refused_for_its_packages_first(service: Service) -> None:
    packages = [{"applicationId": "nobody-knows"}]
    body = {"id": "paas", "vmSize": "small", "cloudServiceConfiguration": {"osFamily": "4"}}
    with_packages = {**body, "applicationPackageReferences": packages}
    refused = service.send("POST", "/pools", with_packages, version="2023-11-01.18.0")
    assert code(refused, 409) == "InvalidApplicationPackageReferences"
    assert values(refused) == {"nobody-knows": "The specified application package does not exist."}
    for sent, version in ((body, "2023-11-01.18.0"), (with_packages, "2024-02-01.19.0")):
        assert code(service.send("POST", "/pools", sent, version=version), 400) == "CloudServiceConfigurationRetired"


def test_the_condition_of_an_output_file_is_shown_in_its_own_spelling(service: Service) -> None:
    job = service.new_job()
    output = {
        "filePattern": "*.txt",
        "destination": {"container": {"containerUrl": "https://example.invalid/c?sig=x"}},
        "uploadOptions": {"uploadCondition": "tasksuccess"},
    }
    assert service.add(job, "one", outputFiles=[output]).status_code == 201
    shown = service.get(f"/jobs/{job}/tasks/one")["outputFiles"][0]
    assert shown["uploadOptions"] == {"uploadCondition": "TaskSuccess"}


def test_every_node_has_a_volatile_folder_for_its_start(service: Service) -> None:
    node = service.get("/pools/main/nodes")["value"][0]["id"]
    found = service.get(f"/pools/main/nodes/{node}/files?recursive=true&$filter=startswith(name,'volatile')")["value"]
    assert {"volatile", "volatile/startup"} <= {file["name"] for file in found}


def test_what_a_task_did_not_say_meant_something_else(service: Service) -> None:
    job = service.new_job()
    task = {"commandLine": "/bin/true", "constraints": {"maxTaskRetryCount": 1}}
    shown = {}
    for name, version in (("old", "2018-08-01.7.0"), ("new", "2018-12-01.8.0")):
        assert service.send("POST", f"/jobs/{job}/tasks", {"id": name, **task}, version=version).status_code == 201
        shown[name] = service.ended(job, name)
    assert shown["old"]["constraints"]["retentionTime"] == "P10675199DT2H48M5.4775807S"
    assert shown["new"]["constraints"]["retentionTime"] == "P7D"
    scopes = {name: one["userIdentity"]["autoUser"]["scope"] for name, one in shown.items()}
    assert scopes == {"old": "task", "new": "pool"}
    told = service.get(f"/jobs/{job}/tasks/old", version="2018-03-01.6.1")["executionInfo"]["result"]
    assert (told, shown["old"]["executionInfo"]["result"]) == ("Success", "success")
