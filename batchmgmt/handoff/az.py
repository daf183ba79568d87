"""The ``[batch]`` section of az CLI's configuration file, as ``az batch account login`` leaves it."""

from __future__ import annotations

from batchmgmt.endpoint import KeyAuthentication, ServiceEndpoint
from batchmgmt.handoff import Format

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    lines = ["[batch]", f"account = {endpoint.account}", f"endpoint = {endpoint.url}/"]
    if isinstance(endpoint.authentication, KeyAuthentication):
        lines += ["auth_mode = shared_key", f"access_key = {endpoint.authentication.key.reveal()}"]
    else:
        lines += ["auth_mode = aad"]  # az asks Entra for its own token
    return "\n".join(lines)


FORMAT = Format(
    help="section batch of az CLI's config file",
    read_by="read by az CLI 2.91",
    secret=True,
    render=_render,
)
