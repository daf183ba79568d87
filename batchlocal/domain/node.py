"""A compute node: where it is in its life, what may be asked of it, and how many task slots it has free.

::

    creating ─► starting ─► waitingforstarttask ─► idle ◄─► running
                   ▲               └► starttaskfailed    └► unusable, preempted, offline
                   └─ rebooting, reimaging, preempted, deallocated ◄─ deallocating         any ─► leavingpool

A node that must wait for its tasks before it reboots, say, keeps its state and remembers what is ``pending``.
Sources: the REST reference's pages on Compute Nodes (states, options); recorded-facts F11; the article
batch-nodes-and-pools, Compute node types (pre-emption).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from batchlocal.domain.refusals import Refusal

__all__ = [
    "LEAVES_TASKS",
    "LIVING",
    "Node",
    "NodeNotFound",
    "NodeStateUnfit",
    "begin",
    "boot",
    "booted",
    "disable_scheduling",
    "enable_scheduling",
    "leave",
    "leaving_first",
    "lost_sight",
    "occupy",
    "pending_due",
    "preempt",
    "regained",
    "release",
    "stay",
]

LIVING: Final = frozenset({"idle", "running", "starting", "creating", "waitingforstarttask", "offline"})
UNUSABLE: Final = frozenset({"unusable", "preempted", "unknown", "starttaskfailed"})
"""States in which a node is of no use to tasks (article batch-automatic-scaling, $UsableNodeCount)."""

_COMING_UP: Final = frozenset({"starting", "waitingforstarttask"})

LEAVES_TASKS: Final = frozenset({"taskcompletion", "retaineddata"})
"""Options that let running tasks finish; ``requeue`` and ``terminate`` end them."""

_ACTIONS: Final = {
    "reboot": ("rebooting", LIVING | {"unusable", "starttaskfailed"}),
    "reimage": ("reimaging", frozenset({"idle", "running"})),
    "deallocate": ("deallocating", LIVING | {"unusable", "starttaskfailed"}),
    "start": ("starting", frozenset({"deallocated"})),
}
"""What may be asked of a node: the state that follows, and the states from which it may be asked. The reference lets
only idle and running nodes reboot; Azure lets those that are offline or being created, too (recorded 2016, 2025)."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a pool. ``number`` is its place in the pool and gives it its address; moments are ticks.

    ``imaged`` is when its disk was last made anew; ``pending`` is an action that waits for the node's tasks to end;
    ``process`` names the start task's process (``pid``, ``began``); ``users`` are the names, without passwords, of
    those who may log on.
    """

    pool: str
    id: str
    number: int
    state: str
    state_since: int
    allocated: int
    dedicated: bool = True
    scheduling: bool = True
    slots: int = 1
    slots_used: int = 0
    total_tasks: int = 0
    succeeded_tasks: int = 0
    start_task: dict[str, Any] | None = None
    errors: tuple[dict[str, Any], ...] = ()
    booted: int = 0
    imaged: int = 0
    pending: str = ""
    process: dict[str, Any] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.pool}/nodes/{self.id}"

    @property
    def slots_free(self) -> int:
        """Slots that new tasks may take now."""
        takes = self.scheduling and not self.pending and self.state in ("idle", "running")
        return self.slots - self.slots_used if takes else 0

    @property
    def address(self) -> str:
        """A private address that no other node of the pool has."""
        return f"10.0.{self.number // 250}.{4 + self.number % 250}"


@dataclass(eq=False)
class NodeNotFound(Refusal):
    """No such node in the pool."""


class NodeStateUnfit(Refusal):
    """The node is not in a state that allows the operation."""


@dataclass(eq=False)
class NodeBeingCreated(NodeStateUnfit):
    """It is not there yet."""


@dataclass(eq=False)
class NodeBeingRebooted(NodeStateUnfit):
    """It is rebooting, or will as soon as its tasks have ended."""


@dataclass(eq=False)
class NodeBeingReimaged(NodeStateUnfit):
    """Its system is being installed again, or will be as soon as its tasks have ended."""


@dataclass(eq=False)
class NodeBeingStarted(NodeStateUnfit):
    """It is coming up."""


@dataclass(eq=False)
class NodeStateUnusable(NodeStateUnfit):
    """It is of no use: unusable, preempted, leaving, without a machine."""


@dataclass(eq=False)
class NodeSchedulingUnchanged(Refusal):
    """Scheduling is enabled, or disabled, already."""


def occupy(node: Node, slots: int, now: int) -> Node:
    """A task begins on the node."""
    taken = replace(node, slots_used=node.slots_used + slots, total_tasks=node.total_tasks + 1)
    return _moved(taken, "running", now) if node.state == "idle" else taken


def release(node: Node, slots: int, now: int, *, succeeded: bool) -> Node:
    """A task has ended on the node."""
    left = max(0, node.slots_used - slots)
    freed = replace(node, slots_used=left, succeeded_tasks=node.succeeded_tasks + succeeded)
    return _at_rest(freed, now) if left == 0 and node.state == "running" else freed


def disable_scheduling(node: Node, now: int) -> Node:
    """No new tasks; the node is offline as soon as it runs none.

    Raises:
        NodeStateUnfit, NodeSchedulingUnchanged
    """
    if node.state not in LIVING:
        raise _unfit(node)
    if not node.scheduling:
        raise NodeSchedulingUnchanged
    closed = replace(node, scheduling=False)
    return _at_rest(closed, now) if node.state == "idle" else closed


def enable_scheduling(node: Node, now: int) -> Node:
    """New tasks again.

    Raises:
        NodeSchedulingUnchanged
    """
    if node.scheduling:
        raise NodeSchedulingUnchanged
    able = replace(node, scheduling=True)
    return _at_rest(able, now) if node.state == "offline" else able


def begin(node: Node, action: str, option: str, now: int) -> Node:
    """Accept ``reboot``, ``reimage``, ``deallocate`` or ``start``; with tasks that may finish it stays pending.

    Slots stay taken until the tasks' processes have ended, whatever the state.

    Raises:
        NodeStateUnfit: it is leaving, on its way already, or not deallocated when it is to start.
    """
    _, allowed = _ACTIONS[action]
    if node.pending or node.state not in allowed:
        raise _unfit(node)
    waiting = replace(node, pending=action)
    return waiting if option in LEAVES_TASKS and node.slots_used else pending_due(waiting, now)


def pending_due(node: Node, now: int) -> Node:
    """The node's tasks have ended, or need not: what was pending begins."""
    state, _ = _ACTIONS[node.pending]
    fresh = replace(node, users={}, start_task=None, imaged=now) if node.pending == "reimage" else node
    return _moved(replace(fresh, pending="", errors=()), state, now)


