"""Which waiting tasks go to which nodes: highest priority first, then the oldest.

What a task costs does not grow with its job: waiting tasks are read by index, as many as slots are free and a few
more, past those that fit nowhere now.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from batchlocal.domain import node as nodes
from batchlocal.domain import task as tasks
from batchlocal.domain.job import Job
from batchlocal.domain.job_node import is_prepared
from batchlocal.domain.node import Node
from batchlocal.domain.pool import Pool
from batchlocal.domain.service_events import NO_SLOTS, SCHEDULE_FAILED, facts_of, not_scheduled
from batchlocal.domain.task import Task
from batchlocal.store import Tx

__all__ = ["Attempt", "assign"]

_PASSED_OVER = 64
"""How many waiting tasks that fit nowhere may stand before one that does."""


@dataclass(frozen=True)
class Attempt:
    """A task on its node, or a multi-instance task on its nodes, the primary's first. ``slots`` are taken on each."""

    task: Task
    job: Job
    pool: Pool
    nodes: tuple[Node, ...]
    slots: int

    @property
    def node(self) -> Node:
        return self.nodes[0]


def assign(tx: Tx, pool: Pool, now: int, busy: Collection[str], told: set[str]) -> list[Attempt]:
    """Begin what can begin on a pool and write it down.

    ``busy`` are keys of tasks whose last attempt still ends. ``told`` are keys of waiting tasks of which the service
    log has told that they found too few slots; kept from call to call.
    """
    filling = _Filling(tx, pool, now, busy, told)
    for job in tx.jobs.waiting_on(pool.key):
        if not filling.has_room or not filling.take(job):
            break
    return filling.begun


class _Filling:
    def __init__(self, tx: Tx, pool: Pool, now: int, busy: Collection[str], told: set[str]) -> None:
        self._tx = tx
        self._pool = pool
        self._now = now
        self._busy = busy
        self._told = told
        self._usable = [node for node in tx.nodes.of_pool(pool.key) if node.scheduling]
        self._free = {node.key: node for node in self._usable if node.slots_free > 0}
        self._spread = pool.properties["taskSchedulingPolicy"]["nodeFillType"].lower() == "spread"
        # multi-instance tasks run only where nodes may talk and run one task each (article batch-mpi, Requirements)
        self._gangs = pool.properties["enableInterNodeCommunication"] and pool.slots_per_node == 1
        self.begun: list[Attempt] = []

    @property
    def has_room(self) -> bool:
        return bool(self._free)

    def take(self, job: Job) -> bool:
        """Begin a job's tasks while there is room; False when nodes must be kept for a multi-instance task of it."""
        left = self._left(job)
        barred = self._barred(job)
        slots = sum(node.slots_free for node in self._free.values())
        limit = min(slots, left) + _PASSED_OVER
        for task in self._tx.tasks.waiting(job.key, limit, gangs=self._gangs):
            if left <= 0 or not self._free:
                break
            if task.key in self._busy:
                continue
            chosen = self._nodes_for(job, task, barred)
            if chosen:
                self._begin(job, task, chosen)
                left -= 1
                continue
            self._tell_no_slots(job, task)
            if 0 < task.instances <= len(self._usable):
                return False
        return True

    def _tell_no_slots(self, job: Job, task: Task) -> None:
        """Nodes are free, but none has the slots that the task needs: told once while it waits."""
        too_few = all(node.slots_free < task.slots for node in self._free.values())
        if too_few and task.key not in self._told:
            self._told.add(task.key)
            self._tx.service_events.note(
                self._pool.account, SCHEDULE_FAILED, not_scheduled(task, NO_SLOTS), facts_of(job)
            )

    def _left(self, job: Job) -> int:
        """How many more tasks of the job may run now."""
        most = int(job.properties["maxParallelTasks"])
        return 1 << 30 if most == -1 else most - len(self._tx.tasks.under_way(job.key))

    def _barred(self, job: Job) -> set[str]:
        """Nodes on which the job's preparation task has failed for good."""
        preparation = job.properties.get("jobPreparationTask")
        if not preparation or not preparation["waitForSuccess"]:
            return set()
        return {
            record.node
            for record in self._tx.job_nodes.of_job(job.key)
            if record.preparation.state == "completed" and not record.preparation.succeeded
        }

    def _nodes_for(self, job: Job, task: Task, barred: set[str]) -> list[Node]:
        manager = job.properties.get("jobManagerTask") or {}
        is_manager = str(manager.get("id", "")).lower() == task.id.lower()
        fitting = [node for node in self._free.values() if node.key not in barred and node.slots_free >= task.slots]
        if is_manager and manager["runExclusive"]:
            fitting = [node for node in fitting if not node.slots_used]
        if is_manager and not manager["allowLowPriorityNode"]:
            fitting = [node for node in fitting if node.dedicated]
        if task.instances:
            return fitting[: task.instances] if len(fitting) >= task.instances else []
        return [self._best(task, fitting)] if fitting else []

    def _best(self, task: Task, fitting: list[Node]) -> Node:
        """The node that the task asks for, else the emptiest one to spread, the fullest one that fits to pack."""
        wanted = str((task.properties.get("affinityInfo") or {}).get("affinityId", "")).removeprefix("TVM:")
        for node in fitting:
            if wanted == node.id:
                return node
        return max(fitting, key=lambda node: node.slots_free if self._spread else -node.slots_free)

    def _begin(self, job: Job, task: Task, chosen: list[Node]) -> None:
        manager = job.properties.get("jobManagerTask") or {}
        alone = str(manager.get("id", "")).lower() == task.id.lower() and manager["runExclusive"]
        slots = chosen[0].slots if alone else task.slots
        taken = [nodes.occupy(node, slots, self._now) for node in chosen]
        for node in taken:
            self._tx.nodes.put(node)
            self._free[node.key] = node
            if node.slots_free <= 0:
                del self._free[node.key]
        begun = tasks.begin(task, taken[0].key, taken[0].id, self._now, state=self._state(job, taken))
        self._tx.tasks.put(begun)
        self._told.discard(task.key)
        self.begun.append(Attempt(begun, job, self._pool, tuple(taken), slots))

    def _state(self, job: Job, chosen: list[Node]) -> str:
        """``preparing`` until the job's preparation task has ended on every node."""
        preparation = job.properties.get("jobPreparationTask")
        if not preparation or not preparation["waitForSuccess"]:
            return "running"
        records = [self._tx.job_nodes.find(job.key, node.key) for node in chosen]
        ready = all(is_prepared(record, preparation, node) for record, node in zip(records, chosen, strict=True))
        return "running" if ready else "preparing"
