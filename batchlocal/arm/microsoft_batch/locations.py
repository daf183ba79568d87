"""What a region has to say: quotas, sizes, names (F4)."""

from __future__ import annotations

import re
from typing import Any, Final

from batchlocal.arm.call import ArmCall
from batchlocal.arm.fabric import body_object, check_subscription
from batchlocal.arm.microsoft_batch.provider import ACCOUNT_TYPE, PROVIDER
from batchlocal.protocol.messages import Answer
from batchlocal.quotas import account_quota

__all__ = ["SIZES"]

_NAME = re.compile(r"[a-z0-9]{3,24}")

# Azure documentation, "Sizes for virtual machines": cores and memory in GB of common sizes, by family.
SIZES: Final = {
    "Standard_A1_v2": ("standardAv2Family", 1, 2),
    "Standard_A2_v2": ("standardAv2Family", 2, 4),
    "Standard_A4_v2": ("standardAv2Family", 4, 8),
    "Standard_D2_v3": ("standardDv3Family", 2, 8),
    "Standard_D4_v3": ("standardDv3Family", 4, 16),
    "Standard_D2s_v3": ("standardDSv3Family", 2, 8),
    "Standard_D4s_v3": ("standardDSv3Family", 4, 16),
    "Standard_F2s_v2": ("standardFSv2Family", 2, 4),
    "Standard_F4s_v2": ("standardFSv2Family", 4, 8),
}


@PROVIDER.operation("Location_GetQuotas")
def get_quotas(call: ArmCall) -> Answer:
    """How many Batch accounts the region takes."""
    check_subscription(call)
    return Answer(200, {"accountQuota": account_quota(call.tx, call.id.subscription)})


@PROVIDER.operation("Location_ListSupportedVirtualMachineSkus")
def list_sizes(call: ArmCall) -> Answer:
    """The sizes that pools may have."""
    check_subscription(call)
    return Answer(200, {"value": [_size(name, *facts) for name, facts in SIZES.items()]})


def _size(name: str, family: str, cores: int, memory: int) -> dict[str, Any]:
    capabilities = {"vCPUs": str(cores), "MemoryGB": str(memory), "LowPriorityCapable": "True"}
    return {
        "name": name,
        "familyName": family,
        "capabilities": [{"name": key, "value": value} for key, value in capabilities.items()],
    }


@PROVIDER.operation("Location_CheckNameAvailability")
def check_name(call: ArmCall) -> Answer:
    """Always 200 (F4: 31 of 31)."""
    check_subscription(call)
    name = str(body_object(call).get("name", ""))
    if not 3 <= len(name) <= 24:
        text = "Account name must be at least 3 characters and at most 24 characters."
        return Answer(200, {"nameAvailable": False, "reason": "Invalid", "message": text})
    if not _NAME.fullmatch(name):
        text = "Account name can contain only lower-case letters and numbers."
        return Answer(200, {"nameAvailable": False, "reason": "Invalid", "message": text})
    if call.tx.resources.named(ACCOUNT_TYPE, name):
        text = f"An account named '{name}' is already in use."
        return Answer(200, {"nameAvailable": False, "reason": "AlreadyExists", "message": text})
    return Answer(200, {"nameAvailable": True})
