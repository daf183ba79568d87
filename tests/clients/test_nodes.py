"""Nodes as clients see them: come up, take tasks or not, reboot, go."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.batch import BatchClient
from azure.batch import models as service
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import ContainerClient, ContainerSasPermissions, generate_container_sas

from tests.clients.conftest import Account
from tests.support.waiting import until

LINUX = ("canonical", "0001-com-ubuntu-server-jammy", "22_04-lts", "batch.node.ubuntu 22.04")
WINDOWS = ("microsoftwindowsserver", "windowsserver", "2022-datacenter", "batch.node.windows amd64")
MakePool = Callable[..., str]


@pytest.fixture
def make_pool(batch: BatchClient) -> Iterator[MakePool]:
    """Make pools of this test's own, up when they are returned; they go after it."""
    made = []

    def make(image: tuple[str, str, str, str] = LINUX, up: str = "idle", **options: object) -> str:
        publisher, offer, sku, agent = image
        machine = service.VirtualMachineConfiguration(
            image_reference=service.BatchVmImageReference(publisher=publisher, offer=offer, sku=sku),
            node_agent_sku_id=agent,
        )
        name = f"nodes-{uuid.uuid4().hex[:6]}"
        wanted = {"target_dedicated_nodes": 1, **options}
        batch.create_pool(
            service.BatchPoolCreateOptions(
                id=name, vm_size="standard_d2s_v3", virtual_machine_configuration=machine, **wanted
            )
        )
        made.append(name)
        until(lambda: batch.get_pool(name).allocation_state == "steady")
        until(lambda: {node.state for node in batch.list_nodes(name)} <= {up})
        return name

    yield make
    for name in made:
        batch.begin_delete_pool(name)


def the_node(batch: BatchClient, pool: str) -> service.BatchNode:
    (node,) = batch.list_nodes(pool)
    return node


def a_job(batch: BatchClient, pool: str) -> str:
    job = f"nodes-{uuid.uuid4().hex[:6]}"
    batch.create_job(service.BatchJobCreateOptions(id=job, pool_info=service.BatchPoolInfo(pool_id=pool)))
    return job


def add(batch: BatchClient, job: str, command: str, task_id: str = "task") -> None:
    batch.create_task(job, service.BatchTaskCreateOptions(id=task_id, command_line=command))


def text(batch: BatchClient, job: str, task: str, file: str) -> str:
    return b"".join(batch.download_task_file(job, task, file)).decode()


def test_a_failed_start_task_keeps_tasks_away_and_is_tried_as_often_as_it_may(
    batch: BatchClient, make_pool: MakePool
) -> None:
    start_task = service.BatchStartTask(command_line="/bin/sh -c 'exit 4'", max_task_retry_count=2)
    pool = make_pool(up="starttaskfailed", start_task=start_task)
    info = the_node(batch, pool).start_task_info
    assert (info.exit_code, info.retry_count, info.result) == (4, 2, "failure")
    assert info.start_time == info.last_retry_time  # that of the last attempt
    assert info.failure_info.code == "FailureExitCode"


def test_a_node_need_not_wait_for_its_start_task(batch: BatchClient, make_pool: MakePool) -> None:
    start_task = service.BatchStartTask(command_line="/bin/sh -c 'exit 4'", wait_for_success=False)
    pool = make_pool(start_task=start_task)
    until(lambda: the_node(batch, pool).start_task_info.result == "failure")
    assert the_node(batch, pool).state == "idle"


def test_a_rebooted_node_runs_its_start_task_again_and_its_tasks_wait(batch: BatchClient, make_pool: MakePool) -> None:
    count = "/bin/sh -c 'echo up >> $AZ_BATCH_NODE_SHARED_DIR/boots'"
    pool = make_pool(start_task=service.BatchStartTask(command_line=count))
    job = a_job(batch, pool)
    add(batch, job, "/bin/sleep 60")
    until(lambda: batch.get_task(job, "task").state == "running")
    node = the_node(batch, pool)
    batch.begin_reboot_node(pool, node.id, {"nodeRebootOption": "requeue"})
    until(lambda: the_node(batch, pool).last_boot_time > node.last_boot_time)
    until(lambda: batch.get_task(job, "task").execution_info.requeue_count == 1)
    boots = b"".join(batch.download_node_file(pool, node.id, "shared/boots")).decode()
    assert boots == "up\nup\n"
    batch.begin_delete_job(job)


