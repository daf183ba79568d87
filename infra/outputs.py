"""What a stack tells other programs and people; none of it is secret: keys are asked of ARM."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from batchmgmt.clouds import Cloud
from infra.clouds import current
from infra.components import BatchEnvironment

__all__ = ["of"]


def of(environment: BatchEnvironment, location: str) -> Mapping[str, pulumi.Input[object]]:
    """The outputs, by name.

    Args:
        location: the environment's region.
    """
    account, storage = environment.account, environment.storage
    cloud = current()
    return {
        "resourceGroup": environment.resource_group,
        "subscriptionId": account.account_id.apply(lambda id: id.split("/")[2]),
        "batchAccount": account.account_name,
        "batchAccountId": account.account_id,
        "batchEndpoint": account.endpoint,
        "location": location,
        "storageAccount": storage.account_name if storage else None,
        "storageBlobEndpoint": storage.blob_endpoint if storage else None,
        "pools": [pool.pool_name for pool in environment.pools.values()],
        "applications": {name: application.default_version for name, application in environment.applications.items()},
        "portalUrl": account.account_id.apply(lambda id: _portal_page(cloud, id)),
    }


def _portal_page(cloud: Cloud, resource_id: str) -> str:
    return f"{cloud.portal}/#resource{resource_id}"
