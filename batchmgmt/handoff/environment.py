"""Environment variables: az CLI's own names for Batch, and the endpoint's URL and token under names of ours."""

from __future__ import annotations

from batchmgmt.endpoint import KeyAuthentication, ServiceEndpoint

__all__ = ["variables"]


def variables(endpoint: ServiceEndpoint) -> dict[str, str]:
    """What az CLI reads with a key (AZURE_BATCH_ACCOUNT, _ENDPOINT, _ACCESS_KEY), or a token in AZURE_BATCH_TOKEN."""
    shared = {"AZURE_BATCH_ACCOUNT": endpoint.account, "AZURE_BATCH_ENDPOINT": endpoint.url}
    if isinstance(endpoint.authentication, KeyAuthentication):
        return shared | {"AZURE_BATCH_ACCESS_KEY": endpoint.authentication.key.reveal()}
    return shared | {"AZURE_BATCH_TOKEN": endpoint.authentication.token.reveal()}
