"""Service events and metrics (articles batch-pool-*-event, batch-task-*-event, batch-diagnostics; "Supported metrics
with Azure Monitor")."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from azure.storage.blob import ContainerClient

from tests.conftest import batchlocal_command
from tests.control.conftest import MACHINE, Steered, start_steered
from tests.support.waiting import until

_STORAGE_VERSION, _WORKSPACE_VERSION, _SETTING_VERSION = "2023-05-01", "2023-09-01", "2021-05-01-preview"
_METRICS_VERSION = "2023-10-01"


@dataclass
class Watched:
    """A Batch account whose service log goes to a storage account and to a workspace."""

    steered: Steered
    account: str
    logs: ContainerClient
    workspace: str
    setting: str = ""

    def insights(self, path: str, version: str, **query: str) -> requests.Response:
        account = self.steered.account("GET", self.account).json()["id"]
        asked = "".join(f"&{name}={value}" for name, value in query.items())
        url = f"{self.steered.origin}{account}/providers/Microsoft.Insights/{path}?api-version={version}{asked}"
        return self.steered.raw("GET", url)

    def stored(self) -> list[dict[str, Any]]:
        """The records in storage, in the order in which they were appended."""
        if not self.logs.exists():
            return []
        blobs = sorted(blob.name for blob in self.logs.list_blobs())
        lines = [line for blob in blobs for line in self.logs.download_blob(blob).readall().splitlines()]
        return [json.loads(line) for line in lines]

    def events(self, kind: str, subject: str = "") -> list[dict[str, Any]]:
        """The bodies of stored events of a kind, of one pool or task if given."""
        found = [record["properties"] for record in self.stored() if record["operationName"] == kind]
        return [body for body in found if subject in ("", body["id"])]

    def await_event(self, kind: str, subject: str) -> dict[str, Any]:
        until(lambda: bool(self.events(kind, subject)))
        return self.events(kind, subject)[-1]

    def total(self, *names: str) -> dict[str, float]:
        """Metrics over the last hour, summed (counted events) or the newest value (gauges)."""
        answer = self.insights("metrics", _METRICS_VERSION, metricnames=",".join(names), aggregation="Total")
        assert answer.status_code == 200, answer.text
        found = {}
        for metric in answer.json()["value"]:
            points = [point["total"] for point in metric["timeseries"][0]["data"] if "total" in point]
            name = metric["name"]["value"]
            found[name] = sum(points) if name.endswith("Event") else points[-1]
        return found


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    steered = start_steered(tmp_path_factory.mktemp("telemetry") / "data")
    group = f"/resourceGroups/{steered.group}/providers"
    storage = f"{group}/Microsoft.Storage/storageAccounts/s{uuid.uuid4().hex[:9]}"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    assert steered.arm("PUT", storage, body, _STORAGE_VERSION).ok
    workspace = f"{group}/Microsoft.OperationalInsights/workspaces/w{uuid.uuid4().hex[:9]}"
    assert steered.arm("PUT", workspace, {"location": "westeurope"}, _WORKSPACE_VERSION).ok
    account = steered.new_account()
    scope = f"/subscriptions/{steered.local.subscription}"
    setting = {
        "storageAccountId": scope + storage,
        "workspaceId": scope + workspace,
        "logs": [{"category": "ServiceLog", "enabled": True}],
    }
    path = f"{group}/Microsoft.Batch/batchAccounts/{account}/providers/Microsoft.Insights/diagnosticSettings/all"
    made = steered.arm("PUT", path, {"properties": setting}, _SETTING_VERSION)
    assert made.ok, made.text
    found = steered.arm("GET", storage, version=_STORAGE_VERSION).json()
    key = steered.arm("POST", f"{storage}/listKeys", version=_STORAGE_VERSION).json()["keys"][0]["value"]
    url = f"{found['properties']['primaryEndpoints']['blob']}insights-logs-servicelog"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", steered.local.settings["caFile"])
        with ContainerClient.from_container_url(url, credential=key) as logs:
            yield Watched(steered, account, logs, workspace.rsplit("/", 1)[-1], scope + path)
    batchlocal_command("stop", "--data", str(steered.local.data))


@pytest.fixture(scope="module")
def pool(watched: Watched) -> str:
    assert watched.steered.new_pool(watched.account, "render", nodes=1, taskSlotsPerNode=2).ok
    until(lambda: watched.steered.node_states(watched.account, "render") == ["idle"])
    return "render"


def test_a_pools_life_is_told(watched: Watched, pool: str) -> None:
    """batch-pool-create-event, batch-pool-resize-start-event, batch-pool-resize-complete-event."""
    completed = watched.await_event("PoolResizeCompleteEvent", pool)
    created, started = watched.events("PoolCreateEvent", pool)[0], watched.events("PoolResizeStartEvent", pool)[0]
    assert created["imageType"] == "VirtualMachineConfiguration"
    assert created["virtualMachineConfiguration"]["nodeAgentId"] == "batch.node.ubuntu 24.04"
    assert (created["resizeTimeout"], created["targetDedicatedNodes"], created["taskSlotsPerNode"]) == ("900000", 1, 2)
    assert (created["vmFillType"], created["isAutoPool"]) == ("Spread", False)
    assert (started["nodeDeallocationOption"], started["currentDedicatedNodes"]) == ("Invalid", 0)
    assert (completed["currentDedicatedNodes"], completed["resultCode"]) == (1, "Success")
    assert completed["resultMessage"] == "The operation succeeded"
    assert completed["startTime"] < completed["endTime"]


def test_a_pool_without_nodes_starts_no_resize(watched: Watched) -> None:
    """The create event's article: a resize start follows if the target is greater than 0."""
    watched.steered.new_pool(watched.account, "hollow", nodes=0)
    watched.await_event("PoolResizeCompleteEvent", "hollow")
    assert watched.events("PoolResizeStartEvent", "hollow") == []


