"""A file that could not be brought onto a node or from it, as the failure of its task.

Sources: the page "Batch Status and Error Codes", task scheduling errors (codes of blobs, categories, messages); the
article batch-task-output-files, Diagnose file upload errors; the support article "Use managed identities in an Azure
Batch account or pool" (containers). Messages that stand in none of them are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

__all__ = ["BLOB", "CONTAINER", "PACKAGE", "UPLOAD", "Codes", "FileTrouble"]

_MESSAGES: Final = {
    "BlobNotFound": "One of the specified Azure Blob(s) is not found",
    "BlobAccessDenied": "Access for one of the specified Azure Blob(s) is denied",
    "BlobDownloadMiscError": "Miscellaneous error encountered while downloading one of the specified Azure Blob(s)",
    "ResourceContainerAccessDenied": "Access for one of the specified Azure Blob container(s) is denied",
    "ResourceContainerListMiscError": (
        "Miscellaneous error encountered while listing one of the specified Azure Blob container(s)"
    ),
    "ResourceFileCreateFailed": "Failure encountered creating resource file",
    "FileUploadContainerNotFound": (
        "One of the specified Azure container(s) was not found while attempting to upload an output file"
    ),
    "FileUploadAccessDenied": "Access to the specified Azure Blob container to upload one of the files is denied",
    "FileUploadMiscError": "Miscellaneous error encountered while uploading one of the output files",
    "ApplicationPackageError": "One of the specified application packages could not be deployed",
}
_SERVER_ERRORS: Final = frozenset({"BlobDownloadMiscError", "ResourceFileCreateFailed"})
_DENIED: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


@dataclass(frozen=True, slots=True)
class Codes:
    """What a failed request to storage is called, by what was asked for."""

    missing: str
    denied: str
    miscellaneous: str

    def of(self, status: int) -> str:
        """The code for an answer with this status."""
        if status in _DENIED:
            return self.denied
        return self.missing if status == HTTPStatus.NOT_FOUND else self.miscellaneous


BLOB: Final = Codes("BlobNotFound", "BlobAccessDenied", "BlobDownloadMiscError")
CONTAINER: Final = Codes(
    "ResourceContainerListMiscError", "ResourceContainerAccessDenied", "ResourceContainerListMiscError"
)
PACKAGE: Final = Codes(*("ApplicationPackageError",) * 3)
UPLOAD: Final = Codes("FileUploadContainerNotFound", "FileUploadAccessDenied", "FileUploadMiscError")


class FileTrouble(Exception):
    """A file could not be brought in or out; ``name`` says which, the text why (never a URL's signature).

    ``code`` is that of the failure of a task whose file this was.
    """

    def __init__(self, name: str, reason: str, code: str) -> None:
        self.name = name.partition("?")[0]
        self.reason = reason
        self.code = code
        super().__init__(f"{self.name}: {reason}")

    @property
    def failure(self) -> dict[str, Any]:
        """The failure information of a task whose file this was."""
        return {
            "category": "servererror" if self.code in _SERVER_ERRORS else "usererror",
            "code": self.code,
            "message": _MESSAGES[self.code],
            "details": [{"name": "FilePath", "value": self.name}, {"name": "Message", "value": self.reason}],
        }
