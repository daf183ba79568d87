"""Microsoft.Batch: accounts, applications and packages, pools, locations."""

from batchlocal.arm.microsoft_batch import accounts, applications, locations, packages, pools, private_links
from batchlocal.arm.microsoft_batch.provider import PROVIDER

__all__ = ["PROVIDER", "accounts", "applications", "locations", "packages", "pools", "private_links"]