def test_a_failed_resize_and_a_deletion_are_told(watched: Watched) -> None:
    fault = {"kind": "allocation", "pool": "short", "code": "AllocationFailed"}
    assert watched.steered.control("POST", "/faults", fault).ok
    watched.steered.new_pool(watched.account, "short", nodes=1)
    completed = watched.await_event("PoolResizeCompleteEvent", "short")
    assert completed["resultCode"] == "Failure"
    assert completed["resultMessage"].startswith("AllocationFailed: ")
    assert watched.steered.service("DELETE", watched.account, "pools/short").status_code == 202
    deleted = watched.await_event("PoolDeleteCompleteEvent", "short")
    assert watched.events("PoolDeleteStartEvent", "short") == [{"id": "short"}]
    assert deleted["startTime"] < deleted["endTime"]


def test_a_destination_that_takes_nothing_keeps_nothing_from_the_others(watched: Watched, pool: str) -> None:
    steered, setting = watched.steered, {"logs": [{"category": "ServiceLog", "enabled": True}]}
    scope = f"/subscriptions/{steered.local.subscription}"
    group = f"/resourceGroups/{steered.group}/providers"
    batch = f"{group}/Microsoft.Batch/batchAccounts/{watched.account}"
    closed = f"{group}/Microsoft.Storage/storageAccounts/closed{uuid.uuid4().hex[:9]}"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    assert steered.arm("PUT", closed, body, _STORAGE_VERSION).ok
    fault = {"operation": "AppendBlob_*", "plane": "storage", "account": closed.rsplit("/", 1)[-1], "times": "always"}
    assert steered.control("POST", "/faults", {**fault, "status": 403, "code": "AuthorizationFailure"}).ok
    settings = {f"{batch}/providers/Microsoft.Insights/diagnosticSettings/to-{to[-4:]}": to for to in (closed, batch)}
    for path, to in settings.items():
        sent = {"properties": {**setting, "storageAccountId": scope + to}}
        assert steered.arm("PUT", path, sent, _SETTING_VERSION).ok
    for number in range(3):
        assert steered.new_pool(watched.account, f"told{number}", nodes=0).ok
        watched.await_event("PoolCreateEvent", f"told{number}")
    rows = f"/workspaces/{watched.workspace}/logs?operation=PoolCreateEvent"
    until(lambda: "told2" in steered.control("GET", rows).text)
    assert [len(watched.events("PoolCreateEvent", f"told{number}")) for number in range(3)] == [1, 1, 1]
    for path in settings:
        assert steered.arm("DELETE", path, version=_SETTING_VERSION).ok
    steered.control("DELETE", "/faults")


