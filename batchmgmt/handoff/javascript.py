"""A JavaScript module that exports what @azure/batch's client takes."""

from __future__ import annotations

import json

from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.handoff import Format
from batchmgmt.handoff.keyed import shared_key

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    exported = {
        "account": endpoint.account,
        "key": shared_key(endpoint, "javascript").reveal(),
        "url": endpoint.url,
    }
    return "\n".join(f"export const {name} = {json.dumps(value)};" for name, value in exported.items())


FORMAT = Format(
    help="an ES module for @azure/batch",
    read_by="Node.js; form: @azure/batch, BatchSharedKeyCredentials",
    secret=True,
    render=_render,
)
