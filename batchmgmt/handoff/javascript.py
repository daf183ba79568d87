"""A JavaScript module that exports what @azure/batch's client takes."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.handoff import Format
from batchmgmt.handoff.keyed import shared_key

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    exported = {
        "account": endpoint.account,
        "key": shared_key(endpoint, "javascript").reveal(),
        "url": _origin(endpoint.url),
    }
    return "\n".join(f"export const {name} = {json.dumps(value)};" for name, value in exported.items())


def _origin(url: str) -> str:
    """Without a path: @azure/batch 10 replaces it by the operation's, and the key names the account anyway."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


FORMAT = Format(
    help="an ES module for @azure/batch",
    read_by="read by @azure/batch 10.2",
    secret=True,
    render=_render,
)
