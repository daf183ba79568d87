"""Compute nodes at the service plane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from batchlocal.domain import node as nodes
from batchlocal.domain.node import Node, NodeNotFound
from batchlocal.domain.pool import Pool
from batchlocal.domain.task import Task
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.service.answers import page_of, selected
from batchlocal.service.call import ServiceCall
from batchlocal.service.errors import CATALOGUE, worded
from batchlocal.service.pools import pool_of
from batchlocal.service.registry import handles
from batchlocal.service.task_bodies import execution_info

__all__ = ["ipv6_address", "login_endpoint", "node_of"]

_STATES = (
    "creating",
    "idle",
    "leavingPool",
    "offline",
    "preempted",
    "rebooting",
    "reimaging",
    "running",
    "starting",
    "startTaskFailed",
    "unknown",
    "unusable",
    "upgradingOS",
    "deallocated",
    "deallocating",
    "waitingForStartTask",
)
_RECENT_TASKS = 10
_AGENT = "1.12.7"
"""The node agent's version: the newest recorded."""

_REMOTE_LOGIN = {False: 22, True: 3389}
"""Ports of SSH on Linux and of remote desktop on Windows; both endpoints are called SSHRule (recorded)."""

CATALOGUE.update(
    {
        nodes.NodeNotFound: worded(404, "NodeNotFound", "The specified node does not exist."),
        nodes.NodeBeingCreated: worded(409, "NodeBeingCreated", "The specified node is being created."),
        nodes.NodeBeingRebooted: worded(409, "NodeBeingRebooted", "The specified node is being rebooted."),
        nodes.NodeBeingReimaged: worded(409, "NodeBeingReimaged", "The specified node is being reimaged."),
        nodes.NodeBeingStarted: worded(409, "NodeBeingStarted", "The specified node is being started."),
        nodes.NodeStateUnusable: worded(409, "NodeStateUnusable", "The specified node is not in a usable state."),
        nodes.NodeSchedulingUnchanged: worded(
            409,
            "NodeAlreadyInTargetSchedulingState",
            "The specified node is already in the target scheduling state.",
        ),
    }
)


def node_of(call: ServiceCall) -> Node:
    """The node that the path names.

    Raises:
        PoolNotFound, NodeNotFound
    """
    node = call.tx.nodes.find(f"{pool_of(call).key}/nodes/{call.parameters['nodeId']}")
    if node is None:
        raise NodeNotFound
    return node


@handles("ComputeNode_List")
def list_nodes(call: ServiceCall) -> Answer:
    """Nodes by id (F10: 151 of 151)."""
    found = call.tx.nodes.of_pool(pool_of(call).key)
    return page_of(call, "nodes", found, lambda node: node.id, lambda node: shown(call, node))


@handles("ComputeNode_Get")
def get_node(call: ServiceCall) -> Answer:
    """The node."""
    body = {"odata.metadata": f"{call.url}/$metadata#nodes/@Element", **selected(call, shown(call, node_of(call)))}
    return Answer(200, body)


@handles("Account_ListPoolNodeCounts")
def list_node_counts(call: ServiceCall) -> Answer:
    """How many nodes of each pool are in each state."""
    found = list(call.tx.pools.of_account(call.account.key))
    return page_of(
        call,
        "poolnodecounts",
        found,
        lambda pool: pool.key,
        lambda pool: _counts(pool.id, call.tx.nodes.of_pool(pool.key)),
    )


def _counts(pool_id: str, found: list[Node]) -> dict[str, Any]:
    def counted(of: list[Node]) -> dict[str, int]:
        states = [node.state for node in of]
        return {**{state: states.count(state.lower()) for state in _STATES}, "total": len(states)}

    dedicated = [node for node in found if node.dedicated]
    low_priority = [node for node in found if not node.dedicated]
    return {"poolId": pool_id, "dedicated": counted(dedicated), "lowPriority": counted(low_priority)}


