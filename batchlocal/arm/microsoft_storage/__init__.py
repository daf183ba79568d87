"""Microsoft.Storage, as far as linked storage needs it: accounts, keys and signatures, blob containers, policies (F9).

Accounts live in ARM; their blobs live in Azurite, which is told of names and keys after each commit.
"""

from batchlocal.arm.microsoft_storage import accounts, blob_services, keys, policies, private_links
from batchlocal.arm.microsoft_storage.provider import PROVIDER

__all__ = ["PROVIDER", "accounts", "blob_services", "keys", "policies", "private_links"]