def test_a_tasks_life_is_told(watched: Watched, pool: str) -> None:
    """batch-task-start-event, -complete-event, -fail-event: a failure is told in addition to the completion."""
    steered, account = watched.steered, watched.account
    steered.service("POST", account, "jobs", {"id": "j", "poolInfo": {"poolId": pool}})
    for task, command in (("good", "true"), ("bad", "/bin/sh -c 'exit 3'")):
        steered.service("POST", account, "jobs/j/tasks", {"id": task, "commandLine": command})
    failed = watched.await_event("TaskFailEvent", "bad")
    good = watched.await_event("TaskCompleteEvent", "good")
    assert watched.events("TaskFailEvent", "good") == []
    assert watched.events("TaskCompleteEvent", "bad") == [failed]
    assert (failed["jobId"], failed["taskType"], failed["nodeInfo"]["poolId"]) == ("j", "User", pool)
    assert failed["nodeInfo"]["nodeId"].startswith("tvmps_")
    assert failed["executionInfo"]["exitCode"] == 3
    assert (good["executionInfo"]["exitCode"], good["executionInfo"]["requeueCount"]) == (0, 0)
    assert good["multiInstanceSettings"] == {"numberOfInstances": 1}
    started = watched.events("TaskStartEvent", "good")
    assert [event["executionInfo"] for event in started] == [{"retryCount": 0}]


def test_a_requeued_task_is_told(watched: Watched) -> None:
    """batch-task-requeue-event: after a removal of its node, and a new start event for the later attempt."""
    steered, account = watched.steered, watched.account
    steered.new_pool(account, "spot", scaleSettings={"fixedScale": {"targetLowPriorityNodes": 1}})
    until(lambda: steered.node_states(account, "spot") == ["idle"])
    steered.service("POST", account, "jobs", {"id": "s", "poolInfo": {"poolId": "spot"}})
    steered.service("POST", account, "jobs/s/tasks", {"id": "moved", "commandLine": "sleep 600"})
    until(lambda: steered.node_states(account, "spot") == ["running"])
    assert steered.control("POST", "/preemptions", {"account": account, "pool": "spot"}).ok
    assert watched.await_event("TaskRequeueEvent", "moved")["executionInfo"]["requeueCount"] == 1
    until(lambda: len(watched.events("TaskStartEvent", "moved")) == 2)
    steered.service("POST", account, "jobs/s/terminate")


def test_a_jobs_automatic_pool_is_told_as_such(watched: Watched) -> None:
    """batch-pool-create-event: isAutoPool says that a job's autopool mechanism made it."""
    machine = {**MACHINE, "nodeAgentSKUId": MACHINE["nodeAgentSkuId"]}
    del machine["nodeAgentSkuId"]
    pool = {"vmSize": "standard_d2s_v3", "virtualMachineConfiguration": machine, "targetDedicatedNodes": 0}
    automatic = {"poolLifetimeOption": "job", "autoPoolIdPrefix": "own", "pool": pool}
    job = {"id": "automatic", "poolInfo": {"autoPoolSpecification": automatic}}
    assert watched.steered.service("POST", watched.account, "jobs", job).status_code == 201
    found = watched.steered.service("GET", watched.account, "jobs/automatic").json()["executionInfo"]["poolId"]
    assert watched.await_event("PoolCreateEvent", found)["isAutoPool"] is True
    watched.steered.service("DELETE", watched.account, "jobs/automatic")


def test_a_formulas_evaluation_is_told(watched: Watched) -> None:
    """batch-pool-autoscale-event."""
    formula = "$TargetDedicatedNodes = 0;"
    watched.steered.new_pool(watched.account, "scaled", scaleSettings={"autoScale": {"formula": formula}})
    told = watched.await_event("PoolAutoScaleEvent", "scaled")
    assert told["formula"] == formula
    assert told["results"].startswith("$TargetDedicatedNodes=0")