def shown(call: ServiceCall, node: Node) -> dict[str, Any]:
    """The node's JSON in the recorded order; what its agent tells is there from its first boot on."""
    pool = pool_of(call)
    body: dict[str, Any] = {
        "id": node.id,
        "url": f"{call.url}/pools/{pool.id}/nodes/{node.id}",
        "state": node.state,
        "schedulingState": "enabled" if node.scheduling else "disabled",
        "stateTransitionTime": moments.iso(node.state_since),
        **({"lastBootTime": moments.iso(node.booted)} if node.booted else {}),
        "allocationTime": moments.iso(node.allocated),
        "ipAddress": node.address,
        **({"ipv6Address": address} if (address := ipv6_address(pool, node)) else {}),
        "affinityId": f"TVM:{node.id}",
        "vmSize": str(pool.properties.get("vmSize", "")).lower(),
        "totalTasksRun": node.total_tasks,
        "totalTasksSucceeded": node.succeeded_tasks,
        "runningTasksCount": len(call.tx.tasks.running_on(node.key)) if node.slots_used else 0,
        "runningTaskSlotsCount": node.slots_used,
    }
    if recent := call.tx.tasks.recent_on(node.key, _RECENT_TASKS) if node.total_tasks else []:
        body["recentTasks"] = [_recent(call, task) for task in recent]
    if node.booted and (start_task := pool.properties.get("startTask")):
        body["startTask"] = start_task
    if node.start_task:
        body["startTaskInfo"] = node.start_task
    if node.booted:
        body["certificateReferences"] = pool.properties.get("certificateReferences") or []
    if node.errors:
        body["errors"] = list(node.errors)
    body["isDedicated"] = node.dedicated
    body["endpointConfiguration"] = {"inboundEndpoints": [*_endpoints(pool, node)]}
    if node.booted:
        body["nodeAgentInfo"] = {"lastUpdateTime": moments.iso(node.booted), "version": _AGENT}
    image = (pool.properties.get("virtualMachineConfiguration") or {}).get("imageReference") or {}
    body["virtualMachineInfo"] = {"imageReference": {**image, "exactVersion": image.get("version", "latest")}}
    return body


def _recent(call: ServiceCall, task: Task) -> dict[str, Any]:
    job = task.job.rsplit("/", 1)[-1]
    found = call.tx.jobs.find(task.job)
    job_id = found.id if found else job
    return {
        "taskUrl": f"{call.url}/jobs/{job_id}/tasks/{task.id}",
        "jobId": job_id,
        "taskId": task.id,
        "taskState": task.state,
        "executionInfo": execution_info(task),
    }


def ipv6_address(pool: Pool, node: Node) -> str:
    """A private address of the second kind, '' for a pool that did not ask for one (2025-06-01)."""
    network = pool.properties.get("networkConfiguration") or {}
    families = (network.get("publicIPAddressConfiguration") or {}).get("ipFamilies") or []
    return f"fd00::{4 + node.number:x}" if "ipv6" in map(str.lower, families) else ""


def login_endpoint(pool: Pool, node: Node) -> tuple[str, int]:
    """Where SSH or remote desktop would be reached from outside, or else from inside the node's network."""
    port = _REMOTE_LOGIN[pool.is_windows]
    for one in _endpoints(pool, node):
        if one["backendPort"] == port:
            return str(one["publicIPAddress"]), int(one["frontendPort"])
    return node.address, port


def _endpoints(pool: Pool, node: Node) -> Iterator[dict[str, Any]]:
    """The ports under which a node can be reached: those of its pool's configuration, then remote login (recorded).

    What the configuration says of remote login's port stands in place of the usual mapping. Nothing listens there: a
    node is a folder on this machine.
    """
    network = pool.properties.get("networkConfiguration") or {}
    login = _REMOTE_LOGIN[pool.is_windows]
    configured = (network.get("endpointConfiguration") or {}).get("inboundNATPools") or []
    for nat in configured:
        port = int(nat["frontendPortRangeStart"]) + node.number
        yield _endpoint(str(nat["name"]), str(nat["protocol"]).lower(), port, int(nat["backendPort"]), node)
    if pool.hidden.get("remote_login") and login not in (int(nat["backendPort"]) for nat in configured):
        yield _endpoint("SSHRule", "tcp", 50000 + node.number, login, node)


def _endpoint(name: str, protocol: str, frontend: int, backend: int, node: Node) -> dict[str, Any]:
    return {
        "name": f"{name}.{node.number}",
        "protocol": protocol,
        "publicIPAddress": "127.0.0.1",
        "publicFQDN": "localhost",
        "frontendPort": frontend,
        "backendPort": backend,
    }
