"""What the change of a pool's property means, by the api-version of Microsoft.Batch that it is sent with.

Sources: Microsoft's article "Update Batch pool properties" (April 2025), for 2024-07-01 and later; for what came
before, what azurerm replaces pools for, and Azure/Batch#85 (PropertyCannotBeUpdated).
Names are the management plane's, at the top of ``properties``; ``identity`` lies beside them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["API_VERSION", "FIRST_FLEXIBLE", "PoolChange", "pool_change"]

API_VERSION: Final = "2024-07-01"
"""The version that pulumi-azure-native's Pool and azurerm speak."""

FIRST_FLEXIBLE: Final = "2024-07-01"
"""The first version that changes more than Pool_Update took before, if the pool has no node."""


class PoolChange(StrEnum):
    """What Azure asks of a pool before it takes the change."""

    AT_ANY_TIME = "at any time"
    WHEN_EMPTY = "only on an empty pool"
    NEW_POOL = "needs a new pool"


_AT_ANY_TIME: Final = frozenset(
    {"applicationPackages", "certificates", "identity", "metadata", "scaleSettings", "startTask"}
)
"""With nodes too, in every version; nodes may have to be rebooted to see it. Changing identities is advised against
while nodes are active."""

_AT_ANY_TIME_BEFORE: Final = frozenset({"targetNodeCommunicationMode"})
"""Before ``FIRST_FLEXIBLE`` also with nodes (the service's Pool_Patch of 2022-10-01.16.0 to 2024-02-01.19.0)."""

_WHEN_EMPTY: Final = frozenset(
    {
        *("deploymentConfiguration", "displayName", "interNodeCommunication", "mountConfiguration"),
        *("networkConfiguration", "resourceTags", "tags", "targetNodeCommunicationMode", "taskSchedulingPolicy"),
        *("taskSlotsPerNode", "upgradePolicy", "userAccounts", "vmSize"),
    }
)
"""From ``FIRST_FLEXIBLE`` on: the pool is steady, with neither dedicated nor Spot nodes."""


def pool_change(name: str, api_version: str = API_VERSION) -> PoolChange:
    """What a change of the property means; one that no update takes needs a new pool.

    Args:
        name: a property of the management plane, such as ``vmSize``.
        api_version: of Microsoft.Batch, such as ``2024-07-01``; previews count as their date.
    """
    is_flexible = api_version[: len(FIRST_FLEXIBLE)] >= FIRST_FLEXIBLE
    if name in _AT_ANY_TIME or (name in _AT_ANY_TIME_BEFORE and not is_flexible):
        return PoolChange.AT_ANY_TIME
    return PoolChange.WHEN_EMPTY if name in _WHEN_EMPTY and is_flexible else PoolChange.NEW_POOL