def test_records_lie_where_azure_monitor_puts_them(watched: Watched, pool: str) -> None:
    """Article batch-diagnostics: the naming pattern of blobs, an hour each; a line a record."""
    watched.await_event("PoolCreateEvent", pool)
    account = watched.steered.account("GET", watched.account).json()["id"].upper()
    names = [blob.name for blob in watched.logs.list_blobs()]
    now = datetime.now(UTC)
    hours = [(now - timedelta(hours=back)).strftime("y=%Y/m=%m/d=%d/h=%H/m=00/PT1H.json") for back in (0, 1)]
    assert set(names) <= {f"resourceId={account}/{hour}" for hour in hours}
    record = watched.stored()[0]
    assert (record["resourceId"], record["category"], record["location"]) == (account, "ServiceLog", "westeurope")


def test_a_workspace_has_the_events_as_rows(watched: Watched, pool: str) -> None:
    watched.await_event("PoolCreateEvent", pool)
    path = f"/workspaces/{watched.workspace}/logs?operation=PoolCreate*"
    rows = watched.steered.control("GET", path).json()["value"]
    row = next(row for row in rows if row["id_s"] == pool)
    assert (row["Type"], row["OperationName"], row["Category"]) == ("AzureDiagnostics", "PoolCreateEvent", "ServiceLog")
    assert (row["targetDedicatedNodes_d"], row["enableAutoScale_b"]) == (1.0, False)
    assert row["virtualMachineConfiguration_nodeAgentId_s"] == "batch.node.ubuntu 24.04"
    assert watched.steered.control("GET", "/workspaces/none/logs").status_code == 404


def test_a_workspace_is_queried_as_log_analytics_is(watched: Watched, pool: str) -> None:
    watched.await_event("PoolCreateEvent", pool)
    steered = watched.steered
    path = f"/resourceGroups/{steered.group}/providers/Microsoft.OperationalInsights/workspaces/{watched.workspace}"
    workspace = steered.arm("GET", path, version=_WORKSPACE_VERSION).json()["properties"]["customerId"]
    url = f"{steered.origin}/v1/workspaces/{workspace}/query"
    created = f"OperationName == 'PoolCreateEvent' and id_s == '{pool}'"
    query = f"AzureDiagnostics | where {created} | project id_s, taskSlotsPerNode_d"
    asked = {"query": query, "timespan": "PT1H"}
    [table] = steered.raw("POST", url, asked).json()["tables"]
    assert table["columns"] == [{"name": "id_s", "type": "string"}, {"name": "taskSlotsPerNode_d", "type": "real"}]
    assert table["rows"] == [[pool, 2.0]]
    past = {**asked, "timespan": "2020-01-01T00:00:00Z/P1D"}
    assert steered.raw("POST", url, past).json()["tables"][0]["rows"] == []
    for wrong, code in (("AzureDiagnostics | render piechart", "SyntaxError"), ("T", "SemanticError")):
        refused = steered.raw("POST", url, {"query": wrong})
        assert (refused.status_code, refused.json()["error"]["innererror"]["code"]) == (400, code)
    assert steered.raw("POST", url, {}).status_code == 400
    assert steered.raw("POST", url.replace(workspace, str(uuid.uuid4())), asked).status_code == 404
    stranger = requests.post(url, json=asked, verify=steered.local.settings["caFile"], timeout=30)
    assert (stranger.status_code, stranger.json()["error"]["code"]) == (401, "AuthorizationRequiredError")


def test_an_account_without_a_setting_keeps_no_events(watched: Watched) -> None:
    quiet = watched.steered.new_account()
    watched.steered.new_pool(quiet, "silent", nodes=0)
    watched.steered.new_pool(watched.account, "after", nodes=0)
    watched.await_event("PoolResizeCompleteEvent", "after")
    assert watched.events("PoolCreateEvent", "silent") == []


