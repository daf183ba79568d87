"""Which Azure the stack is deployed to."""

from __future__ import annotations

from contextlib import closing
from functools import cache

from batchmgmt.arm import cloud_from_environment
from batchmgmt.clouds import Cloud
from batchmgmt.lean import LeanHttp

__all__ = ["current", "private_zones"]

# Source: Microsoft's "Azure Private Endpoint private DNS zone values". Other clouds have the public one's names.
_BATCH_ZONES = {
    "AzureUSGovernment": "privatelink.batch.usgovcloudapi.net",
    "AzureChinaCloud": "privatelink.batch.chinacloudapi.cn",
}


@cache
def current() -> Cloud:
    """The cloud of ARM_METADATA_HOSTNAME, else the public one. Raises BatchManagementError when it does not answer."""
    with closing(LeanHttp()) as http:
        return cloud_from_environment(http)


def private_zones(cloud: Cloud) -> dict[str, str]:
    """The private DNS zone of each private endpoint's target."""
    batch = _BATCH_ZONES.get(cloud.name, "privatelink.batch.azure.com")
    blob = f"privatelink.blob.{cloud.storage_suffix}"
    return {"batchAccount": batch, "nodeManagement": batch, "blob": blob}