def test_a_start_task_that_never_ends_holds_up_no_reboot(batch: BatchClient, make_pool: MakePool) -> None:
    once = "/bin/sh -c 'test -e once || { touch once; sleep 300; }'"
    pool = make_pool(up="waitingforstarttask", start_task=service.BatchStartTask(command_line=once))
    node = the_node(batch, pool).id
    until(lambda: "startup/wd/once" in [file.name for file in batch.list_node_files(pool, node, recursive=True)])
    batch.begin_reboot_node(pool, node, {"nodeRebootOption": "requeue"})
    until(lambda: the_node(batch, pool).state == "idle")


def test_a_deallocated_node_waits_to_be_started(batch: BatchClient, make_pool: MakePool) -> None:
    pool = make_pool()
    node = the_node(batch, pool).id
    batch.begin_deallocate_node(pool, node, {"nodeDeallocateOption": "requeue"})
    until(lambda: the_node(batch, pool).state == "deallocated")
    job = a_job(batch, pool)
    add(batch, job, "/bin/true")
    with pytest.raises(HttpResponseError) as refused:
        batch.begin_reboot_node(pool, node, {"nodeRebootOption": "requeue"})
    assert refused.value.status_code == 409
    assert batch.get_task(job, "task").state == "active"
    batch.begin_start_node(pool, node)
    until(lambda: batch.get_task(job, "task").state == "completed")


def test_a_removed_node_goes_when_its_task_has_ended(batch: BatchClient, make_pool: MakePool) -> None:
    pool = make_pool(target_dedicated_nodes=2)
    job = a_job(batch, pool)
    add(batch, job, "/bin/sh -c 'sleep 2; echo done'")
    until(lambda: batch.get_task(job, "task").state == "running")
    busy = batch.get_task(job, "task").node_info.node_id
    options = service.BatchNodeRemoveOptions(node_ids=[busy], node_deallocation_option="taskcompletion")
    batch.begin_remove_nodes(pool, options)
    assert batch.get_pool(pool).target_dedicated_nodes == 1
    until(lambda: batch.get_task(job, "task").state == "completed")
    assert batch.get_task(job, "task").execution_info.exit_code == 0
    until(lambda: busy not in [node.id for node in batch.list_nodes(pool)])
    until(lambda: batch.get_pool(pool).current_dedicated_nodes == 1)


def test_closing_a_node_ends_requeues_or_leaves_its_task(batch: BatchClient, make_pool: MakePool) -> None:
    pool = make_pool(task_slots_per_node=4)
    job = a_job(batch, pool)
    for option, state in (("taskcompletion", "running"), ("terminate", "completed"), ("requeue", "active")):
        add(batch, job, "/bin/sleep 60", option)
        until(lambda task=option: batch.get_task(job, task).state == "running")
        node = the_node(batch, pool).id
        disable = service.BatchNodeDisableSchedulingOptions(node_disable_scheduling_option=option)
        batch.disable_node_scheduling(pool, node, disable)
        assert batch.get_task(job, option).state == state
        if option != "requeue":
            batch.enable_node_scheduling(pool, node)
    assert batch.get_task(job, "requeue").execution_info.requeue_count == 1
    batch.begin_delete_job(job)


def test_users_come_and_go_and_their_passwords_are_shown_to_nobody(batch: BatchClient, make_pool: MakePool) -> None:
    pool = make_pool()
    node = the_node(batch, pool).id
    user = service.BatchNodeUserCreateOptions(name="ada", is_admin=True, password="never-shown-0")
    batch.create_node_user(pool, node, user)
    with pytest.raises(HttpResponseError) as refused:
        batch.create_node_user(pool, node, user)
    assert refused.value.model.code == "NodeUserExists"
    batch.replace_node_user(pool, node, "ada", service.BatchNodeUserReplaceOptions(password="never-shown-1"))
    batch.delete_node_user(pool, node, "ada")
    with pytest.raises(HttpResponseError) as missing:
        batch.delete_node_user(pool, node, "ada")
    assert missing.value.model.code == "NodeUserNotFound"
    assert batch.get_node_remote_login_settings(pool, node).remote_login_port == 22


def test_a_reimaged_node_starts_anew_with_an_empty_disk(batch: BatchClient, make_pool: MakePool) -> None:
    count = "/bin/sh -c 'echo up >> $AZ_BATCH_NODE_SHARED_DIR/boots'"
    pool = make_pool(start_task=service.BatchStartTask(command_line=count))
    before = the_node(batch, pool)
    batch.begin_reimage_node(pool, before.id, {"nodeReimageOption": "requeue"})
    until(lambda: the_node(batch, pool).last_boot_time > before.last_boot_time)
    until(lambda: the_node(batch, pool).state == "idle")
    assert b"".join(batch.download_node_file(pool, before.id, "shared/boots")).decode() == "up\n"