def test_metrics_count_what_happened(watched: Watched, pool: str) -> None:
    """Counted for every account, without any setting (batch-diagnostics)."""
    account = watched.steered.new_account()
    quiet = Watched(watched.steered, account, watched.logs, watched.workspace)
    steered = watched.steered
    steered.new_pool(account, pool, nodes=1)
    until(lambda: steered.node_states(account, pool) == ["idle"])
    steered.service("POST", account, "jobs", {"id": "j", "poolInfo": {"poolId": pool}})
    for task, command in (("good", "true"), ("bad", "false")):
        steered.service("POST", account, "jobs/j/tasks", {"id": task, "commandLine": command})
    until(lambda: quiet.total("TaskCompleteEvent") == {"TaskCompleteEvent": 2})
    counted = {
        "TaskStartEvent": 2,
        "TaskFailEvent": 1,
        "JobStartEvent": 1,
        "PoolCreateEvent": 1,
        "PoolResizeStartEvent": 1,
        "PoolResizeCompleteEvent": 1,
        "PoolDeleteStartEvent": 0,
    }
    assert quiet.total(*counted) == counted
    gauges = {"TotalNodeCount": 1, "CoreCount": 2, "IdleNodeCount": 1, "RunningNodeCount": 0, "LowPriorityCoreCount": 0}
    until(lambda: quiet.total(*gauges) == gauges)


@pytest.mark.slow
def test_metrics_are_exported_where_a_setting_says(watched: Watched) -> None:
    """Article batch-diagnostics: container insights-metrics-pt1m, every minute; table AzureMetrics."""
    steered, account = watched.steered, watched.steered.new_account()
    sinks = steered.raw("GET", f"{steered.origin}{watched.setting}?api-version={_SETTING_VERSION}").json()["properties"]
    wanted = {**{name: sinks[name] for name in ("storageAccountId", "workspaceId")}, "logs": []}
    wanted["metrics"] = [{"category": "AllMetrics", "enabled": True}]
    path = f"{steered.account('GET', account).json()['id']}/providers/Microsoft.Insights/diagnosticSettings/m"
    made = steered.raw("PUT", f"{steered.origin}{path}?api-version={_SETTING_VERSION}", {"properties": wanted})
    assert made.ok, made.text
    steered.new_pool(account, "counted", nodes=1)
    steered.settled_pool(account, "counted")

    def rows(name: str) -> list[dict[str, Any]]:
        asked = f"/workspaces/{watched.workspace}/logs?table=AzureMetrics&operation={name}"
        return [row for row in steered.control("GET", asked).json()["value"] if row["Resource"] == account.upper()]

    until(lambda: bool(rows("CoreCount")), seconds=130)
    assert (rows("CoreCount")[0]["Total"], rows("CoreCount")[0]["TimeGrain"]) == (2, "PT1M")
    assert sum(row["Total"] for row in rows("PoolCreateEvent")) == 1
    exported = watched.logs.container_name.replace("logs-servicelog", "metrics-pt1m")
    url = watched.logs.url.replace(watched.logs.container_name, exported)
    with ContainerClient.from_container_url(url, credential=watched.logs.credential) as metrics:
        [blob] = [blob.name for blob in metrics.list_blobs() if account.upper() in blob.name]
        records = [json.loads(line) for line in metrics.download_blob(blob).readall().splitlines()]
    cores = [record for record in records if record["metricName"] == "CoreCount"]
    assert (cores[0]["total"], cores[0]["timeGrain"]) == (2, "PT1M")


def test_metrics_are_defined_and_asked_for_as_documented(watched: Watched) -> None:
    definitions = watched.insights("metricDefinitions", _METRICS_VERSION).json()["value"]
    assert len(definitions) == 31  # the supported-metrics page's number for Batch accounts
    assert {definition["primaryAggregationType"] for definition in definitions} == {"Total"}
    span = "2026-01-01T00:00:00Z/2026-01-01T02:00:00Z"
    answer = watched.insights(
        "metrics", _METRICS_VERSION, metricnames="taskstartevent", timespan=span, interval="PT1H", aggregation="count"
    ).json()
    assert [point["timeStamp"] for point in answer["value"][0]["timeseries"][0]["data"]] == [
        "2026-01-01T00:00:00Z",
        "2026-01-01T01:00:00Z",
    ]
    for wrong in ({"metricnames": "Nonsense"}, {"interval": "PT7M"}, {"timespan": "now"}, {"aggregation": "Mean"}):
        assert watched.insights("metrics", _METRICS_VERSION, **wrong).status_code == 400, wrong


