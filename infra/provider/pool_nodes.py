"""The resource ``batchmgmt:index:PoolNodes``: stands after a pool and is there when its nodes are.

A pool's creation or update ends before its nodes come. This resource waits for them, and fails with Azure's resize
errors when they do not. After a drain that was cut off it gives the pool its scale settings back. It never touches the
targets of a pool that a formula sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from batchmgmt.errors import AzureError, Detail, UsageError
from infra.provider.kinds import PLACE, PoolId, Say, Values, management

if TYPE_CHECKING:
    from azure.mgmt.batch.models import Pool, PoolProperties

    from batchmgmt.pools import Pools

__all__ = ["TYPE", "PoolNodes"]

TYPE: Final = "batchmgmt:index:PoolNodes"
REQUIRED: Final = (*PLACE, "scale", "drains", "wait", "waitSeconds")


class PoolNodes:
    """What Pulumi asks of it; see ``kinds.Kind``.

    ``scale`` is ``{dedicated, spot}``, or ``{formula, intervalSeconds}``.
    """

    def failures(self, _olds: Mapping[str, Any], news: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for name in REQUIRED:
            if name not in news:
                yield name, f"{name} is required"

    def changes(self, _state: Values, olds: Values, news: Values) -> dict[str, bool]:
        moved = PLACE[:-1]
        return {name: name in moved for name in REQUIRED if olds.get(name) != news.get(name)}

    def create(self, inputs: Values, say: Say, *, preview: bool) -> tuple[str, Values]:
        """Wait. Raises ResizeFailed, TimedOut."""
        if not preview:
            _bring(inputs, say)
        return "" if preview else str(PoolId.of(inputs)), dict(inputs)

    def update(self, _state: Values, _olds: Values, news: Values, say: Say, *, preview: bool) -> Values:
        """Wait again: its size, its name or what it was drained for has changed. Raises ResizeFailed, TimedOut."""
        if not preview:
            _bring(news, say)
        return dict(news)

    def read(self, _id: str, state: Values, inputs: Values) -> tuple[Values, Values] | None:
        """The pool itself shows its nodes; nothing is to be added."""
        if not state:
            raise UsageError(f"{TYPE} waits for a pool's nodes and cannot be imported")
        return state, inputs

    def delete(self, _id: str) -> None:
        """The nodes go with the pool."""


def _bring(inputs: Values, say: Say) -> None:
    where = PoolId.of(inputs)
    pools = management(where.subscription).account(where.resource_group, where.account).pools
    found = pools.get(where.pool)
    _scale_back(pools, where.pool, found, inputs["scale"])
    if not inputs["wait"]:
        return
    left = ""

    def progress(pool: Pool) -> None:
        nonlocal left
        if pool.properties and pool.properties.allocation_state != "Steady" and left != (left := _told(pool)):
            say(f"pool '{where.pool}': {left}")

    steady = pools.wait_steady(where.pool, timeout=float(inputs["waitSeconds"]), progress=progress)
    if steady.properties:
        _check_formula(where, steady.properties)


def _scale_back(pools: Pools, name: str, found: Pool, wanted: Values) -> None:
    """Give it the scale it should have where it has another, or once came short of it."""
    from azure.mgmt.batch.models import AutoScaleSettings, FixedScaleSettings, ScaleSettings

    properties = found.properties
    scale = properties.scale_settings if properties else None
    if properties is None or scale is None:
        return
    if "formula" in wanted:
        if scale.auto_scale is None:
            interval = timedelta(seconds=float(wanted["intervalSeconds"]))
            formula = AutoScaleSettings(formula=wanted["formula"], evaluation_interval=interval)
            pools.rescale(name, ScaleSettings(auto_scale=formula))
        return
    targets = (int(wanted["dedicated"]), int(wanted["spot"]))
    fixed = scale.fixed_scale or FixedScaleSettings()
    there = (fixed.target_dedicated_nodes or 0, fixed.target_low_priority_nodes or 0)
    failed = properties.resize_operation_status and properties.resize_operation_status.errors
    if properties.allocation_state == "Steady" and (there != targets or failed):
        again = FixedScaleSettings(
            target_dedicated_nodes=targets[0],
            target_low_priority_nodes=targets[1],
            resize_timeout=fixed.resize_timeout,
        )
        pools.rescale(name, ScaleSettings(fixed_scale=again))


def _told(pool: Pool) -> str:
    properties = pool.properties
    assert properties is not None
    now = (properties.current_dedicated_nodes or 0) + (properties.current_low_priority_nodes or 0)
    status = properties.resize_operation_status
    wanted = (status.target_dedicated_nodes or 0) + (status.target_low_priority_nodes or 0) if status else 0
    return f"{now} of {wanted} nodes are there"


def _check_formula(where: PoolId, properties: PoolProperties) -> None:
    """Raises AzureError when the formula's last evaluation failed."""
    error = properties.auto_scale_run.error if properties.auto_scale_run else None
    if error is not None:
        details = [Detail(str(one.code), str(one.message)) for one in error.details or []]
        act = f"evaluating the autoscale formula of pool '{where.pool}' of account '{where.account}'"
        raise AzureError(act, str(error.code), str(error.message), details=details)
