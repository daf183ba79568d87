"""Tasks as users of their own, which only root's server can have."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.batch import BatchClient
from azure.batch import models as service

from tests.conftest import batchlocal_command, start_local
from tests.server.batch import an_account, environment_of
from tests.support.waiting import until


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can pass through; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start processes of other users")
def test_tasks_run_as_users_of_their_own_and_see_no_secrets(open_folder: Path) -> None:
    data = open_folder / "data"
    local = start_local(data, "--task-users", "own")
    own = service.UserIdentity(auto_user=service.AutoUserSpecification(scope="task"))
    admin = service.UserIdentity(auto_user=service.AutoUserSpecification(elevation_level="admin"))
    look = f"id -u; echo x > made; echo x > $AZ_BATCH_NODE_SHARED_DIR/$AZ_BATCH_TASK_ID; cat {data}/batchlocal.sqlite"
    command = f"/bin/sh -c '{look} || exit 7'"
    with environment_of(local):
        endpoint, credential = an_account(local)
        with BatchClient(endpoint, credential) as batch:
            machine = service.VirtualMachineConfiguration(
                image_reference=service.BatchVmImageReference(
                    publisher="canonical", offer="ubuntu-24_04-lts", sku="server"
                ),
                node_agent_sku_id="batch.node.ubuntu 24.04",
            )
            pool = service.BatchPoolCreateOptions(
                id="pool",
                vm_size="standard_d2s_v3",
                virtual_machine_configuration=machine,
                target_dedicated_nodes=1,
            )
            batch.create_pool(pool)
            batch.create_job(service.BatchJobCreateOptions(id="job", pool_info=service.BatchPoolInfo(pool_id="pool")))
            for name, identity in (("a", None), ("b", None), ("own", own), ("admin", admin)):
                task = service.BatchTaskCreateOptions(id=name, command_line=command, user_identity=identity)
                batch.create_task("job", task)
            until(lambda: batch.get_job_task_counts("job").task_counts.completed == 4, 60)
            codes = {task.id: task.execution_info.exit_code for task in batch.list_tasks("job")}
            users = {
                name: int(b"".join(batch.download_task_file("job", name, "stdout.txt")).split()[0]) for name in codes
            }
    local.run("stop")
    assert codes == {"a": 7, "b": 7, "own": 7, "admin": 0}
    assert users["admin"] == 0
    assert users["a"] == users["b"] != users["own"]
    assert 0 not in (users["a"], users["own"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may")
def test_only_root_can_give_tasks_users_of_their_own(tmp_path: Path) -> None:
    refused = batchlocal_command("start", "--detach", "--data", str(tmp_path), "--task-users", "own")
    assert refused.returncode == 1
    assert "only root" in refused.stderr
