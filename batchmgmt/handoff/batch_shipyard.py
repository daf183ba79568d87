"""credentials.yaml of Batch Shipyard."""

from __future__ import annotations

import json

from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.handoff import Format
from batchmgmt.handoff.keyed import shared_key

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    key = shared_key(endpoint, "batch-shipyard").reveal()
    batch = {"account_key": key, "account_service_url": endpoint.url}
    return json.dumps({"credentials": {"batch": batch}}, indent=2)  # JSON is YAML


FORMAT = Format(
    help="credentials.yaml of Batch Shipyard",
    read_by="unverified; form: Batch Shipyard, Credentials configuration",
    secret=True,
    render=_render,
)
