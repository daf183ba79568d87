"""PowerShell assignments for ``batchmgmt endpoint show --format powershell | Invoke-Expression``."""

from __future__ import annotations

from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.handoff import Format
from batchmgmt.handoff.environment import variables

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    lines = [f"$env:{name} = {_quoted(value)}" for name, value in variables(endpoint).items()]
    return "\n".join(lines)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


FORMAT = Format(
    help="assignments for PowerShell",
    read_by="unverified; form: PowerShell, about_Environment_Variables and about_Quoting_Rules",
    secret=True,
    render=_render,
)
