"""Hand-off: a service endpoint in the form that a tool reads. A module a format; this is their table.

``Format.read_by`` says how the form is known to be right: which reader takes it in our tests, or "unverified" and the
document that the form comes from; ``endpoint show --help`` says it too.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final, NamedTuple

from batchmgmt.endpoint import ServiceEndpoint
from batchmgmt.errors import UsageError

__all__ = ["FORMATS", "Format", "find", "render"]


class Format(NamedTuple):
    """A hand-off format.

    Attributes:
        help: what it is for, in a few words. read_by: what reads it in our tests, or "unverified" with its document.
        secret: whether its text holds a key or token: a file of it is then created with mode 0600.
        details: whether it needs the endpoint's details.
        render: from an endpoint to text. UsageError when the format cannot carry the endpoint's authentication.
    """

    help: str
    read_by: str
    secret: bool
    render: Callable[[ServiceEndpoint], str]
    details: bool = False


# Name on the command line -> module, loaded when it is asked for.
FORMATS: Final[dict[str, str]] = {
    "json": "as_json",
    "dotenv": "dotenv",
    "shell": "shell",
    "powershell": "powershell",
    "github-actions": "github_actions",
    "azure-devops": "azure_devops",
    "kubernetes": "kubernetes",
    "az": "az",
    "dotnet": "dotnet",
    "java": "java",
    "javascript": "javascript",
    "snakemake": "snakemake",
    "nextflow": "nextflow",
    "data-factory": "data_factory",
    "batch-explorer": "batch_explorer",
    "batch-shipyard": "batch_shipyard",
    "storage-explorer": "storage_explorer",
    "portal": "portal",
}


def find(name: str) -> Format:
    """The format of that name.

    Raises:
        UsageError: there is none; names all.
    """
    module = FORMATS.get(name)
    if module is None:
        raise UsageError(f"there is no format '{name}'; there are {', '.join(FORMATS)}")
    found: Format = import_module(f"batchmgmt.handoff.{module}").FORMAT
    return found


def render(endpoint: ServiceEndpoint, name: str) -> str:
    """The endpoint in that format. Raises UsageError."""
    return find(name).render(endpoint)