def boot(node: Node, state: str, now: int) -> Node:
    """The node's system is up: ``starting``, or ``waitingforstarttask`` while a start task must end first."""
    if state != "starting":
        return _moved(node, state, now) if node.state == "starting" else node
    return _moved(replace(node, booted=now), state, now)


def booted(node: Node, state: str, start_task: dict[str, Any] | None, errors: tuple[Any, ...], now: int) -> Node:
    """The boot has ended in ``idle``, ``starttaskfailed`` or ``unusable``; one that takes no tasks stays offline.

    A node that went another way meanwhile (rebooted, taken back) goes on with that.
    """
    if node.state not in _COMING_UP:
        return node
    up = replace(node, start_task=start_task, errors=errors, process={})
    return _at_rest(up, now) if state == "idle" else _moved(up, state, now)


def lost_sight(node: Node, now: int) -> Node:
    """Batch does not reach a node that comes up: unusable, without errors (article batch-pool-node-error-checking)."""
    return _moved(node, "unusable", now) if node.state == "starting" else node


def regained(node: Node, now: int) -> Node:
    """Batch reaches it after all."""
    return _moved(node, "starting", now) if node.state == "unusable" else node


def deallocated(node: Node, now: int) -> Node:
    """Its machine is gone, its disk stays."""
    return _moved(node, "deallocated", now) if node.state == "deallocating" else node


def preempt(node: Node, now: int) -> Node:
    """Azure takes a spot node's machine back; its tasks must be requeued (``evacuation.preempt`` does both).

    Raises:
        NodeStateUnfit: it is dedicated, leaving, or has no machine.
    """
    if node.dedicated or node.state in ("leavingpool", "preempted", "deallocated", "deallocating"):
        raise NodeStateUnusable
    return _moved(replace(node, pending="", imaged=now), "preempted", now)


def leave(node: Node, now: int) -> Node:
    """The node is on its way out of its pool and takes no more tasks."""
    return node if node.state == "leavingpool" else _moved(replace(node, pending=""), "leavingpool", now)


def stay(node: Node, now: int) -> Node:
    """The node was to leave and may stay, because its resize was stopped or took too long."""
    if node.state != "leavingpool":
        return node
    return _moved(node, "running", now) if node.slots_used else _at_rest(node, now)


def leaving_first(nodes: Sequence[Node]) -> list[Node]:
    """In which order nodes go when a pool shrinks: useless ones, then those with fewest tasks, then the youngest."""
    return sorted(nodes, key=lambda node: (node.state not in UNUSABLE, node.slots_used, -node.number))


def _at_rest(node: Node, now: int) -> Node:
    """A node without tasks is idle, and offline when it takes none (REST reference, ComputeNodeState)."""
    return _moved(node, "idle" if node.scheduling else "offline", now)


def _unfit(node: Node) -> NodeStateUnfit:
    known: dict[str, type[NodeStateUnfit]] = {
        "creating": NodeBeingCreated,
        "rebooting": NodeBeingRebooted,
        "reimaging": NodeBeingReimaged,
        "starting": NodeBeingStarted,
    }
    pending = {"reboot": NodeBeingRebooted, "reimage": NodeBeingReimaged}.get(node.pending)
    return (pending or known.get(node.state, NodeStateUnusable))()


def _moved(node: Node, state: str, now: int) -> Node:
    return node if node.state == state else replace(node, state=state, state_since=now)
