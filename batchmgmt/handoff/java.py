"""A .properties file for Java programs that make ``BatchSharedKeyCredentials`` of it."""

from __future__ import annotations

from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.handoff import Format
from batchmgmt.handoff.keyed import shared_key

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    key = shared_key(endpoint, "java").reveal()
    values = {"batch.url": endpoint.url, "batch.account": endpoint.account, "batch.key": key}
    return "\n".join(f"{name}={_escaped(value)}" for name, value in values.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\")  # in values the backslash alone is special


FORMAT = Format(
    help="a .properties file for Java",
    read_by="read by azure-batch 11.2 for Java",
    secret=True,
    render=_render,
)
