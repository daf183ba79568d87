"""Microsoft.Compute, as far as one asks it about pools: sizes and what a region has left. It has no machines here.

Sources: Microsoft's REST reference "Virtual Machine Sizes - List", "Resource Skus - List" and "Usage - List". Pools of
allocation mode BatchService count against the account's quotas, not here; those of UserSubscription count here ("Batch
service quotas and limits").
"""

from __future__ import annotations

import re
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.fabric import check_subscription
from batchlocal.arm.front_door import region_of
from batchlocal.arm.locations import LOCATIONS, location_of
from batchlocal.arm.microsoft_batch.locations import SIZES
from batchlocal.arm.provider import ResourceProvider
from batchlocal.domain.quotas import compute_limit
from batchlocal.domain.sizes import cores_of, family_of
from batchlocal.protocol.messages import Answer
from batchlocal.protocol.routing import Route
from batchlocal.quotas import compute_limits, compute_used

__all__ = ["PROVIDER"]

_ROOT = "/subscriptions/{subscriptionId}/providers/Microsoft.Compute"
_DISK = 1_047_552  # MB of every size's largest OS disk, as the reference shows it
_FILTER = re.compile(r"\s*location\s+eq\s+'([^']*)'\s*", re.IGNORECASE)

PROVIDER = ResourceProvider(
    "Microsoft.Compute",
    [
        Route("VirtualMachineSizes_List", "GET", f"{_ROOT}/locations/{{location}}/vmSizes"),
        Route("Usage_List", "GET", f"{_ROOT}/locations/{{location}}/usages"),
        Route("ResourceSkus_List", "GET", f"{_ROOT}/skus"),
    ],
)


@PROVIDER.operation("VirtualMachineSizes_List")
def list_sizes(call: ArmCall) -> Answer:
    """The sizes that pools may have."""
    region_of(call, PROVIDER)
    return Answer(200, {"value": [_size(name, memory) for name, memory in SIZES.items()]})


def _size(name: str, memory: int) -> dict[str, Any]:
    cores = cores_of(name) or 0
    return {
        "name": name,
        "numberOfCores": cores,
        "osDiskSizeInMB": _DISK,
        "resourceDiskSizeInMB": 0,
        "memoryInMB": memory * 1024,
        "maxDataDiskCount": 2 * cores,
    }


@PROVIDER.operation("ResourceSkus_List")
def list_skus(call: ArmCall) -> Answer:
    """The sizes with their capabilities, of one region with ``$filter=location eq '...'``."""
    check_subscription(call)
    wanted = _FILTER.fullmatch(call.request.query.get("$filter", ""))
    places = [location_of(wanted[1], "skus")] if wanted else list(LOCATIONS)
    return Answer(200, {"value": [_sku(name, memory, place) for place in places for name, memory in SIZES.items()]})


def _sku(name: str, memory: int, location: str) -> dict[str, Any]:
    capabilities = {"vCPUs": str(cores_of(name)), "MemoryGB": str(memory), "LowPriorityCapable": "True"}
    return {
        "resourceType": "virtualMachines",
        "name": name,
        "tier": "Standard",
        "size": name.partition("_")[2],
        "family": family_of(name),
        "locations": [location],
        "locationInfo": [{"location": location, "zones": []}],
        "capabilities": [{"name": key, "value": value} for key, value in capabilities.items()],
        "restrictions": [],
    }


@PROVIDER.operation("Usage_List")
def list_usages(call: ArmCall) -> Answer:
    """What the subscription uses of a region: the cores of its pools of allocation mode UserSubscription."""
    location, subscription = region_of(call, PROVIDER), call.id.subscription
    limits, used = compute_limits(call.tx, subscription), compute_used(call.tx, subscription, location)
    families = dict.fromkeys(family_of(name) for name in SIZES)
    named = {"cores": "Total Regional vCPUs", "lowPriorityCores": "Total Regional Low-priority vCPUs"}
    named |= {family: f"{family.removesuffix('Family')} Family vCPUs" for family in families}
    current = {"cores": used.dedicated, "lowPriorityCores": used.low_priority, **used.families}
    usages = [
        _usage(name, text, current.get(name, current.get(name.lower(), 0)), compute_limit(limits, name))
        for name, text in named.items()
    ]
    return Answer(200, {"value": usages})


def _usage(name: str, text: str, current: int, limit: int) -> dict[str, Any]:
    named = {"value": name, "localizedValue": text}
    return {"unit": "Count", "currentValue": current, "limit": limit, "name": named}
