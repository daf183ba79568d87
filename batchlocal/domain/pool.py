"""A pool: its settings, its targets, and the one thing that happens to it, a resize.

Properties are kept in the service plane's spelling; ARM spells them its own way (``arm/microsoft_batch/pools``).
Sources: recorded-facts F6 and F11 for states; azure-batch-behaviours, Pools, for resize errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from batchlocal.domain import durations
from batchlocal.domain.formulas import check_scale
from batchlocal.domain.pool_settings import (
    DEFAULTS,
    TARGETS,
    Properties,
    PropertyNotTaken,
    check,
    filled,
    secrets,
    slots_allowed,
)
from batchlocal.domain.refusals import Refusal
from batchlocal.domain.task_settings import check_id

__all__ = [
    "DEFAULTS",
    "AllocationState",
    "Pool",
    "PoolBeingDeleted",
    "PoolExists",
    "PoolNotFound",
    "PropertyNotTaken",
    "ResizeError",
    "ResizeOngoing",
    "check",
    "create",
    "delete",
    "maps_remote_login",
    "node_path",
    "nodes_allocated",
    "remove_nodes",
    "resize",
    "resizing",
    "slots_allowed",
    "stop_resize",
    "update",
    "update_properties",
]


_FIRST_WITHOUT_LOGIN: Final = "2024-07-01"


class AllocationState(StrEnum):
    """Whether a pool's number of nodes is being changed."""

    STEADY = "steady"
    RESIZING = "resizing"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class ResizeError:
    """Why a resize ended short of its target: one of the service's resize error codes, and its text."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Pool:
    """One pool.

    ``properties`` are what the caller set, defaults filled in, without targets. Moments are ticks. ``version`` counts
    resizes, so that a fact about an overtaken resize can be told from one about the present one. ``resize_timeout`` is
    the present resize's own, where its request named one; the pool's setting comes back after it (recorded).
    """

    account: str
    id: str
    properties: Properties
    created: int
    modified: int
    state: str = "active"
    state_since: int = 0
    allocation_state: AllocationState = AllocationState.STEADY
    allocation_since: int = 0
    target_dedicated: int = 0
    target_low_priority: int = 0
    deallocation_option: str = "requeue"
    resize_started: int = 0
    resize_timeout: str = ""
    resize_errors: tuple[ResizeError, ...] = ()
    current_dedicated: int = 0
    current_low_priority: int = 0
    version: int = 0
    auto_scale_run: Properties | None = None
    hidden: Properties = field(default_factory=dict, repr=False)

    @property
    def key(self) -> str:
        """What the store and effects call it: the account's key and the id in lower case."""
        return f"{self.account}/pools/{self.id.lower()}"

    @property
    def timeout(self) -> str:
        """The ISO 8601 span that a resize may take; the present one's while it goes on."""
        own = self.resize_timeout if self.allocation_state is not AllocationState.STEADY else ""
        return own or str(self.properties.get("resizeTimeout") or DEFAULTS["resizeTimeout"])

    @property
    def nodes(self) -> int:
        """How many nodes it has now."""
        return self.current_dedicated + self.current_low_priority

    @property
    def is_windows(self) -> bool:
        configuration = self.properties.get("virtualMachineConfiguration") or {}
        return "windows" in str(configuration.get("nodeAgentSKUId", "")).lower()

    @property
    def slots_per_node(self) -> int:
        return int(self.properties["taskSlotsPerNode"])


@dataclass(eq=False)
class PoolExists(Refusal):
    """A pool of this id is there."""


@dataclass(eq=False)
class PoolNotFound(Refusal):
    """No pool of this id."""


@dataclass(eq=False)
class PoolBeingDeleted(Refusal):
    """The pool is on its way out."""


@dataclass(eq=False)
class ResizeOngoing(Refusal):
    """A resize is going on; it must end or be stopped first."""


@dataclass(eq=False)
class NoResizeToStop(Refusal):
    """No resize is going on."""


@dataclass(eq=False)
class AutoScaleEnabled(Refusal):
    """The pool's formula decides its size."""


def maps_remote_login(api_version: str) -> bool:
    """Whether a pool made with the api-version, of either plane, gets endpoints for SSH or RDP unasked.

    Source: article pool-endpoint-configuration. It says that since 30 November 2025 no version does; here older ones
    go on as recorded, which is what their clients know.
    """
    return api_version < _FIRST_WITHOUT_LOGIN


def node_path(path: str, *, windows: bool) -> str:
    """A path below a node's root as the service shows it: with backslashes on Windows (recorded, 2016 and 2020)."""
    return path.replace("/", "\\") if windows else path


def create(account: str, pool_id: str, sent: Properties, now: int, *, remote_login: bool = False) -> Pool:
    """A new pool, resizing to its targets; ``remote_login`` as ``maps_remote_login`` says."""
    check_scale(sent)
    check_id(pool_id)
    properties = filled(sent)
    check(properties)
    dedicated, low_priority = (int(sent.get(name) or 0) for name in TARGETS)
    pool = Pool(
        account,
        pool_id,
        {name: value for name, value in properties.items() if name not in TARGETS},
        now,
        now,
        state_since=now,
        hidden={**secrets(sent), "remote_login": remote_login},
    )
    return resizing(pool, dedicated, low_priority, "requeue", now)


