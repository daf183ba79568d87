"""The azure scope of nextflow.config for the azurebatch executor."""

from __future__ import annotations

from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.handoff import Format
from batchmgmt.handoff.keyed import shared_key

__all__ = ["FORMAT"]


def _render(endpoint: ServiceEndpoint) -> str:
    key = shared_key(endpoint, "nextflow").reveal()
    storage = endpoint.storage
    lines = ["process.executor = 'azurebatch'", "azure {", "    batch {"]
    lines += [f"        accountName = '{endpoint.account}'", f"        accountKey = '{key}'"]
    lines += [f"        endpoint = '{endpoint.url}'", f"        location = '{endpoint.location}'", "    }"]
    if storage:
        lines += ["    storage {", f"        accountName = '{storage.account}'", "    }"]
    return "\n".join([*lines, "}"])


FORMAT = Format(
    help="nextflow.config's azure scope",
    read_by="read by the configuration parser of Nextflow 24.10",
    secret=True,
    render=_render,
    details=True,
)
