"""Which changes a pool takes: the table of ``batchmgmt.rules``, applied to a pool and what it is to become."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from batchlocal.domain.pool import AllocationState, Pool
from batchlocal.domain.refusals import Refusal
from batchmgmt.rules import PoolChange, pool_change

__all__ = ["PropertyFixed", "check_change", "check_patch"]

_MANAGEMENT_NAMES: Final = {
    "applicationPackageReferences": "applicationPackages",
    "autoScaleEvaluationInterval": "scaleSettings",
    "autoScaleFormula": "scaleSettings",
    "certificateReferences": "certificates",
    "enableAutoScale": "scaleSettings",
    "enableInterNodeCommunication": "interNodeCommunication",
    "resizeTimeout": "scaleSettings",
    "virtualMachineConfiguration": "deploymentConfiguration",
}
"""The table's names of what the service calls otherwise."""

_PATCHED_WITH_NODES: Final = frozenset({"targetNodeCommunicationMode"})
"""What Pool - Patch does not reserve for empty pools, whatever the article says of the management plane."""

_ONLY_EMPTY: Final = "The property can be changed only when the pool has no compute nodes"


@dataclass(eq=False)
class PropertyFixed(Refusal):
    """A property that this pool cannot change now, or ever, by the name that the caller's plane gives it."""

    name: str
    reason: str


def check_change(before: Pool, after: Pool, api_version: str) -> None:
    """Compare by value: an echoed equal value passes (azure-batch-behaviours, Pools).

    Args:
        api_version: of the management plane.

    Raises:
        PropertyFixed: the first property, in the order of the new body, that cannot change.
    """
    for service_name in _changed(before, after):
        name = _MANAGEMENT_NAMES.get(service_name, service_name)
        change = pool_change(name, api_version)
        if change is PoolChange.NEW_POOL:
            raise PropertyFixed(name, "The property cannot be changed on an existing pool")
        if change is PoolChange.WHEN_EMPTY and not _is_empty(before):
            raise PropertyFixed(name, _ONLY_EMPTY)


def check_patch(before: Pool, after: Pool) -> None:
    """The same at the service plane, where an older version takes no property that needs an empty pool.

    Raises:
        PropertyFixed: with the service's name of the property.
    """
    if _is_empty(before):
        return
    for name in _changed(before, after):
        if pool_change(_MANAGEMENT_NAMES.get(name, name)) is PoolChange.WHEN_EMPTY and name not in _PATCHED_WITH_NODES:
            raise PropertyFixed(name, _ONLY_EMPTY)


def _changed(before: Pool, after: Pool) -> Iterator[str]:
    for name in {**after.properties, **before.properties}:
        old, new = (pool.properties.get(name) or None for pool in (before, after))
        if old != new and not (name == "vmSize" and str(old).lower() == str(new).lower()):
            yield name
    if _passwords(before) != _passwords(after):
        yield "userAccounts"


def _passwords(pool: Pool) -> object:
    return pool.hidden.get("passwords") or {}


def _is_empty(pool: Pool) -> bool:
    """Steady, and neither dedicated nor Spot nodes."""
    nodes = pool.current_dedicated + pool.current_low_priority
    return nodes == 0 and pool.allocation_state is AllocationState.STEADY
