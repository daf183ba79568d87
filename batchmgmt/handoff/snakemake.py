"""A Snakemake profile for the azure-batch executor; it signs in by Entra, so nothing secret stands in it."""

from __future__ import annotations

import json

from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.handoff import Format

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    settings = {
        "executor": "azure-batch",
        "azure-batch-account-url": endpoint.url,
        "azure-batch-subscription-id": endpoint.subscription_id,
        "azure-batch-resource-group-name": endpoint.resource_group,
    }
    return "\n".join(f"{name}: {json.dumps(value)}" for name, value in settings.items())


FORMAT = Format(
    help="a profile for Snakemake's azure-batch executor",
    read_by="read by Snakemake and its azure-batch plugin 0.3",
    secret=False,
    render=_render,
)
