"""Where else an account's data would be copied, and how an account changes between one zone and several.

Nothing is copied here: the second region is named, and what is known of it is that nothing has reached it.
Sources: Azure documentation, "Azure cross-region replication" and "Change how a storage account is replicated".
"""

from __future__ import annotations

from typing import Any, Final

from batchlocal.store.resources import Resource

__all__ = ["SECOND_REGION", "geo_statistics", "in_other_zones", "second_region"]

SECOND_REGION: Final = ("secondaryLocation", "statusOfSecondary", "secondaryEndpoints")
"""Properties that only accounts with a second region have."""

_PAIRS: Final = {
    "australiacentral": "australiacentral2",
    "australiaeast": "australiasoutheast",
    "canadacentral": "canadaeast",
    "centralindia": "southindia",
    "eastus": "westus",
    "eastus2": "centralus",
    "eastus2euap": "centraluseuap",  # recorded: the two regions for early updates
    "francecentral": "francesouth",
    "germanywestcentral": "germanynorth",
    "japaneast": "japanwest",
    "koreacentral": "koreasouth",
    "northeurope": "westeurope",
    "norwayeast": "norwaywest",
    "southafricanorth": "southafricawest",
    "southcentralus": "northcentralus",
    "southeastasia": "eastasia",
    "swedencentral": "swedensouth",
    "switzerlandnorth": "switzerlandwest",
    "uaenorth": "uaecentral",
    "uksouth": "ukwest",
    "westus2": "westcentralus",
}
_PAIRED: Final = {
    **_PAIRS,
    **{second: first for first, second in _PAIRS.items()},
    "brazilsouth": "southcentralus",
    "westindia": "southindia",
    "westus3": "eastus",
}
_IN_ONE_ZONE: Final = {"LRS": "ZRS", "GRS": "GZRS", "RAGRS": "RAGZRS"}


def _redundancy(sku: str) -> str:
    return sku.partition("_")[2].upper()


def second_region(account: Resource, blob_origin: str) -> dict[str, Any]:
    """The properties that tell of the second region; {} for accounts that have none."""
    redundancy, second = _redundancy(account.body["sku"]["name"]), _PAIRED.get(account.body["location"])
    if second is None or not redundancy.endswith(("GRS", "GZRS")):
        return {}
    found: dict[str, Any] = {"secondaryLocation": second, "statusOfSecondary": "available"}
    if redundancy.startswith("RA"):
        found["secondaryEndpoints"] = {"blob": f"{blob_origin}/{account.name}-secondary/"}
    return found


def geo_statistics(account: Resource) -> dict[str, Any]:
    """``geoReplicationStats``, where there is a second region: still in its first synchronisation, for ever."""
    if "secondaryLocation" not in account.body["properties"]:
        return {}
    return {"geoReplicationStats": {"status": "Bootstrap", "canFailover": False, "canPlannedFailover": False}}


def in_other_zones(sku: str) -> str:
    """The SKU of the same account in several zones, or in one again: all that a conversion can change."""
    kind, _, redundancy = sku.partition("_")
    back = {zones: one for one, zones in _IN_ONE_ZONE.items()}
    return f"{kind}_{(_IN_ONE_ZONE | back)[redundancy.upper()]}"
