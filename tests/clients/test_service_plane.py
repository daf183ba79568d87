"""What azure-batch 15.1 sees, by key and by token."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from azure.batch import BatchClient, models
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from tests.clients.conftest import UBUNTU, Account, Arm, run
from tests.conftest import Local
from tests.support.waiting import until


def stdout(batch: BatchClient, job: str, task: models.BatchTask) -> str:
    return b"".join(batch.download_task_file(job, str(task.id), "stdout.txt")).decode()


def test_a_hundred_and_fifty_tasks_run_and_their_output_can_be_read(batch: BatchClient, job: str) -> None:
    tasks = [
        models.BatchTaskCreateOptions(id=f"t{number}", command_line=f"/bin/sh -c 'echo number {number}'")
        for number in range(150)
    ]
    results = batch.create_tasks(job, tasks)
    assert [str(result.status).lower() for result in results.result_values] == ["success"] * 150
    until(lambda: batch.get_job_task_counts(job).task_counts.succeeded == 150)
    assert b"".join(batch.download_task_file(job, "t149", "stdout.txt")) == b"number 149\n"
    assert len({task.id for task in batch.list_tasks(job)}) == 150


def test_an_exit_code_says_how_a_task_ended(batch: BatchClient, job: str) -> None:
    ended = run(batch, job, "/bin/sh -c 'exit 3'").execution_info
    assert (ended.exit_code, ended.result) == (3, "failure")
    assert ended.failure_info.code == "FailureExitCode"


def test_a_command_that_does_not_exist_is_named_as_such(batch: BatchClient, job: str) -> None:
    ended = run(batch, job, "no-such-program --at-all").execution_info
    assert ended.exit_code is None
    assert ended.failure_info.code == "CommandProgramNotFound"


def test_a_task_is_tried_again_as_often_as_it_may(batch: BatchClient, job: str) -> None:
    constraints = models.BatchTaskConstraints(max_task_retry_count=2)
    assert run(batch, job, "/bin/false", constraints=constraints).execution_info.retry_count == 2


def test_a_task_over_its_wall_clock_time_is_ended(batch: BatchClient, job: str) -> None:
    constraints = models.BatchTaskConstraints(max_wall_clock_time=timedelta(seconds=1))
    ended = run(batch, job, "/bin/sleep 600", constraints=constraints).execution_info
    assert ended.result == "failure"
    assert (ended.failure_info.category, ended.failure_info.code) == ("ServerError", "TaskEnded")


def test_a_terminated_task_ends_with_its_children(batch: BatchClient, job: str) -> None:
    batch.create_task(job, models.BatchTaskCreateOptions(id="long", command_line="/bin/sh -c 'sleep 600 & sleep 600'"))
    until(lambda: batch.get_task(job, "long").state == "running")
    batch.terminate_task(job, "long")
    assert batch.get_task(job, "long").state == "completed"
    assert batch.get_task(job, "long").execution_info.failure_info.code == "TaskEnded"


def test_the_documented_variables_and_the_package_are_there(batch: BatchClient, job: str, account: Account) -> None:
    setting = models.EnvironmentSetting(name="MINE", value="42")
    command = "/bin/sh -c 'env; pwd; sh $AZ_BATCH_APP_PACKAGE_tool_1_0/tool.sh hello'"
    task = run(batch, job, command, environment_settings=[setting])
    lines = stdout(batch, job, task).splitlines()
    found = dict(line.split("=", 1) for line in lines if "=" in line)
    assert found["AZ_BATCH_ACCOUNT_NAME"] == account.name
    assert found["AZ_BATCH_JOB_ID"] == job
    assert found["AZ_BATCH_TASK_ID"] == task.id
    assert found["AZ_BATCH_POOL_ID"] == account.pool
    assert found["AZ_BATCH_NODE_ID"] == task.node_info.node_id
    assert found["MINE"] == "42"
    assert found["AZ_BATCH_TASK_WORKING_DIR"] in lines
    assert lines[-1] == "tool says hello"


def test_a_file_can_be_read_in_ranges_and_by_its_node(batch: BatchClient, job: str, account: Account) -> None:
    task = run(batch, job, "/bin/sh -c 'printf 0123456789'")
    part = b"".join(batch.download_task_file(job, str(task.id), "stdout.txt", ocp_range="bytes=2-4"))
    assert part == b"234"
    names = {file.name for file in batch.list_task_files(job, str(task.id), recursive=True)}
    assert {"stdout.txt", "stderr.txt", "wd"} <= names
    listed = {file.name for file in batch.list_node_files(account.pool, task.node_info.node_id)}
    assert {"startup", "shared", "workitems", "applications"} <= listed


def test_a_task_id_is_taken_once(batch: BatchClient, job: str) -> None:
    batch.create_task(job, models.BatchTaskCreateOptions(id="Once", command_line="/bin/true"))
    with pytest.raises(ResourceExistsError, match="TaskExists"):
        batch.create_task(job, models.BatchTaskCreateOptions(id="once", command_line="/bin/true"))


def test_a_pool_whose_nodes_take_no_tasks_runs_none(batch: BatchClient, job: str, account: Account) -> None:
    nodes = [str(node.id) for node in batch.list_nodes(account.pool)]
    for node in nodes:
        batch.disable_node_scheduling(
            account.pool,
            node,
            models.BatchNodeDisableSchedulingOptions(
                node_disable_scheduling_option=models.BatchNodeDisableSchedulingOption.REQUEUE
            ),
        )
    batch.create_task(job, models.BatchTaskCreateOptions(id="waits", command_line="/bin/true"))
    assert batch.get_task(job, "waits").state == "active"
    assert {node.state for node in batch.list_nodes(account.pool)} == {"offline"}
    for node in nodes:
        batch.enable_node_scheduling(account.pool, node)
    until(lambda: batch.get_task(job, "waits").state == "completed")


def test_a_token_opens_the_service_as_well(batchlocal: Local, account: Account) -> None:
    with batchlocal.credential() as credential, BatchClient(account.endpoint, credential) as client:
        assert [pool.id for pool in client.list_pools()] == [account.pool]


def test_a_changed_job_keeps_what_was_not_sent(batch: BatchClient, job: str) -> None:
    batch.update_job(job, models.BatchJobUpdateOptions(priority=7))
    found = batch.get_job(job)
    assert (found.priority, found.pool_info.pool_id) == (7, "pool")


def test_a_job_waits_for_a_pool_that_is_not_there(batch: BatchClient) -> None:
    pool = models.BatchPoolInfo(pool_id="comes-later")
    batch.create_job(models.BatchJobCreateOptions(id="early", pool_info=pool))
    batch.create_task("early", models.BatchTaskCreateOptions(id="t", command_line="/bin/true"))
    assert batch.get_task("early", "t").state == "active"
    batch.begin_delete_job("early").result()


def test_dependencies_are_refused_where_the_job_does_not_use_them(batch: BatchClient, job: str) -> None:
    depends = models.BatchTaskDependencies(task_ids=["other"])
    with pytest.raises(HttpResponseError, match="TaskDependenciesNotSpecifiedOnJob"):
        batch.create_task(job, models.BatchTaskCreateOptions(id="d", command_line="/bin/true", depends_on=depends))


def test_a_wrong_key_opens_nothing(account: Account) -> None:
    wrong = "A" * 86 + "=="
    credential = AzureNamedKeyCredential(account.name, wrong)
    with BatchClient(account.endpoint, credential) as client, pytest.raises(HttpResponseError, match="Authentication"):
        list(client.list_pools())


def test_what_is_not_there_is_told_by_azures_code(batch: BatchClient) -> None:
    for ask, code in (
        (lambda: batch.get_pool("nope"), "PoolNotFound"),
        (lambda: batch.get_job("nope"), "JobNotFound"),
        (lambda: list(batch.list_tasks("nope")), "JobNotFound"),
    ):
        with pytest.raises(ResourceNotFoundError, match=code):
            ask()


def test_a_resized_pool_has_the_nodes_it_was_asked_for(batch: BatchClient) -> None:
    image = models.BatchVmImageReference(publisher="canonical", offer="ubuntu-24_04-lts", sku="server")
    machine = models.VirtualMachineConfiguration(image_reference=image, node_agent_sku_id="batch.node.ubuntu 24.04")
    sent = models.BatchPoolCreateOptions(
        id="sized", vm_size="Standard_D2s_v3", virtual_machine_configuration=machine, target_dedicated_nodes=1
    )
    batch.create_pool(sent)
    until(lambda: [node.state for node in batch.list_nodes("sized")] == ["idle"])
    until(lambda: batch.get_pool("sized").allocation_state == "steady")
    batch.begin_resize_pool("sized", models.BatchPoolResizeOptions(target_dedicated_nodes=3)).result()
    until(lambda: [node.state for node in batch.list_nodes("sized")] == ["idle"] * 3)
    assert batch.get_pool("sized").current_dedicated_nodes == 3
    batch.begin_delete_pool("sized").result()


NETWORK = "{group}/providers/Microsoft.Network"
IMAGE = "{group}/providers/Microsoft.Compute/galleries/g/images/i"


@pytest.mark.parametrize(
    ("link", "kind"),
    [
        ({"networkConfiguration": {"subnetId": f"{NETWORK}/virtualNetworks/v/subnets/s"}}, "Network"),
        (
            {
                "networkConfiguration": {
                    "publicIPAddressConfiguration": {
                        "provision": "usermanaged",
                        "ipAddressIds": [f"{NETWORK}/publicIPAddresses/a"],
                    }
                }
            },
            "Network",
        ),
        ({"virtualMachineConfiguration": {"imageReference": {"virtualMachineImageId": IMAGE}}}, "Compute"),
    ],
)
def test_a_key_links_no_pool_to_other_resources(
    batch: BatchClient, arm: Arm, account: Account, link: dict[str, Any], kind: str
) -> None:
    group = f"/subscriptions/{arm.local.subscription}/resourceGroups/{arm.group}"
    linked = json.loads(json.dumps(link).replace("{group}", group))
    machine = {**UBUNTU["virtualMachineConfiguration"], **linked.get("virtualMachineConfiguration", {})}
    machine["nodeAgentSKUId"] = machine.pop("nodeAgentSkuId")
    pool = {"vmSize": "standard_d2s_v3", **linked, "virtualMachineConfiguration": machine}
    automatic = {"poolLifetimeOption": "job", "pool": pool}
    job = {"poolInfo": {"autoPoolSpecification": automatic}}
    schedule = {"id": "linked", "schedule": {}, "jobSpecification": job}
    asked = (
        lambda: batch.create_pool({"id": "linked", **pool}),
        lambda: batch.create_job({"id": "linked", **job}),
        lambda: batch.create_job_schedule(schedule),
    )
    for ask in asked:
        with pytest.raises(HttpResponseError) as refused:
            ask()
        error = refused.value.model
        assert (refused.value.status_code, error.code) == (403, "AuthenticationFailed")
        (detail,) = error["values"]
        assert detail["key"] == "AuthenticationErrorDetail"
        assert detail["value"].endswith(f"when external resources of type {kind} are linked.")
