"""A link that opens the account in the Azure Portal."""

from __future__ import annotations

from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.handoff import Format

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    return endpoint.portal_url


FORMAT = Format(
    help="a link that opens the Azure Portal",
    read_by="unverified; form: Azure Portal, links to a resource",
    secret=False,
    render=_render,
)
