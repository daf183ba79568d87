"""Tasks leave a node: before it reboots, goes, is taken back by Azure, or takes no more tasks.

The service plane, the control plane and the nodes' room use it; processes end by what is written here.
"""

from __future__ import annotations

from typing import Final

from batchlocal import job_lifecycle
from batchlocal.domain import node as nodes
from batchlocal.domain.node import Node
from batchlocal.domain.task import lost, terminate
from batchlocal.platform import Platform
from batchlocal.store import Tx
from batchlocal.store.effects import Effect

__all__ = ["BOOT", "LOGS", "evacuate", "preempt"]

BOOT: Final = "node.boot"
"""The effect that brings a node up, or down; its subject is the node's key."""

LOGS: Final = "node.logs"
"""The effect that uploads a node's log: ``containerUrl`` and ``folder`` say where to; its subject is KEY/logs."""


def evacuate(platform: Platform, tx: Tx, node: Node, option: str, now: int) -> None:
    """Take a node's running tasks from it: ``requeue`` lets them wait again, ``terminate`` completes them as ended.

    Other options leave them alone. Slots come back when the processes have ended, which whoever runs them sees to.
    """
    if option in nodes.LEAVES_TASKS:
        return
    for task in tx.tasks.running_on(node.key):
        job = tx.jobs.find(task.job)
        if option == "terminate" and job is not None:
            job_lifecycle.complete_task(platform, tx, job, terminate(task, now), now)
        else:
            tx.tasks.put(lost(task, now))
    platform.schedule(node.pool)


def preempt(platform: Platform, tx: Tx, node: Node, now: int) -> Node:
    """Take a spot node's machine back as Azure does: its tasks are requeued, and the pool finds it a new one.

    Raises:
        NodeStateUnfit: it is dedicated, leaving, or has no machine.
    """
    gone = nodes.preempt(node, now)
    evacuate(platform, tx, node, "requeue", now)
    tx.nodes.put(gone)
    platform.owe(tx, Effect(BOOT, node.key, now, {"wipe": True}))
    return gone
