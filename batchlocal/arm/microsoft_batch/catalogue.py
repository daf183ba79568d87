"""The provider's operations (``arm/provider_operations.py``) and what roles grant beside them at the service plane."""

from __future__ import annotations

from batchlocal.arm.call import ArmCall
from batchlocal.arm.microsoft_batch.provider import PROVIDER
from batchlocal.arm.provider_operations import operations_of
from batchlocal.protocol.messages import Answer

__all__: list[str] = []

# Azure documentation, "Azure permissions for Compute", Microsoft.Batch
PROVIDER.data_actions = tuple(
    f"Microsoft.Batch/batchAccounts/{kind}/{verb}"
    for kind in ("jobs", "jobSchedules")
    for verb in ("read", "write", "delete")
)


@PROVIDER.operation("Operations_List")
def list_operations(_call: ArmCall) -> Answer:
    """Every operation once, and the data actions."""
    return Answer(200, {"value": operations_of(PROVIDER)})
