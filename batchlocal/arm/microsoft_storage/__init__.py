"""Microsoft.Storage: accounts, keys and signatures, and what lies below an account (F9).

Accounts live in ARM; their blobs live in Azurite, which is told of names and keys after each commit. Containers are one
thing with those in Azurite; files, queues, tables and policies are resources of ARM with nothing behind them.
"""

from batchlocal.arm.microsoft_storage import (
    accounts,
    containers,
    deleted_accounts,
    encryption_scopes,
    failover,
    file_shares,
    immutability,
    keys,
    local_users,
    migrations,
    perimeters,
    policies,
    private_links,
    queues_and_tables,
    regions,
    services,
)
from batchlocal.arm.microsoft_storage.provider import PROVIDER

__all__ = [
    "PROVIDER",
    "accounts",
    "containers",
    "deleted_accounts",
    "encryption_scopes",
    "failover",
    "file_shares",
    "immutability",
    "keys",
    "local_users",
    "migrations",
    "perimeters",
    "policies",
    "private_links",
    "queues_and_tables",
    "regions",
    "services",
]
