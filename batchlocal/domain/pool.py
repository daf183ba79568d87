"""A pool: its settings, its targets, and the one thing that happens to it, a resize.

Properties are kept in the service plane's spelling; ARM spells them its own way (``arm/microsoft_batch/pools``).
Sources: recorded-facts F6 and F11 for defaults and states; azure-batch-behaviours, Pools, for resize errors.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import inf
from typing import Any, Final

from batchlocal.domain import durations
from batchlocal.domain.formulas import DEFAULT_INTERVAL, check_formula
from batchlocal.domain.refusals import Refusal

__all__ = [
    "DEFAULTS",
    "AllocationState",
    "Pool",
    "PoolBeingDeleted",
    "PoolExists",
    "PoolNotFound",
    "ResizeError",
    "ResizeOngoing",
    "check",
    "create",
    "delete",
    "nodes_allocated",
    "resize",
    "resizing",
    "slots_allowed",
    "stop_resize",
    "update",
]

Properties = dict[str, Any]

DEFAULTS: Final[Properties] = {
    "resizeTimeout": "PT15M",
    "enableAutoScale": False,
    "enableInterNodeCommunication": False,
    "taskSlotsPerNode": 1,
    "taskSchedulingPolicy": {"nodeFillType": "spread"},
}
"""What the service fills in (F11, F6)."""

_START_TASK_DEFAULTS: Final[Properties] = {
    "maxTaskRetryCount": 0,
    "waitForSuccess": True,
    "userIdentity": {"autoUser": {"scope": "pool", "elevationLevel": "nonadmin"}},
}
_TARGETS = ("targetDedicatedNodes", "targetLowPriorityNodes")
_NEVER_RETURNED = ("password",)
_SHORTEST_SPAN = 5 * 60.0
_LONGEST_INTERVAL = 168 * 3600.0


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
    resizes, so that a fact about an overtaken resize can be told from one about the present one.
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


@dataclass(eq=False)
class PropertyNotTaken(Refusal):
    """A pool property has a value that the service does not take."""

    name: str
    value: str
    reason: str


def create(account: str, pool_id: str, sent: Properties, now: int) -> Pool:
    """A new pool, resizing to its targets."""
    properties = _filled(sent)
    check(properties)
    dedicated, low_priority = (int(sent.get(name) or 0) for name in _TARGETS)
    pool = Pool(
        account,
        pool_id,
        {name: value for name, value in properties.items() if name not in _TARGETS},
        now,
        now,
        state_since=now,
        hidden=_secrets(sent),
    )
    return resizing(pool, dedicated, low_priority, "requeue", now)


def _filled(sent: Properties) -> Properties:
    properties = {**DEFAULTS, **{name: value for name, value in sent.items() if value is not None and name != "id"}}
    properties["taskSchedulingPolicy"] = {**DEFAULTS["taskSchedulingPolicy"], **properties["taskSchedulingPolicy"]}
    if properties.get("startTask"):
        properties["startTask"] = {**_START_TASK_DEFAULTS, **properties["startTask"]}
    if configuration := properties.get("virtualMachineConfiguration"):
        image = configuration.get("imageReference") or {}
        image = image if image.get("virtualMachineImageId") else {**image, "version": image.get("version") or "latest"}
        properties["virtualMachineConfiguration"] = {**configuration, "imageReference": image}
    if users := properties.get("userAccounts"):
        properties["userAccounts"] = [
            {"elevationLevel": "nonadmin", **{k: v for k, v in user.items() if k not in _NEVER_RETURNED}}
            for user in users
        ]
    if properties["enableAutoScale"]:
        properties.setdefault("autoScaleEvaluationInterval", DEFAULT_INTERVAL)
        properties.pop("resizeTimeout", None)
    else:
        for name in ("autoScaleFormula", "autoScaleEvaluationInterval"):
            properties.pop(name, None)
    return properties


def _secrets(sent: Properties) -> Properties:
    users = sent.get("userAccounts") or []
    return {"passwords": {user["name"]: user["password"] for user in users if user.get("password")}}


def check(properties: Properties) -> None:
    """What a pool's settings must be, whoever sends them.

    Raises:
        PropertyNotTaken, AutoScaleSettingsInvalid, FormulaTooLong, FormulaUnreadable
    """
    check_formula(properties)
    _check_span(properties, "autoScaleEvaluationInterval", at_most=_LONGEST_INTERVAL)
    _check_span(properties, "resizeTimeout")
    for name in _TARGETS:
        if int(properties.get(name) or 0) < 0:
            raise PropertyNotTaken(name, str(properties[name]), f"{name} must be at least 0")
    slots = int(properties["taskSlotsPerNode"])
    if not 1 <= slots <= slots_allowed(str(properties.get("vmSize", ""))):
        reason = "The number of task slots is from 1 to four times the cores of the VM size, at most 256"
        raise PropertyNotTaken("taskSlotsPerNode", str(slots), reason)


def _check_span(properties: Properties, name: str, at_most: float = inf) -> None:
    """Evaluation intervals are from 5 minutes to 168 hours, resize time-outs at least 5 minutes (REST reference)."""
    text = properties.get(name)
    if text is None:
        return
    try:
        span = durations.seconds(str(text))
    except durations.DurationInvalid:
        raise PropertyNotTaken(name, str(text), f"{name} must be an ISO 8601 duration") from None
    if not _SHORTEST_SPAN <= (inf if span is None else span) <= at_most:
        limit = "at least 5 minutes" if at_most == inf else "from 5 minutes to 168 hours"
        raise PropertyNotTaken(name, str(text), f"{name} must be {limit}")


def slots_allowed(vm_size: str) -> int:
    """Task slots a node may have: the smaller of 4 x cores and 256 (azure-batch-behaviours, Pools).

    The cores are the first number of a size's name (Azure's naming conventions); a size without one gets 256.
    """
    series = vm_size.lower().removeprefix("standard_").removeprefix("basic_").lstrip("abcdefghijklmnopqrstuvwxyz")
    digits = series[: len(series) - len(series.lstrip("0123456789"))]
    return min(4 * int(digits), 256) if digits else 256


def update(pool: Pool, changed: Properties, now: int, *, whole: bool = False) -> Pool:
    """Change properties that may change at any time: each sent one replaces the old one, defaults refilled (F11).

    ``whole`` says that what is left out is dropped too (the service's updateproperties).
    """
    _check_active(pool)
    kept = {} if whole else pool.properties
    properties = _filled({**kept, **{name: value for name, value in changed.items() if name not in _TARGETS}})
    if not properties.get("startTask", {}).get("commandLine"):
        properties.pop("startTask", None)
    check(properties)
    return replace(pool, properties=properties, modified=now)


def resize(pool: Pool, dedicated: int | None, low_priority: int | None, option: str, now: int) -> Pool:
    """Accept new targets; the nodes come and go later, and ``nodes_allocated`` tells.

    Raises:
        PoolBeingDeleted, AutoScaleEnabled, ResizeOngoing
    """
    _check_active(pool)
    if pool.properties["enableAutoScale"]:
        raise AutoScaleEnabled
    if pool.allocation_state is not AllocationState.STEADY:
        raise ResizeOngoing
    wanted = (
        pool.target_dedicated if dedicated is None else dedicated,
        pool.target_low_priority if low_priority is None else low_priority,
    )
    return resizing(pool, *wanted, option, now)


def resizing(pool: Pool, dedicated: int, low_priority: int, option: str, now: int) -> Pool:
    """The pool on its way to new targets."""
    return replace(
        pool,
        target_dedicated=dedicated,
        target_low_priority=low_priority,
        deallocation_option=option,
        allocation_state=AllocationState.RESIZING,
        allocation_since=now,
        resize_started=now,
        resize_errors=(),
        modified=now,
        version=pool.version + 1,
    )


def stop_resize(pool: Pool, now: int) -> Pool:
    """Leave the pool at the nodes that it has now.

    Raises:
        PoolBeingDeleted, NoResizeToStop
    """
    _check_active(pool)
    if pool.allocation_state is not AllocationState.RESIZING:
        raise NoResizeToStop
    stopped = replace(pool, target_dedicated=pool.current_dedicated, target_low_priority=pool.current_low_priority)
    return replace(stopped, allocation_state=AllocationState.STOPPING, allocation_since=now, version=pool.version + 1)


def nodes_allocated(
    pool: Pool, dedicated: int, low_priority: int, now: int, errors: tuple[ResizeError, ...] = ()
) -> Pool:
    """The resize has ended with so many nodes; ``errors`` stay until the next resize."""
    steady = replace(pool, current_dedicated=dedicated, current_low_priority=low_priority, resize_errors=errors)
    return replace(steady, allocation_state=AllocationState.STEADY, allocation_since=now)


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
