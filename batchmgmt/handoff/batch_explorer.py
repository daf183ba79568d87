"""A link that opens the account in Batch Explorer."""

from __future__ import annotations

from batchmgmt.arm import account_id
from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.handoff import Format

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    account = account_id(endpoint.subscription_id, endpoint.resource_group, endpoint.account)
    return f"ms-batch-explorer://route/accounts{account.lower()}"


FORMAT = Format(
    help="a link that opens Batch Explorer",
    read_by="unverified; form: BatchExplorer, docs on external links",
    secret=False,
    render=_render,
)