def test_a_task_that_finds_too_few_slots_is_told_once(watched: Watched, pool: str) -> None:
    """batch-task-schedule-fail-event: not enough slots available on nodes; the task is tried again later."""
    steered, account = watched.steered, watched.account
    steered.service("POST", account, "jobs", {"id": "narrow", "poolInfo": {"poolId": pool}})
    steered.service("POST", account, "jobs/narrow/tasks", {"id": "long", "commandLine": "sleep 600"})
    until(lambda: steered.service("GET", account, "jobs/narrow/tasks/long").json()["state"] == "running")
    wide = {"id": "wide", "commandLine": "true", "requiredSlots": 2}
    steered.service("POST", account, "jobs/narrow/tasks", wide)
    told = watched.await_event("TaskScheduleFailEvent", "wide")
    assert (told["jobId"], told["requiredSlots"], told["nodeInfo"]) == ("narrow", 2, {"poolId": pool, "nodeId": " "})
    assert told["schedulingError"]["category"] == "UserError"
    steered.service("POST", account, "jobs/narrow/tasks", {"id": "other", "commandLine": "true"})
    watched.await_event("TaskCompleteEvent", "other")
    assert len(watched.events("TaskScheduleFailEvent", "wide")) == 1
    steered.service("POST", account, "jobs/narrow/tasks/long/terminate")
    watched.await_event("TaskCompleteEvent", "wide")


def special_tasks(watched: Watched, kind: str, pool: str) -> list[dict[str, Any]]:
    found = [record["properties"] for record in watched.stored() if record["operationName"] == "SpecialTaskEvent"]
    return [body for body in found if (body["taskType"], body["nodeInfo"]["poolId"]) == (kind, pool)]


def test_a_pools_start_task_and_a_jobs_own_tasks_are_told(watched: Watched) -> None:
    """batch-special-task-event; a task that waits for a failed preparation is told as not scheduled (its article's
    example)."""
    steered, account, pool = watched.steered, watched.account, "special"
    steered.new_pool(account, pool, startTask={"commandLine": "true", "waitForSuccess": True})
    until(lambda: bool(special_tasks(watched, "StartTask", pool)))
    [start] = special_tasks(watched, "StartTask", pool)
    assert "jobId" not in start
    assert (start["executionInfo"]["exitCode"], start["executionInfo"]["result"]) == (0, "success")
    assert start["executionInfo"]["schedulingError"] == {"details": []}
    job = {
        "id": "prepared",
        "poolInfo": {"poolId": pool},
        "jobPreparationTask": {"commandLine": "true"},
        "jobReleaseTask": {"commandLine": "true"},
    }
    steered.service("POST", account, "jobs", job)
    steered.service("POST", account, "jobs/prepared/tasks", {"id": "t", "commandLine": "true"})
    watched.await_event("TaskCompleteEvent", "t")
    steered.service("POST", account, "jobs/prepared/terminate")
    until(lambda: bool(special_tasks(watched, "JobRelease", pool)))
    [preparation], [release] = (special_tasks(watched, kind, pool) for kind in ("JobPrep", "JobRelease"))
    assert (preparation["jobId"], preparation["taskName"]) == ("prepared", "jobpreparation")
    assert (release["jobId"], release["executionInfo"]["result"]) == ("prepared", "success")
    assert preparation["executionInfo"]["startTime"] <= preparation["executionInfo"]["endTime"]

    failing = {"commandLine": "false", "constraints": {"maxTaskRetryCount": 0}}
    unprepared = {"id": "unprepared", "poolInfo": {"poolId": pool}, "jobPreparationTask": failing}
    steered.service("POST", account, "jobs", unprepared)
    steered.service("POST", account, "jobs/unprepared/tasks", {"id": "never", "commandLine": "true"})
    told = watched.await_event("TaskScheduleFailEvent", "never")
    assert told["schedulingError"]["code"] == "JobPreparationTaskFailed"
    failed = special_tasks(watched, "JobPrep", pool)[-1]["executionInfo"]
    assert (failed["exitCode"], failed["result"]) == (1, "failure")
    assert failed["schedulingError"]["code"] == "FailureExitCode"
