"""What a task costs on nodes that run it, and what nodes cost that run nothing.

5,000 tasks of ``/bin/true`` wait for a pool of 2 nodes with 4 task slots each; when it comes up they run, and the time
from the first start to the last end counts. The floor is the same 5,000 processes started by a bare asyncio program,
8 at a time, each in a group of its own with its output in files. Then the CPU that a server uses for 1,000 simulated
nodes that are idle, over 20 seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TASKS, NODES, SLOTS = 5_000, 2, 4
IDLE_NODES, IDLE_SECONDS = 1_000, 20
UBUNTU = {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task-users", choices=("own", "server"), default="server", help="whom the tasks run as")
    users = parser.parse_args().task_users
    floor = asyncio.run(bare_processes())
    with tempfile.TemporaryDirectory() as folder:
        batchlocal("start", "--detach", "--data", folder, "--task-users", users)
        try:
            settings = json.loads(batchlocal("env", "--format", "json", "--data", folder))
            os.environ["SSL_CERT_FILE"] = os.environ["REQUESTS_CA_BUNDLE"] = settings["caFile"]
            took = run_tasks(settings)
            share = idle_share(settings, int(json.loads(batchlocal("status", "--json", "--data", folder))["pid"]))
        finally:
            batchlocal("stop", "--data", folder)
    each = 1000 / TASKS
    print(f"{TASKS} tasks of /bin/true on {NODES * SLOTS} slots: {took:.1f} s, {took * each:.2f} ms a task")
    print(f"the same processes without batchlocal:      {floor:.1f} s, {floor * each:.2f} ms each")
    print(f"overhead a task: {(took - floor) * each:.2f} ms")
    print(f"{IDLE_NODES} idle simulated nodes: {share:.2%} of one CPU")
    return 0


async def bare_processes() -> float:
    """Seconds for as many processes, started as simply as can be."""
    left = iter(range(TASKS))

    async def worker(folder: Path) -> None:
        for number in left:
            with (folder / f"{number}.out").open("wb") as out, (folder / f"{number}.err").open("wb") as err:
                process = await asyncio.create_subprocess_exec(
                    "/bin/true", stdout=out, stderr=err, start_new_session=True
                )
            await process.wait()

    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        await asyncio.gather(*(worker(Path(folder)) for _ in range(NODES * SLOTS)))
        return time.perf_counter() - began


def run_tasks(settings: dict[str, str]) -> float:
    """Seconds from the first start to the last end."""
    from azure.batch import BatchClient, models
    from azure.core.credentials import AzureNamedKeyCredential

    endpoint, name, key = an_account(settings, "benchnodes")
    with BatchClient(endpoint, AzureNamedKeyCredential(name, key)) as batch:
        a_pool(batch, "work", task_slots_per_node=SLOTS)
        batch.create_job(models.BatchJobCreateOptions(id="job", pool_info=models.BatchPoolInfo(pool_id="work")))
        tasks = [models.BatchTaskCreateOptions(id=f"t{n:05}", command_line="/bin/true") for n in range(TASKS)]
        for first in range(0, TASKS, 100):
            batch.create_task_collection("job", models.BatchTaskGroup(task_values=tasks[first : first + 100]))
        batch.begin_resize_pool("work", models.BatchPoolResizeOptions(target_dedicated_nodes=NODES))
        until(lambda: batch.get_job_task_counts("job").task_counts.completed == TASKS)
        ran = [task.execution_info for task in batch.list_tasks("job", select=["id", "executionInfo"])]
    assert all(info.exit_code == 0 for info in ran)
    return float((max(info.end_time for info in ran) - min(info.start_time for info in ran)).total_seconds())


def idle_share(settings: dict[str, str], pid: int) -> float:
    """The share of one CPU that the server uses."""
    from azure.batch import BatchClient, models
    from azure.core.credentials import AzureNamedKeyCredential

    endpoint, name, key = an_account(settings, "benchidle")
    rule = models.BatchMetadataItem(name="batchlocal.nodes", value="simulated")
    with BatchClient(endpoint, AzureNamedKeyCredential(name, key)) as batch:
        half = IDLE_NODES // 2  # a new account may have 500 cores of each kind
        a_pool(batch, "idle", target_dedicated_nodes=half, target_low_priority_nodes=half, metadata=[rule])
        until(lambda: batch.get_pool("idle").current_low_priority_nodes == half)
    time.sleep(2)
    before, began = cpu_seconds(pid), time.perf_counter()
    time.sleep(IDLE_SECONDS)
    return (cpu_seconds(pid) - before) / (time.perf_counter() - began)


def cpu_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def an_account(settings: dict[str, str], name: str) -> tuple[str, str, str]:
    """Endpoint, name and key of a new Batch account."""
    from azure.identity import ClientSecretCredential
    from azure.mgmt.batch import BatchManagementClient

    credential = ClientSecretCredential(
        settings["tenantId"],
        settings["clientId"],
        settings["clientSecret"],
        authority=settings["authorityHost"],
        disable_instance_discovery=True,
    )
    arm = settings["armEndpoint"]
    with BatchManagementClient(
        credential, settings["subscriptionId"], base_url=arm, credential_scopes=[f"{arm}/.default"]
    ) as client:
        group = f"{arm}/subscriptions/{settings['subscriptionId']}/resourceGroups/bench?api-version=2024-03-01"
        put(group, credential.get_token(f"{arm}/.default").token, {"location": "westeurope"})
        made = client.batch_account.begin_create("bench", name, {"location": "westeurope"}).result()
        keys = client.batch_account.get_keys("bench", name)
        return f"https://{made.properties.account_endpoint.removeprefix('https://')}", name, str(keys.primary)


def put(url: str, token: str, body: dict[str, Any]) -> None:
    import requests

    requests.put(url, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30).raise_for_status()


def a_pool(batch: Any, name: str, **options: Any) -> None:
    from azure.batch import models

    machine = models.VirtualMachineConfiguration(
        image_reference=models.BatchVmImageReference(**UBUNTU), node_agent_sku_id="batch.node.ubuntu 24.04"
    )
    size = "standard_d1_v2"
    batch.create_pool(
        models.BatchPoolCreateOptions(id=name, vm_size=size, virtual_machine_configuration=machine, **options)
    )
    until(lambda: batch.get_pool(name).allocation_state == "steady")


def until(condition: Callable[[], bool], seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.2)


def batchlocal(*arguments: str) -> str:
    line = [sys.executable, "-m", "batchlocal", *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
