"""The storage account that a Batch account is linked to, and the key to it that Batch knows.

With authentication mode StorageKeys Batch keeps a copy of the storage account's first key from when the link was made
until SynchronizeAutoStorageKeys; a key that is regenerated meanwhile leaves the copy stale, and storage refuses it.
Source: Microsoft's API description of BatchAccount_SynchronizeAutoStorageKeys and AutoStorageProperties (lastKeySync,
authenticationMode). With BatchAccountManagedIdentity no key is kept, so none goes stale.
"""

from __future__ import annotations

from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["key_of", "take_key"]

_COPY = "autoStorageKey"


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