def update(pool: Pool, changed: Properties, now: int, *, whole: bool = False) -> Pool:
    """Change properties: each sent one replaces the old one, defaults refilled (F11).

    ``whole`` says that what is left out is dropped too (ARM's PUT).
    """
    _check_active(pool)
    kept = {} if whole else pool.properties
    properties = filled({**kept, **{name: value for name, value in changed.items() if name not in TARGETS}})
    if not properties.get("startTask", {}).get("commandLine"):
        properties.pop("startTask", None)
    check(properties)
    passwords = {**pool.hidden.get("passwords", {}), **secrets(changed)["passwords"]}
    return replace(pool, properties=properties, modified=now, hidden={**pool.hidden, "passwords": passwords})


def update_properties(pool: Pool, sent: Properties, now: int) -> Pool:
    """Replace all properties that could change ever since; those not sent are removed (the service's updateproperties).

    Raises:
        PoolBeingDeleted, PropertyNotTaken
    """
    replaced = ("startTask", "certificateReferences", "applicationPackageReferences", "metadata")
    kept = {name: value for name, value in pool.properties.items() if name not in replaced}
    mode = {"targetNodeCommunicationMode": "default"}  # recorded, 2024-02-01.19.0
    return update(pool, {**mode, **kept, **sent}, now, whole=True)


def resize(pool: Pool, dedicated: int, low_priority: int, option: str, now: int, timeout: str = "") -> Pool:
    """Accept new targets; the nodes come and go later, and ``nodes_allocated`` tells.

    Raises:
        PoolBeingDeleted, AutoScaleEnabled, ResizeOngoing, PropertyNotTaken
    """
    _check_active(pool)
    if pool.properties["enableAutoScale"]:
        raise AutoScaleEnabled
    if pool.allocation_state is not AllocationState.STEADY:
        raise ResizeOngoing
    check({**pool.properties, "targetDedicatedNodes": dedicated, "targetLowPriorityNodes": low_priority})
    return resizing(pool, dedicated, low_priority, option, now, _checked_timeout(pool, timeout))


def remove_nodes(pool: Pool, dedicated: int, low_priority: int, option: str, now: int, timeout: str = "") -> Pool:
    """So many of its nodes are to leave, and its targets with them (REST reference, Pool - Remove Nodes).

    Raises:
        PoolBeingDeleted, ResizeOngoing, PropertyNotTaken
    """
    _check_active(pool)
    if pool.allocation_state is not AllocationState.STEADY:
        raise ResizeOngoing
    left = max(0, pool.target_dedicated - dedicated), max(0, pool.target_low_priority - low_priority)
    return resizing(pool, *left, option, now, _checked_timeout(pool, timeout))


def _checked_timeout(pool: Pool, timeout: str) -> str:
    if timeout:
        check({**pool.properties, "resizeTimeout": timeout})
    return durations.normalised(timeout) if timeout else ""


def resizing(pool: Pool, dedicated: int, low_priority: int, option: str, now: int, timeout: str = "") -> Pool:
    """The pool on its way to new targets."""
    return replace(
        pool,
        target_dedicated=dedicated,
        target_low_priority=low_priority,
        deallocation_option=option,
        allocation_state=AllocationState.RESIZING,
        allocation_since=now,
        resize_started=now,
        resize_timeout=timeout,
        resize_errors=(),
        modified=now,
        version=pool.version + 1,
    )


def stop_resize(pool: Pool, now: int) -> Pool:
    """Leave the pool at the nodes that it has now; its targets stay, and ``nodes_allocated`` tells what is missing.

    Raises:
        PoolBeingDeleted, NoResizeToStop
    """
    _check_active(pool)
    if pool.allocation_state is not AllocationState.RESIZING:
        raise NoResizeToStop
    return replace(pool, allocation_state=AllocationState.STOPPING, allocation_since=now, version=pool.version + 1)


def nodes_allocated(
    pool: Pool, dedicated: int, low_priority: int, now: int, errors: tuple[ResizeError, ...] = ()
) -> Pool:
    """The resize has ended with so many nodes; errors stay until the next resize."""
    if pool.allocation_state is AllocationState.STOPPING:
        errors = tuple(_stopped_short(pool, dedicated, low_priority))
    steady = replace(pool, current_dedicated=dedicated, current_low_priority=low_priority, resize_errors=errors)
    return replace(steady, allocation_state=AllocationState.STEADY, allocation_since=now)


def _stopped_short(pool: Pool, dedicated: int, low_priority: int) -> Iterator[ResizeError]:
    """One error for each kind of node that is missing or too many (recorded: low priority nodes missing)."""
    kinds = (("dedicated", pool.target_dedicated, dedicated), ("low priority", pool.target_low_priority, low_priority))
    for kind, target, present in kinds:
        if target != present:
            act = "allocated" if target > present else "deallocated"
            reason = f"Desired number of {kind} nodes could not be {act} due to a stop resize operation"
            yield ResizeError("ResizeStopped", reason)


def delete(pool: Pool, now: int) -> Pool:
    """Mark the pool for deletion; its nodes go first.

    Raises:
        PoolBeingDeleted: it is marked already (F11).
    """
    _check_active(pool)
    gone = resizing(pool, 0, 0, "terminate", now)
    return replace(gone, state="deleting", state_since=now)


def _check_active(pool: Pool) -> None:
    if pool.state == "deleting":
        raise PoolBeingDeleted
