"""A Kubernetes Secret for ``kubectl apply -f -`` and ``envFrom``."""

from __future__ import annotations

import json

from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.handoff import Format
from batchmgmt.handoff.environment import variables

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"batch-{endpoint.account}"},
        "type": "Opaque",
        "stringData": variables(endpoint),
    }
    return json.dumps(manifest, indent=2)  # JSON is YAML


FORMAT = Format(
    help="a Secret for kubectl apply",
    read_by="read by kubectl and PyYAML",
    secret=True,
    render=_render,
)
