"""Which Azure the stack is deployed to."""

from __future__ import annotations

from contextlib import closing
from functools import cache

from batchmgmt.arm import cloud_from_environment
from batchmgmt.clouds import Cloud
from batchmgmt.lean import LeanHttp

__all__ = ["current", "private_zones"]

# Zones of Batch and of blobs. Source: Microsoft's "Azure Private Endpoint private DNS zone values".
_PUBLIC = ("privatelink.batch.azure.com", "privatelink.blob.core.windows.net")
_OTHERS = {
    "AzureUSGovernment": ("privatelink.batch.usgovcloudapi.net", "privatelink.blob.core.usgovcloudapi.net"),
    "AzureChinaCloud": ("privatelink.batch.chinacloudapi.cn", "privatelink.blob.core.chinacloudapi.cn"),
}


@cache
def current() -> Cloud:
    """The cloud of ARM_METADATA_HOSTNAME, else the public one. Raises BatchManagementError when it does not answer."""
    with closing(LeanHttp()) as http:
        return cloud_from_environment(http)


def private_zones(cloud: Cloud) -> dict[str, str]:
    """The private DNS zone of each private endpoint's target; clouds of one's own use the public one's names."""
    batch, blob = _OTHERS.get(cloud.name, _PUBLIC)
    return {"batchAccount": batch, "nodeManagement": batch, "blob": blob}
