"""JSON for scripts: the keys that other programs rely on."""

from __future__ import annotations

import json
from typing import Any

from batchmgmt.endpoint import KeyAuthentication, ServiceEndpoint
from batchmgmt.handoff import Format

__all__ = ["FORMAT", "document"]


def document(endpoint: ServiceEndpoint) -> dict[str, Any]:
    """The endpoint as JSON values; the key or token stands in it in clear."""
    known: dict[str, Any] = {
        "account": endpoint.account,
        "resourceGroup": endpoint.resource_group,
        "subscriptionId": endpoint.subscription_id,
        "endpoint": endpoint.url,
        "authentication": _authentication(endpoint),
    }
    return known | _details(endpoint) if endpoint.detailed else known


def _authentication(endpoint: ServiceEndpoint) -> dict[str, str]:
    found = endpoint.authentication
    if isinstance(found, KeyAuthentication):
        return {"mode": "key", "keyName": found.key_name, "key": found.key.reveal(), "reason": endpoint.reason}
    from datetime import UTC, datetime  # for tokens only: its import is felt

    ends = datetime.fromtimestamp(found.expires_on, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"mode": "token", "token": found.token.reveal(), "expiresOn": ends, "reason": endpoint.reason}


def _details(endpoint: ServiceEndpoint) -> dict[str, Any]:
    storage = endpoint.storage
    return {
        "location": endpoint.location,
        "pools": list(endpoint.pools),
        "applications": dict(endpoint.applications),
        "storage": storage
        and {
            "account": storage.account,
            "blobEndpoint": storage.blob_endpoint,
            "authenticationMode": storage.authentication_mode,
        },
        "cloud": endpoint.cloud,
    }


FORMAT = Format(
    help="for scripts",
    read_by="read by azure-batch 15.1 for Python",
    secret=True,
    render=lambda endpoint: json.dumps(document(endpoint), indent=2),
)
