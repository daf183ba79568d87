"""Spot nodes taken back (article "Use Spot VMs with Batch workloads": preempted, requeued, replaced)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.control.conftest import Steered
from tests.support.waiting import until


@pytest.fixture(scope="module")
def account(shared: Steered) -> str:
    name = shared.new_account()
    scale = {"targetDedicatedNodes": 1, "targetLowPriorityNodes": 1}
    shared.new_pool(name, scaleSettings={"fixedScale": scale})
    until(lambda: shared.node_states(name) == ["idle", "idle"])
    return name


def test_a_spot_node_is_taken_its_task_requeued_and_the_node_replaced(
    steered: Steered, account: str, tmp_path: Path
) -> None:
    steered.service("POST", account, "jobs", {"id": "j", "poolInfo": {"poolId": "pool"}})
    go = tmp_path / "go"
    command = f"/bin/sh -c 'while [ ! -e {go} ]; do sleep 0.1; done'"
    for task in ("a", "b"):
        steered.service("POST", account, "jobs/j/tasks", {"id": task, "commandLine": command})
    until(lambda: steered.node_states(account) == ["running", "running"])
    taken = steered.control("POST", "/preemptions", {"account": account, "pool": "pool"}).json()["preempted"]
    assert [node[-2:] for node in taken] == ["_p"]
    assert steered.service("GET", account, f"pools/pool/nodes/{taken[0]}").json()["state"] == "preempted"
    until(lambda: steered.node_states(account) == ["running", "running"])
    go.touch()
    tasks = ("a", "b")
    until(
        lambda: all(steered.service("GET", account, f"jobs/j/tasks/{t}").json()["state"] == "completed" for t in tasks)
    )
    counts = [
        steered.service("GET", account, f"jobs/j/tasks/{task}").json()["executionInfo"]["requeueCount"]
        for task in tasks
    ]
    assert sorted(counts) == [0, 1]


def test_what_is_no_spot_node_cannot_be_taken(steered: Steered, account: str) -> None:
    until(lambda: steered.node_states(account) == ["idle", "idle"])
    nodes = [node["id"] for node in steered.service("GET", account, "pools/pool/nodes").json()["value"]]
    dedicated = next(node for node in nodes if node.endswith("_d"))
    for body, status in (
        ({"account": account, "pool": "pool", "node": dedicated}, 409),
        ({"account": account, "pool": "pool", "count": 2}, 409),
        ({"account": account, "pool": "pool", "node": "none"}, 404),
        ({"account": account, "pool": "none"}, 404),
        ({"account": account}, 400),
    ):
        assert steered.control("POST", "/preemptions", body).status_code == status
    assert steered.node_states(account) == ["idle", "idle"]
