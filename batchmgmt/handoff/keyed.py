"""What formats take out of an endpoint's authentication."""

from __future__ import annotations

from batchmgmt.endpoint import KeyAuthentication, ServiceEndpoint
from batchmgmt.errors import UsageError
from batchmgmt.secret import Secret

__all__ = ["authentication_secret", "shared_key"]


def shared_key(endpoint: ServiceEndpoint, form: str) -> Secret:
    """The key, for tools that sign requests themselves.

    Raises:
        UsageError: the endpoint has a token.
    """
    if isinstance(endpoint.authentication, KeyAuthentication):
        return endpoint.authentication.key
    raise UsageError(f"format {form} carries a key, and this endpoint has a token ({endpoint.reason})")


def authentication_secret(endpoint: ServiceEndpoint) -> str:
    """The key or token in clear, to be masked."""
    found = endpoint.authentication
    return found.key.reveal() if isinstance(found, KeyAuthentication) else found.token.reveal()
