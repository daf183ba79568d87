"""The Microsoft.Network provider, and what all its resources have.

Sources of this package: the types of pulumi_azure_native 3.29 (network, api-version 2024-05-01; privatedns, 2024-06-01)
and Microsoft's REST reference of Virtual Networks, Private Link and Private DNS.
"""

from __future__ import annotations

from batchlocal.arm.call import ArmCall
from batchlocal.arm.fabric import new_guid
from batchlocal.arm.kept import Values
from batchlocal.arm.provider import ResourceProvider
from batchlocal.store.resources import Resource

__all__ = ["ENVELOPE", "PROVIDER", "born"]

PROVIDER = ResourceProvider("Microsoft.Network", [])
ENVELOPE = ("name", "id", "etag", "type", "location", "extendedLocation", "zones", "sku", "tags", "properties")


def born(_: ArmCall, __: Resource) -> Values:
    """What a resource gets when it is made."""
    return {"provisioningState": "Succeeded", "resourceGuid": new_guid()}