def test_logs_of_a_node_are_uploaded_and_say_whom_its_tasks_run_as(
    batch: BatchClient, account: Account, make_pool: MakePool
) -> None:
    pool = make_pool()
    node = the_node(batch, pool)
    with ContainerClient(account.blob_endpoint, pool, credential=account.storage_key) as container:
        container.create_container()
        until_then = datetime.now(UTC) + timedelta(hours=1)
        allowed = ContainerSasPermissions(write=True, create=True)
        sas = generate_container_sas(account.storage, pool, account.storage_key, permission=allowed, expiry=until_then)
        options = service.UploadBatchServiceLogsOptions(
            container_url=f"{account.blob_endpoint}{pool}?{sas}", start_time=until_then - timedelta(hours=2)
        )
        told = batch.upload_node_logs(pool, node.id, options)
        until(lambda: len(list(container.list_blobs())) == told.number_of_files_uploaded)
        (blob,) = container.list_blobs()
        content = container.download_blob(blob.name).readall().decode()
    assert blob.name.startswith(told.virtual_directory_name)
    assert f"id: {node.id}" in content
    assert "tasks run as: the server's user" in content


@pytest.mark.parametrize(("fill", "used"), [("pack", 1), ("spread", 2)])
def test_tasks_fill_nodes_as_their_pool_says(batch: BatchClient, make_pool: MakePool, fill: str, used: int) -> None:
    policy = service.BatchTaskSchedulingPolicy(node_fill_type=fill)
    pool = make_pool(target_dedicated_nodes=2, task_slots_per_node=4, task_scheduling_policy=policy)
    job = a_job(batch, pool)
    for task in ("one", "two"):
        add(batch, job, "/bin/sleep 60", task)
        until(lambda task=task: batch.get_task(job, task).state == "running")
    assert len({task.node_info.node_id for task in batch.list_tasks(job)}) == used
    batch.begin_delete_job(job)


@pytest.mark.parametrize("option", ["requeue", "terminate", "taskcompletion", "retaineddata"])
def test_a_formula_says_what_becomes_of_tasks_on_nodes_that_go(
    batch: BatchClient, make_pool: MakePool, option: str
) -> None:
    pool = make_pool()
    job = a_job(batch, pool)
    seconds = 60 if option in ("requeue", "terminate") else 2
    kept = service.BatchTaskConstraints(retention_time="PT4S")
    batch.create_task(
        job, service.BatchTaskCreateOptions(id="task", command_line=f"/bin/sleep {seconds}", constraints=kept)
    )
    until(lambda: batch.get_task(job, "task").state == "running")
    formula = f"$TargetDedicatedNodes = 0; $NodeDeallocationOption = {option};"
    batch.enable_pool_auto_scale(pool, service.BatchPoolEnableAutoScaleOptions(auto_scale_formula=formula))
    if option == "retaineddata":
        until(lambda: batch.get_task(job, "task").state == "completed")
        assert [node.state for node in batch.list_nodes(pool)] == ["leavingpool"]  # its files are kept a while
        assert text(batch, job, "task", "stdout.txt") == ""
    until(lambda: not list(batch.list_nodes(pool)))
    task = batch.get_task(job, "task")
    info = task.execution_info
    if option == "requeue":
        assert (task.state, info.requeue_count) == ("active", 1)
    elif option == "terminate":
        assert (task.state, info.failure_info.code) == ("completed", "TaskEnded")
    else:
        assert (task.state, info.exit_code) == ("completed", 0)
    batch.begin_delete_job(job)


def test_a_windows_pool_runs_what_its_stand_in_knows(batch: BatchClient, make_pool: MakePool) -> None:
    job = a_job(batch, make_pool(image=WINDOWS))
    add(batch, job, 'cmd /c "echo hello %AZ_BATCH_TASK_ID%>out.txt & type out.txt & exit /b 3"', "known")
    add(batch, job, "powershell -Command Get-Date", "unknown")
    for task in ("known", "unknown"):
        until(lambda task=task: batch.get_task(job, task).state == "completed")
    assert batch.get_task(job, "known").execution_info.exit_code == 3
    assert text(batch, job, "known", "stdout.txt").split() == ["hello", "known"]
    info = batch.get_task(job, "known").node_info
    assert info.task_root_directory == f"workitems\\{job}\\job-1\\known"
    listed = {file.name for file in batch.list_node_files(info.pool_id, info.node_id, recursive=True)}
    assert f"{info.task_root_directory}\\wd\\out.txt" in listed
    for name in (f"{info.task_root_directory}\\wd\\out.txt", f"workitems/{job}/job-1/known/wd/out.txt"):
        assert b"".join(batch.download_node_file(info.pool_id, info.node_id, name)).split() == [b"hello", b"known"]
    assert batch.get_task(job, "unknown").execution_info.exit_code == 1
    assert "'powershell' is not recognized" in text(batch, job, "unknown", "stderr.txt")
    by_ssh = service.BatchNodeUserCreateOptions(name="ada", password="never-shown-0", ssh_public_key="AAAA")
    with pytest.raises(HttpResponseError, match="sshPublicKey"):
        batch.create_node_user(info.pool_id, info.node_id, by_ssh)


