"""Which identity a node reaches storage by, and whether it may.

Source: support article "Use managed identities in an Azure Batch account or pool": linked storage that is reached by
identity lets nodes in by the identity that ``nodeIdentityReference`` names, which their pool must have and which needs
a role at the storage account; resource files and output files name an identity of the pool themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from batchlocal.domain.pool import Pool
from batchlocal.linked_storage import is_by_identity, may_use_blobs, node_identity
from batchlocal.platform import Platform
from batchlocal.store.resources import Resource

__all__ = ["Access", "Owner", "access_to", "access_to_linked"]

Verb = Literal["read", "write"]


class Access(Enum):
    """Whether an identity opens a storage account, and if not, why."""

    GRANTED = "granted"
    UNNAMED = "the account's autoStorage has no nodeIdentityReference"
    FOREIGN = "the identity is not one of the pool's"
    DENIED = "no role of the identity allows it"


@dataclass(frozen=True)
class Owner:
    """Whose files they are: the Batch account, and the pool, by whose identities storage may be reached."""

    account: Resource
    pool: Pool


def access_to(platform: Platform, pool: Pool, identity: str, storage_id: str, verb: Verb) -> Access:
    """Whether a pool's nodes may read or write blobs of a storage account by an identity (both ARM ids)."""
    read = platform.store.read
    assigned = (pool.hidden.get("identity") or {}).get("userAssignedIdentities") or {}
    found = read.resources.find(identity)
    if found is None or identity.lower() not in {one.lower() for one in assigned}:
        return Access.FOREIGN
    principal = str(found.body["properties"]["principalId"])
    return Access.GRANTED if may_use_blobs(platform.access, read, principal, storage_id, verb) else Access.DENIED


def access_to_linked(platform: Platform, owner: Owner) -> Access:
    """Whether a pool's nodes may read what lies in the account's linked storage; always, when it is linked by key."""
    if not is_by_identity(owner.account):
        return Access.GRANTED
    identity = node_identity(owner.account)
    if not identity:
        return Access.UNNAMED
    storage_id = owner.account.body["properties"]["autoStorage"]["storageAccountId"]
    return access_to(platform, owner.pool, identity, storage_id, "read")
