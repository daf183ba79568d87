"""The resource providers that answer, in one list."""

from __future__ import annotations

from batchlocal.arm import (
    microsoft_authorization,
    microsoft_compute,
    microsoft_insights,
    microsoft_keyvault,
    microsoft_managed_identity,
    microsoft_network,
    microsoft_operational_insights,
    microsoft_resources,
    microsoft_storage,
)
from batchlocal.arm.microsoft_batch import PROVIDER as MICROSOFT_BATCH
from batchlocal.arm.provider import ResourceProvider

__all__ = ["providers"]


def providers() -> list[ResourceProvider]:
    """Every provider, with all its handlers; a reader sees what ARM has here, and adds one in this line."""
    return [
        microsoft_resources.PROVIDER,
        microsoft_authorization.PROVIDER,
        MICROSOFT_BATCH,
        microsoft_storage.PROVIDER,
        microsoft_network.PROVIDER,
        microsoft_compute.PROVIDER,
        microsoft_managed_identity.PROVIDER,
        microsoft_keyvault.PROVIDER,
        microsoft_insights.PROVIDER,
        microsoft_operational_insights.PROVIDER,
    ]
