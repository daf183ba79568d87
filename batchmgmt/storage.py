"""Short-lived access to a container of the linked storage, for scripts that stage files in and out.

Source: Storage services, "Create a service SAS" and "Create a user delegation SAS".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from batchmgmt.errors import BatchManagementError, UsageError, acting
from batchmgmt.secret import Secret

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient

    from batchmgmt.endpoint import Storage
    from batchmgmt.management import BatchManagement

__all__ = ["ContainerAccess", "container_access"]

LONGEST: Final = timedelta(days=7)  # of a user delegation SAS; for a key's SAS our own limit
EARLY: Final = timedelta(minutes=5)  # clocks differ


class ContainerAccess(NamedTuple):
    """A container's URL with a SAS, and when that ends (UTC)."""

    url: Secret
    expires_on: datetime


def container_access(
    management: BatchManagement, storage: Storage, container: str, *, ttl: timedelta, permissions: str = "rl"
) -> ContainerAccess:
    """A SAS URL for one container, which is created if it is not there.

    Signed with the account's key where the account takes keys, else with a user delegation key of this identity.

    Args:
        permissions: letters of the Blob service: r read, a add, c create, w write, d delete, l list.

    Raises:
        UsageError: the time or the permissions are none. AzureError, ConnectionFailed: a request failed.
    """
    if not timedelta(0) < ttl <= LONGEST:
        raise UsageError(f"a SAS lasts up to {LONGEST.days} days, and longer than nothing")
    if not permissions or set(permissions) - set("racwdl"):
        raise UsageError(f"permissions are letters of racwdl, not '{permissions}'")
    from azure.storage.blob import ContainerSasPermissions, generate_container_sas

    now = datetime.now(UTC)
    with acting(f"signing for container '{container}' of storage '{storage.account}'"):
        service, signing = _signer(management, storage, now - EARLY, now + ttl)
        with service:
            client = service.get_container_client(container)
            if not client.exists():
                client.create_container()
            sas = generate_container_sas(
                storage.account,
                container,
                permission=ContainerSasPermissions.from_string(permissions),
                start=now - EARLY,
                expiry=now + ttl,
                **signing,
            )
            return ContainerAccess(Secret(f"{client.url}?{sas}"), now + ttl)


def _signer(
    management: BatchManagement, storage: Storage, start: datetime, end: datetime
) -> tuple[BlobServiceClient, dict[str, Any]]:
    """A client of the storage account, and what its SAS is signed with."""
    from batchmgmt.clients import blob_service

    parts = storage.resource_id.split("/")
    if len(parts) < 9:
        raise BatchManagementError(f"storage '{storage.account}' has no resource id")
    accounts = management.storage_sdk.storage_accounts
    if accounts.get_properties(parts[4], storage.account).allow_shared_key_access is False:
        service = blob_service(storage.blob_endpoint, management.credential)
        return service, {"user_delegation_key": service.get_user_delegation_key(start, end)}
    keys = accounts.list_keys(parts[4], storage.account).keys_property or []
    key = str(keys[0].value)
    return blob_service(storage.blob_endpoint, {"account_name": storage.account, "account_key": key}), {
        "account_key": key
    }