def test_what_a_pool_mounts_is_a_folder_of_each_node_that_says_so(batch: BatchClient, make_pool: MakePool) -> None:
    blobs = service.AzureBlobFileSystemConfiguration(
        account_name="a", container_name="c", account_key="k", relative_mount_path="data/in"
    )
    share = service.NfsMountConfiguration(source="host:/share", relative_mount_path="share")
    pool = make_pool(
        mount_configuration=[
            service.MountConfiguration(azure_blob_file_system_configuration=blobs),
            service.MountConfiguration(nfs_mount_configuration=share),
        ]
    )
    node = the_node(batch, pool).id
    listed = {file.name for file in batch.list_node_files(pool, node, recursive=True)}
    assert {"fsmounts/data/in", "fsmounts/share"} <= listed
    assert "Nothing is mounted here" in b"".join(batch.download_node_file(pool, node, "fsmounts/README.txt")).decode()
    job = a_job(batch, pool)
    add(batch, job, "/bin/sh -c 'echo kept > $AZ_BATCH_NODE_MOUNTS_DIR/share/x'")
    until(lambda: batch.get_task(job, "task").state == "completed")
    assert b"".join(batch.download_node_file(pool, node, "fsmounts/share/x")) == b"kept\n"
    batch.begin_delete_job(job)


def test_simulated_nodes_run_nothing_and_end_as_their_rule_says(batch: BatchClient, make_pool: MakePool) -> None:
    rule = service.BatchMetadataItem(name="batchlocal.nodes", value="simulated seconds=5 exitCode=9")
    pool = make_pool(target_dedicated_nodes=20, metadata=[rule])
    job = a_job(batch, pool)
    add(batch, job, "/no/such/program", "ruled")
    until(lambda: batch.get_task(job, "ruled").state == "completed")
    assert batch.get_task(job, "ruled").execution_info.exit_code == 9


def test_node_counts_tell_the_states_of_all_pools(batch: BatchClient, account: Account) -> None:
    until(lambda: next(c for c in batch.list_pool_node_counts() if c.pool_id == account.pool).dedicated.idle == 2)


def test_what_leaves_a_tasks_group_ends_with_the_task_and_nothing_else(
    batch: BatchClient, make_pool: MakePool, container: ContainerClient
) -> None:
    daemon = 'sh -c "echo \\$\\$ >> pids; exec sleep 600"'
    service_of_the_node = f"/bin/sh -c 'setsid {daemon} & while ! test -s pids; do sleep 0.1; done'"
    pool = make_pool(start_task=service.BatchStartTask(command_line=service_of_the_node))
    node = the_node(batch, pool).id
    job = a_job(batch, pool)
    leave = f"setsid {daemon} & setsid env -i {daemon} & while test $(wc -l < pids) -lt 2; do sleep 0.1; done"
    add(batch, job, f"/bin/sh -c 'touch pids; {leave}'", "early")
    until(lambda: batch.get_task(job, "early").state == "completed")
    left = text(batch, job, "early", "wd/pids").split()
    assert len(left) == 2
    until(lambda: not any(is_running(pid) for pid in left))
    container.upload_blob("blob", b"linked storage goes on")
    (started,) = b"".join(batch.download_node_file(pool, node, "startup/wd/pids")).decode().split()
    assert is_running(started)
    batch.begin_reboot_node(pool, node, {"nodeRebootOption": "requeue"})
    until(lambda: not is_running(started))
    batch.begin_delete_job(job)


def is_running(pid: str) -> bool:
    """Whether a process of this machine runs, and is more than a name."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_no_process_of_one_task_ends_with_another(batch: BatchClient, make_pool: MakePool) -> None:
    pool = make_pool(task_slots_per_node=2)
    job = a_job(batch, pool)
    add(batch, job, "/bin/sh -c 'setsid sleep 600 & echo $!; sleep 600'", "long")
    until(
        lambda: (
            bool(text(batch, job, "long", "stdout.txt")) if batch.get_task(job, "long").state == "running" else False
        )
    )
    for number in range(3):
        add(batch, job, "/bin/true", f"short-{number}")
        until(lambda task=f"short-{number}": batch.get_task(job, task).state == "completed")
    (pid,) = text(batch, job, "long", "stdout.txt").split()
    assert is_running(pid)
    batch.terminate_task(job, "long")
    until(lambda: not is_running(pid))
    batch.begin_delete_job(job)
