"""The resource ``batchmgmt:index:PoolChange``: stands before a pool and prepares it for its changes.

Azure takes some changes of a pool only while it has no nodes, and others never. This resource knows what the pool was
deployed with last. When that differs, it drains the pool, names the one that takes its place, or refuses, before the
pool itself is touched. Its output ``currentName`` is the pool's name, and stays what it is until the next replacement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from batchmgmt.errors import BatchManagementError, NotFound, UsageError
from infra.provider.kinds import PLACE, PoolId, Say, Values, management
from infra.provider.pool_plan import Way, decide, differences, next_name

if TYPE_CHECKING:
    from azure.mgmt.batch.models import Pool

    from batchmgmt.pools import Pools

__all__ = ["TYPE", "PoolChanges"]

TYPE: Final = "batchmgmt:index:PoolChange"
REQUIRED: Final = (*PLACE, "onChange", "deallocation", "drainSeconds", "settings")
WAYS: Final = ("drain", "replace", "fail")


class PoolChanges:
    """What Pulumi asks of it; see ``kinds.Kind``."""

    def failures(self, _olds: Mapping[str, Any], news: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for name in REQUIRED:
            if name not in news:
                yield name, f"{name} is required"
        for name in sorted(set(news) - {*REQUIRED, "secrets"}):
            yield name, f"{name} is no input of a pool's change"
        if news.get("onChange") not in (*WAYS, None):
            yield "onChange", f"onChange must be {', '.join(WAYS)}"

    def changes(self, _state: Values, olds: Values, news: Values) -> dict[str, bool]:
        moved = {name: True for name in PLACE if olds.get(name) != news.get(name)}
        other = {
            name: False for name in ("onChange", "deallocation", "drainSeconds") if olds.get(name) != news.get(name)
        }
        settings = {
            f"{'secrets' if one.is_secret else 'settings'}.{one.path}": False for one in differences(olds, news)
        }
        return {**moved, **other, **settings}

    def create(self, inputs: Values, _say: Say, *, preview: bool) -> tuple[str, Values]:
        """A pool begins under the name that it was given."""
        return "" if preview else str(PoolId.of(inputs)), _state(inputs, str(inputs["poolName"]), 0)

    def update(self, state: Values, olds: Values, news: Values, say: Say, *, preview: bool) -> Values:
        """Prepare the pool for what differs.

        Raises:
            BatchManagementError: the change is refused, or the pool could not be drained.
        """
        where = PoolId.of(news)._replace(pool=str(state["currentName"]))
        drains = int(state["drains"])
        found = differences(olds, news)
        pools = management(where.subscription).account(where.resource_group, where.account).pools
        pool = _find(pools, where.pool) if found else None
        if pool is None:
            return _state(news, where.pool, drains)
        way, told = decide(where.pool, found, _nodes(pool), str(news["onChange"]))
        if way is Way.REFUSE:
            raise BatchManagementError(told)
        if way is Way.REPLACE:
            name = _free_name(pools, str(news["poolName"]), where.pool)
            say(f"{told}: pool '{name}' takes its place and is made before '{where.pool}' is deleted")
            return _state(news, name, drains)
        if told:
            say(told)
        if way is Way.DRAIN:
            drains += 1
            if not preview:
                _drain(pools, where.pool, news, say)
        return _state(news, where.pool, drains)

    def read(self, _id: str, state: Values, inputs: Values) -> tuple[Values, Values] | None:
        """A record of what was deployed, which nothing in Azure can change."""
        if not state:
            raise UsageError(f"{TYPE} is a record of deployments and cannot be imported")
        return state, inputs

    def delete(self, _id: str) -> None:
        """There is nothing in Azure."""


def _state(inputs: Values, name: str, drains: int) -> Values:
    """What the checkpoint keeps: no secrets; those stand, sealed, among the inputs."""
    return {**{key: value for key, value in inputs.items() if key != "secrets"}, "currentName": name, "drains": drains}


def _find(pools: Pools, name: str) -> Pool | None:
    try:
        return pools.get(name)
    except NotFound:
        return None


def _free_name(pools: Pools, base: str, current: str) -> str:
    name = next_name(base, current)
    while _find(pools, name) is not None:
        name = next_name(base, name)
    return name


def _nodes(pool: Pool) -> int:
    """Nodes that it has, or is about to have."""
    properties = pool.properties
    if properties is None:
        return 0
    now = (properties.current_dedicated_nodes or 0) + (properties.current_low_priority_nodes or 0)
    fixed = properties.scale_settings.fixed_scale if properties.scale_settings else None
    if fixed is None or properties.allocation_state == "Steady":
        return now
    return max(now, (fixed.target_dedicated_nodes or 0) + (fixed.target_low_priority_nodes or 0), 1)


def _drain(pools: Pools, name: str, inputs: Values, say: Say) -> None:
    left = -1

    def progress(pool: Pool) -> None:
        nonlocal left
        if left != (left := _nodes(pool)):
            say(f"pool '{name}': {left} nodes are left")

    pools.drain(name, deallocation=inputs["deallocation"], timeout=float(inputs["drainSeconds"]), progress=progress)
