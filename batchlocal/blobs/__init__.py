"""Linked storage's blobs: Azurite, supervised."""

from batchlocal.blobs.server import AzuriteMissing, BlobServer

__all__ = ["AzuriteMissing", "BlobServer"]
