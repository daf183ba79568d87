"""A .env file, double-quoted so that every reader of the form takes the same text."""

from __future__ import annotations

from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.handoff import Format
from batchmgmt.handoff.environment import variables

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    return "\n".join(f'{name}="{value}"' for name, value in variables(endpoint).items())


FORMAT = Format(help="a .env file", read_by="read by sh, then azure-batch 15.1 for Python", secret=True, render=_render)
