"""Microsoft.Batch: accounts, applications and packages, pools, locations, and what surrounds them."""

from batchlocal.arm.microsoft_batch import (
    accounts,
    applications,
    catalogue,
    certificates,
    detectors,
    locations,
    network,
    packages,
    perimeters,
    pools,
    private_links,
)
from batchlocal.arm.microsoft_batch.provider import PROVIDER

__all__ = [
    "PROVIDER",
    "accounts",
    "applications",
    "catalogue",
    "certificates",
    "detectors",
    "locations",
    "network",
    "packages",
    "perimeters",
    "pools",
    "private_links",
]
