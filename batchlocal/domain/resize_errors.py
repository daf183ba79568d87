"""The codes with which a pool's resize ends short of its target, and the service's words for them."""

from __future__ import annotations

from typing import Final

__all__ = ["RESIZE_ERRORS"]

RESIZE_ERRORS: Final = {
    "AccountCoreQuotaReached": "The specified account has reached core quota",
    "AccountLowPriorityCoreQuotaReached": "The specified account has reached low priority core quota",
    "AccountSpotCoreQuotaReached": "The specified account has reached spot core quota",
    "AccountVMSeriesCoreQuotaReached": "The specified account has reached VM series core quota",
    "AllocationFailed": "Desired number of nodes could not be allocated",
    "AllocationTimedOut": "Desired number of nodes could not be allocated as the resize timeout was reached",
    "RemoveNodesFailed": "One or more nodes could not be removed from the pool",
    "ResizeStopped": "Desired number of nodes could not be allocated due to a stop resize operation",
    "UnsupportedVMSize": "The specified VM size is not supported",
    "Unknown": "An unknown error has occurred during the resize",
}
"""Code -> message: .NET reference, PoolResizeErrorCodes; AccountVMSeriesCoreQuotaReached as recorded (it goes on with
`` for FAMILY``: java-azure-mgmt-batch__canCRUDBatchPool)."""
