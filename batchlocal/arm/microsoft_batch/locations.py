"""What a region has to say: quotas, sizes, names (F4)."""

from __future__ import annotations

import re
from typing import Any, Final

from batchlocal.arm.call import ArmCall
from batchlocal.arm.fabric import body_object
from batchlocal.arm.front_door import region_of
from batchlocal.arm.listing import filter_of, listed_whole
from batchlocal.arm.microsoft_batch.provider import ACCOUNT_TYPE, PROVIDER
from batchlocal.domain.sizes import cores_of, family_of
from batchlocal.protocol.filters import EQUALITY, Filterable
from batchlocal.protocol.messages import Answer
from batchlocal.quotas import account_quota

__all__ = ["SIZES"]

_NAME = re.compile(r"[a-z0-9]{3,24}")

# Azure documentation, "Sizes for virtual machines": memory in GB of common sizes; names tell the rest.
SIZES: Final = {
    "Standard_A1_v2": 2,
    "Standard_A2_v2": 4,
    "Standard_A4_v2": 8,
    "Standard_D2_v3": 8,
    "Standard_D4_v3": 16,
    "Standard_D2s_v3": 8,
    "Standard_D4s_v3": 16,
    "Standard_D8s_v3": 32,
    "Standard_D2s_v5": 8,
    "Standard_D4s_v5": 16,
    "Standard_E2s_v3": 16,
    "Standard_E4s_v3": 32,
    "Standard_F2s_v2": 4,
    "Standard_F4s_v2": 8,
}


@PROVIDER.operation("Location_GetQuotas")
def get_quotas(call: ArmCall) -> Answer:
    """How many Batch accounts the region takes."""
    region_of(call, PROVIDER)
    return Answer(200, {"accountQuota": account_quota(call.tx, call.id.subscription)})


@PROVIDER.operation("Location_ListSupportedVirtualMachineSkus")
def list_sizes(call: ArmCall) -> Answer:
    """The sizes that pools may have; ``$filter`` may name ``familyName`` (description)."""
    region_of(call, PROVIDER)
    wanted = filter_of(call, {"familyName": Filterable("string", EQUALITY)})
    sizes = (_size(name, memory) for name, memory in SIZES.items())
    return listed_whole(call, [size for size in sizes if wanted is None or wanted(size)])


def _size(name: str, memory: int) -> dict[str, Any]:
    capabilities = {"vCPUs": str(cores_of(name)), "MemoryGB": str(memory), "LowPriorityCapable": "True"}
    return {
        "name": name,
        "familyName": family_of(name),
        "capabilities": [{"name": key, "value": value} for key, value in capabilities.items()],
    }


@PROVIDER.operation("Location_CheckNameAvailability")
def check_name(call: ArmCall) -> Answer:
    """Always 200 (F4: 31 of 31)."""
    region_of(call, PROVIDER)
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
