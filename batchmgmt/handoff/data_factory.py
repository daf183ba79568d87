"""An Azure Batch linked service of Azure Data Factory; it runs custom activities on the first pool."""

from __future__ import annotations

import json

from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.handoff import Format
from batchmgmt.handoff.keyed import shared_key

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    properties = {
        "accountName": endpoint.account,
        "accessKey": {"type": "SecureString", "value": shared_key(endpoint, "data-factory").reveal()},
        "batchUri": endpoint.url,
        "poolName": endpoint.pools[0] if endpoint.pools else "",
        "linkedServiceName": {
            "referenceName": endpoint.storage.account if endpoint.storage else "",
            "type": "LinkedServiceReference",
        },
    }
    service = {"name": endpoint.account, "properties": {"type": "AzureBatch", "typeProperties": properties}}
    return json.dumps(service, indent=2)


FORMAT = Format(
    help="a linked service for Data Factory",
    read_by="unverified; form: Microsoft.DataFactory, AzureBatchLinkedService",
    secret=True,
    render=_render,
    details=True,
)
