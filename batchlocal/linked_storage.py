"""The storage account that a Batch account is linked to, and the key to it that Batch knows.

With authentication mode StorageKeys Batch keeps a copy of the storage account's first key from when the link was made
until SynchronizeAutoStorageKeys; a key that is regenerated meanwhile leaves the copy stale, and storage refuses it.
Source: Microsoft's API description of BatchAccount_SynchronizeAutoStorageKeys and AutoStorageProperties (lastKeySync,
authenticationMode). With BatchAccountManagedIdentity no key is kept, so none goes stale: the account's identity needs a
role at the storage account, and nodes use the identity that ``nodeIdentityReference`` names, which their pool must have
(support article "Use managed identities in an Azure Batch account or pool").
"""

from __future__ import annotations

from typing import Any, Literal

from batchlocal.access import Access
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["BY_IDENTITY", "is_by_identity", "key_of", "may_use_blobs", "node_identity", "take_key"]

BY_IDENTITY = "BatchAccountManagedIdentity"
_COPY = "autoStorageKey"
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"


def take_key(tx: Tx, account: Resource) -> None:
    """Copy the linked storage account's key, as it is now, to the account; without a link there is none to keep."""
    storage = _linked(tx, account)
    account.hidden.pop(_COPY, None)
    if storage is not None:
        account.hidden[_COPY] = storage.hidden["keys"]["key1"]


def key_of(tx: Tx, account: Resource) -> tuple[str, str] | None:
    """Name of the linked storage account and the key (base64) that Batch uses; None when nothing is linked."""
    storage = _linked(tx, account)
    if storage is None:
        return None
    present: str = storage.hidden["keys"]["key1"]
    by_key = account.body["properties"]["autoStorage"].get("authenticationMode", "StorageKeys") == "StorageKeys"
    return storage.name, account.hidden.get(_COPY, present) if by_key else present


def _linked(tx: Tx, account: Resource) -> Resource | None:
    linked = account.body["properties"].get("autoStorage") or {}
    return tx.resources.find(linked.get("storageAccountId", ""))


def is_by_identity(account: Resource) -> bool:
    """Whether Batch reaches the account's linked storage by identity rather than by key."""
    linked = account.body["properties"].get("autoStorage") or {}
    return bool(linked.get("authenticationMode") == BY_IDENTITY)


def node_identity(account: Resource) -> str:
    """The id of the identity by which nodes reach linked storage; empty when the account names none."""
    linked: dict[str, Any] = account.body["properties"].get("autoStorage") or {}
    return str((linked.get("nodeIdentityReference") or {}).get("resourceId") or "")


def may_use_blobs(access: Access, tx: Tx, principal: str, storage_id: str, verb: Literal["read", "write"]) -> bool:
    """Whether a principal (by object id) may read or write blobs of a storage account, by its roles."""
    return access.may(tx, principal, f"{_BLOBS}/{verb}", storage_id, data=True)
