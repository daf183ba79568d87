"""A link that opens the linked storage account in Storage Explorer."""

from __future__ import annotations

from urllib.parse import urlencode

from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.errors import UsageError
from batchmgmt.handoff import Format

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    if endpoint.storage is None:
        raise UsageError(f"account '{endpoint.account}' has no linked storage to open")
    query = urlencode({"accountid": endpoint.storage.resource_id, "subscriptionid": endpoint.subscription_id})
    return f"storageexplorer://v=1&{query}"


FORMAT = Format(
    help="a link that opens the linked storage in Storage Explorer",
    read_by="unverified; form: Storage Explorer's Copy Direct Link",
    secret=False,
    render=_render,
    details=True,
)
