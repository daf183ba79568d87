"""A compute node: where it is in its life, and how many task slots it has free."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from batchlocal.domain.refusals import Refusal

__all__ = ["LIVING", "Node", "NodeNotFound", "disable_scheduling", "enable_scheduling"]

LIVING: Final = frozenset({"idle", "running", "starting", "creating", "waitingforstarttask", "offline"})


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a pool. ``number`` is its place in the pool and gives it its address; moments are ticks."""

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

    @property
    def key(self) -> str:
        return f"{self.pool}/nodes/{self.id}"

    @property
    def slots_free(self) -> int:
        """Slots that new tasks may take now."""
        return self.slots - self.slots_used if self.scheduling and self.state in ("idle", "running") else 0

    @property
    def address(self) -> str:
        """A private address that no other node of the pool has."""
        return f"10.0.{self.number // 250}.{4 + self.number % 250}"


@dataclass(eq=False)
class NodeNotFound(Refusal):
    """No such node in the pool."""


@dataclass(eq=False)
class NodeStateUnfit(Refusal):
    """The node is not in a state that allows the operation."""


def occupy(node: Node, slots: int, now: int) -> Node:
    """A task begins on the node."""
    taken = replace(node, slots_used=node.slots_used + slots, total_tasks=node.total_tasks + 1)
    return replace(taken, state="running", state_since=now) if node.state == "idle" else taken


def release(node: Node, slots: int, now: int, *, succeeded: bool) -> Node:
    """A task has ended on the node."""
    left = max(0, node.slots_used - slots)
    freed = replace(node, slots_used=left, succeeded_tasks=node.succeeded_tasks + succeeded)
    return replace(freed, state="idle", state_since=now) if left == 0 and node.state == "running" else freed


def disable_scheduling(node: Node, now: int) -> Node:
    """No new tasks; a node that is disabled already stays so."""
    if node.state not in LIVING:
        raise NodeStateUnfit
    return replace(node, scheduling=False, state="offline", state_since=now)


def enable_scheduling(node: Node, now: int) -> Node:
    """New tasks again."""
    if node.scheduling:
        return node
    return replace(node, scheduling=True, state="running" if node.slots_used else "idle", state_since=now)
