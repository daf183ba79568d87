"""Linked storage's blobs: Azurite, supervised."""

from batchlocal.blobs.server import AzuriteMissing, BlobServer, check_installed

__all__ = ["AzuriteMissing", "BlobServer", "check_installed"]
