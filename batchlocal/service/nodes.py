"""Compute nodes at the service plane."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from batchlocal.domain import node as nodes
from batchlocal.domain.node import Node, NodeNotFound
from batchlocal.domain.task import lost
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.service.answers import page_of, selected
from batchlocal.service.call import ServiceCall
from batchlocal.service.errors import CATALOGUE, worded
from batchlocal.service.pools import pool_of
from batchlocal.service.registry import handles

__all__ = ["node_of"]

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
    "waitingForStartTask",
)

CATALOGUE.update(
    {
        nodes.NodeNotFound: worded(404, "NodeNotFound", "The specified node does not exist."),
        nodes.NodeStateUnfit: worded(
            409, "NodeStateUnfit", "The operation cannot be performed on the node in its current state."
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


@handles("ComputeNode_DisableScheduling")
def disable_scheduling(call: ServiceCall) -> Answer:
    """No new tasks; what runs now is requeued, ended or left, as ``nodeDisableSchedulingOption`` says."""
    option = str((call.body or {}).get("nodeDisableSchedulingOption") or "requeue").lower()
    node = nodes.disable_scheduling(node_of(call), call.now)
    if option == "requeue":
        for task in call.tx.tasks.running_on(node.key):
            call.tx.tasks.put(lost(task, call.now))
        node = replace(node, slots_used=0)
    call.tx.nodes.put(node)
    call.platform.schedule(node.pool)
    return _acted(call, node, "disablescheduling")


@handles("ComputeNode_EnableScheduling")
def enable_scheduling(call: ServiceCall) -> Answer:
    """New tasks again."""
    node = nodes.enable_scheduling(node_of(call), call.now)
    call.tx.nodes.put(node)
    call.platform.schedule(node.pool)
    return _acted(call, node, "enablescheduling")


def _acted(call: ServiceCall, node: Node, action: str) -> Answer:
    pool = call.parameters["poolId"]
    return Answer(200, headers={"DataServiceId": f"{call.url}/pools/{pool}/nodes/{node.id}/{action}"})


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
    """The node's JSON."""
    pool = call.parameters["poolId"]
    found = call.tx.pools.find(node.pool)
    body: dict[str, Any] = {
        "id": node.id,
        "url": f"{call.url}/pools/{pool}/nodes/{node.id}",
        "state": node.state,
        "schedulingState": "enabled" if node.scheduling else "disabled",
        "stateTransitionTime": moments.iso(node.state_since),
        "lastBootTime": moments.iso(node.allocated),
        "allocationTime": moments.iso(node.allocated),
        "ipAddress": node.address,
        "affinityId": f"TVM:{node.id}",
        "vmSize": str(found.properties.get("vmSize", "")).lower() if found else "",
        "totalTasksRun": node.total_tasks,
        "runningTasksCount": len(call.tx.tasks.running_on(node.key)),
        "runningTaskSlotsCount": node.slots_used,
        "totalTasksSucceeded": node.succeeded_tasks,
        "isDedicated": node.dedicated,
        "endpointConfiguration": {"inboundEndpoints": []},
    }
    if found and found.properties.get("startTask"):
        body["startTask"] = found.properties["startTask"]
    if node.start_task:
        body["startTaskInfo"] = node.start_task
    if node.errors:
        body["errors"] = list(node.errors)
    return body
