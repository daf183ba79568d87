"""Logging commands for an Azure DevOps step; the key or token becomes a secret variable."""

from __future__ import annotations

from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.handoff import Format
from batchmgmt.handoff.environment import variables
from batchmgmt.handoff.keyed import authentication_secret

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    secret = authentication_secret(endpoint)
    return "\n".join(
        f"##vso[task.setvariable variable={name}{';issecret=true' if value == secret else ''}]{value}"
        for name, value in variables(endpoint).items()
    )


FORMAT = Format(
    help="logging commands for an Azure DevOps step; secret variables",
    read_by="unverified; form: Azure Pipelines, Logging commands, SetVariable",
    secret=True,
    render=_render,
)
