"""Shell lines for a GitHub Actions step: the secret is masked in logs before it becomes a variable of later steps."""

from __future__ import annotations

import shlex

from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.handoff import Format
from batchmgmt.handoff.environment import variables
from batchmgmt.handoff.keyed import authentication_secret

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    secret = authentication_secret(endpoint)
    lines = [f"printf '%s\\n' {shlex.quote('::add-mask::' + secret)}"]
    for name, value in variables(endpoint).items():
        lines.append(f"printf '%s\\n' {shlex.quote(f'{name}={value}')} >> \"$GITHUB_ENV\"")
    return "\n".join(lines)


FORMAT = Format(
    help="shell lines for a GitHub Actions step; masked",
    read_by="read by sh, by the two effects that GitHub documents: add-mask and GITHUB_ENV",
    secret=True,
    render=_render,
)
