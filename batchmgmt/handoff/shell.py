"""Export statements for ``eval "$(batchmgmt endpoint show ... --format shell)"``."""

from __future__ import annotations

import shlex

from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.handoff import Format
from batchmgmt.handoff.environment import variables

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables(endpoint).items())


FORMAT = Format(
    help="export statements for sh", read_by="read by sh, then azure-batch 15.1 for Python", secret=True, render=_render
)
