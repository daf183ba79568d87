"""appsettings.json for .NET programs that make ``BatchSharedKeyCredentials`` of it."""

from __future__ import annotations

import json

from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.handoff import Format
from batchmgmt.handoff.keyed import shared_key

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    settings = {
        "AccountName": endpoint.account,
        "AccountKey": shared_key(endpoint, "dotnet").reveal(),
        "BatchServiceUrl": endpoint.url,
    }
    return json.dumps({"Batch": settings}, indent=2)


FORMAT = Format(
    help="appsettings.json for .NET",
    read_by="unverified; form: Microsoft.Azure.Batch, BatchSharedKeyCredentials",
    secret=True,
    render=_render,
)
