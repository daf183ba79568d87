"""Every variable of Microsoft's article batch-compute-node-environment-variables, by the tasks that have it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from azure.batch import BatchClient
from azure.batch import models as service

from tests.clients.conftest import Account
from tests.support.waiting import until

EVERYWHERE = {
    *("AZ_BATCH_ACCOUNT_NAME", "AZ_BATCH_ACCOUNT_URL", "AZ_BATCH_CERTIFICATES_DIR", "AZ_BATCH_NODE_ID"),
    *("AZ_BATCH_NODE_IS_DEDICATED", "AZ_BATCH_NODE_MOUNTS_DIR", "AZ_BATCH_NODE_ROOT_DIR", "AZ_BATCH_NODE_SHARED_DIR"),
    *("AZ_BATCH_NODE_STARTUP_DIR", "AZ_BATCH_POOL_ID", "AZ_BATCH_TASK_DIR", "AZ_BATCH_TASK_WORKING_DIR"),
    *("AZ_BATCH_TASK_RESERVED_EPHEMERAL_DISK_SPACE_BYTES", "AZ_BATCH_APP_PACKAGE_tool_1_0"),
    *("AZ_BATCH_TASK_USER", "AZ_BATCH_TASK_USER_IDENTITY"),  # not in the article; tasks on Azure have printed them
}
NOT_THE_START_TASK = {"AZ_BATCH_JOB_ID", "AZ_BATCH_TASK_ID"}
PREPARED = {"AZ_BATCH_JOB_PREP_DIR", "AZ_BATCH_JOB_PREP_WORKING_DIR"}
MULTI_INSTANCE = {
    *("AZ_BATCH_HOST_LIST", "AZ_BATCH_IS_CURRENT_NODE_MASTER", "AZ_BATCH_MASTER_NODE", "AZ_BATCH_NODE_LIST"),
    *("AZ_BATCH_TASK_SHARED_DIR", "CCP_NODES"),
}
SAVE = "/bin/sh -c 'env > $AZ_BATCH_NODE_SHARED_DIR/{}'"
Variables = dict[str, str]


@pytest.fixture(scope="module")
def found(batch: BatchClient, account: Account) -> Iterator[Callable[[str], list[Variables]]]:
    """What tasks of each kind found, by a name of the kind: a list, one a node that has any."""
    pool, job = f"env-{uuid.uuid4().hex[:6]}", f"env-{uuid.uuid4().hex[:6]}"
    machine = service.VirtualMachineConfiguration(
        image_reference=service.BatchVmImageReference(
            publisher="canonical", offer="0001-com-ubuntu-server-jammy", sku="22_04-lts"
        ),
        node_agent_sku_id="batch.node.ubuntu 22.04",
    )
    batch.create_pool(
        service.BatchPoolCreateOptions(
            id=pool,
            vm_size="standard_d2s_v3",
            virtual_machine_configuration=machine,
            target_dedicated_nodes=2,
            enable_inter_node_communication=True,
            application_package_references=[
                service.BatchApplicationPackageReference(application_id="tool", version="1.0")
            ],
            start_task=service.BatchStartTask(command_line=SAVE.format("start")),
        )
    )
    batch.create_job(
        service.BatchJobCreateOptions(
            id=job,
            pool_info=service.BatchPoolInfo(pool_id=pool),
            job_preparation_task=service.BatchJobPreparationTask(command_line=SAVE.format("prepare")),
            job_release_task=service.BatchJobReleaseTask(command_line=SAVE.format("release")),
            common_environment_settings=[service.EnvironmentSetting(name="COMMON", value="of the job")],
        )
    )
    batch.create_task(job, service.BatchTaskCreateOptions(id="plain", command_line=SAVE.format("plain")))
    until(lambda: batch.get_task(job, "plain").state == "completed", 60)
    gang = service.MultiInstanceSettings(number_of_instances=2, coordination_command_line=SAVE.format("coordinate"))
    batch.create_task(
        job,
        service.BatchTaskCreateOptions(id="gang", command_line=SAVE.format("primary"), multi_instance_settings=gang),
    )
    until(lambda: batch.get_task(job, "gang").state == "completed", 60)
    batch.begin_terminate_job(job, {"terminateReason": "done"}).result()

    def read(kind: str) -> list[Variables]:
        texts = []
        for node in batch.list_nodes(pool):
            names = [file.name for file in batch.list_node_files(pool, node.id, recursive=True)]
            if f"shared/{kind}" in names:
                texts.append(b"".join(batch.download_node_file(pool, node.id, f"shared/{kind}")).decode())
        assert texts, f"no task of the kind {kind} has run"
        return [dict(line.split("=", 1) for line in text.splitlines()) for text in texts]

    yield read
    batch.begin_delete_job(job)
    batch.begin_delete_pool(pool)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("start", set()),
        ("prepare", NOT_THE_START_TASK),
        ("plain", NOT_THE_START_TASK | PREPARED),
        ("release", NOT_THE_START_TASK | PREPARED),
        ("coordinate", NOT_THE_START_TASK | PREPARED | MULTI_INSTANCE),
        ("primary", NOT_THE_START_TASK | PREPARED | MULTI_INSTANCE),
    ],
)
def test_tasks_of_a_kind_have_their_variables_and_no_others(
    found: Callable[[str], list[Variables]], kind: str, more: set[str]
) -> None:
    every = EVERYWHERE | NOT_THE_START_TASK | PREPARED | MULTI_INSTANCE
    for variables in found(kind):
        ours = {name for name in variables if name.startswith(("AZ_BATCH_", "CCP_"))} - {"AZ_BATCH_APP_PACKAGE_tool"}
        assert ours == EVERYWHERE | more, ours ^ (EVERYWHERE | more)
        assert ours <= every
        assert variables["USER"] == "_azbatch"
        assert variables["HOME"] == variables["AZ_BATCH_TASK_WORKING_DIR"] == f"{variables['AZ_BATCH_TASK_DIR']}/wd"
        assert variables["PATH"].endswith(f":{variables['AZ_BATCH_NODE_SHARED_DIR']}:{variables['HOME']}")
        assert variables.get("COMMON") == (None if kind == "start" else "of the job")


def test_directories_lie_where_the_article_says(found: Callable[[str], list[Variables]]) -> None:
    (plain,) = found("plain")
    root, job = plain["AZ_BATCH_NODE_ROOT_DIR"], plain["AZ_BATCH_JOB_ID"]
    assert plain["AZ_BATCH_NODE_STARTUP_DIR"] == f"{root}/startup"
    assert plain["AZ_BATCH_NODE_SHARED_DIR"] == f"{root}/shared"
    assert plain["AZ_BATCH_NODE_MOUNTS_DIR"] == f"{root}/fsmounts"
    assert plain["AZ_BATCH_TASK_DIR"] == f"{root}/workitems/{job}/job-1/plain"
    assert plain["AZ_BATCH_CERTIFICATES_DIR"] == f"{plain['AZ_BATCH_TASK_DIR']}/certs"
    assert plain["AZ_BATCH_JOB_PREP_WORKING_DIR"] == f"{root}/workitems/{job}/job-1/jobpreparation/wd"


def test_nodes_of_a_multi_instance_task_know_each_other(found: Callable[[str], list[Variables]]) -> None:
    (primary,) = found("primary")
    first, second = sorted(found("coordinate"), key=lambda one: one["AZ_BATCH_IS_CURRENT_NODE_MASTER"], reverse=True)
    assert (first["AZ_BATCH_IS_CURRENT_NODE_MASTER"], second["AZ_BATCH_IS_CURRENT_NODE_MASTER"]) == ("true", "false")
    hosts = primary["AZ_BATCH_HOST_LIST"].split(",")
    assert primary["AZ_BATCH_NODE_LIST"].split(";") == hosts == second["AZ_BATCH_HOST_LIST"].split(",")
    assert primary["AZ_BATCH_MASTER_NODE"] == f"{hosts[0]}:6000"
    assert primary["CCP_NODES"] == f"2 {hosts[0]} 2 {hosts[1]} 2"  # of two cores each
    below = {one["AZ_BATCH_TASK_SHARED_DIR"].removeprefix(one["AZ_BATCH_NODE_ROOT_DIR"]) for one in (first, second)}
    assert below == {f"/workitems/{primary['AZ_BATCH_JOB_ID']}/job-1/gang"}  # the same on every node
