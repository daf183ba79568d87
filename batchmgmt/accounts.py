"""Batch accounts of a subscription, and one account's nouns."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from batchmgmt.applications import Applications
from batchmgmt.errors import NotFound, UsageError, acting
from batchmgmt.keys import Keys
from batchmgmt.network import PrivateEndpointConnections
from batchmgmt.packages import Packages
from batchmgmt.pools import Pools
from batchmgmt.waiting import PATIENCE, Waited, outcome, until

if TYPE_CHECKING:
    from azure.batch import BatchClient
    from azure.batch.models import BatchSupportedImage
    from azure.mgmt.batch.models import BatchAccount, DetectorResponse, OutboundEnvironmentEndpoint

    from batchmgmt.endpoint import AuthMode, ServiceEndpoint
    from batchmgmt.keys import KeyName
    from batchmgmt.management import BatchManagement
    from batchmgmt.storage import ContainerAccess

__all__ = ["Account", "Accounts"]


class Accounts:
    """The accounts of a subscription."""

    def __init__(self, management: BatchManagement) -> None:
        self._management = management

    def list(self, resource_group: str | None = None) -> list[BatchAccount]:
        """All accounts, or those of one resource group. Raises AzureError, ConnectionFailed."""
        operations = self._management.sdk.batch_account
        if resource_group:
            with acting(f"listing the accounts of resource group '{resource_group}'"):
                return list(operations.list_by_resource_group(resource_group))
        with acting("listing accounts"):
            return list(operations.list())

    def ensure(
        self,
        resource_group: str,
        name: str,
        *,
        location: str,
        storage_account_id: str | None = None,
        timeout: float = PATIENCE,
        progress: Waited | None = None,
    ) -> bool:
        """Create the account if there is none, and wait for it; whether it was created. One that is there stays.

        Args:
            location: a region's short name, such as westeurope. storage_account_id: ARM id of the storage account to be
                linked. timeout: seconds.

        Raises:
            UsageError: an account of that name is there, in another region.
            TimedOut: Azure is creating it still. AzureError, ConnectionFailed: a request failed.
        """
        account, act = Account(self._management, resource_group, name), f"creating account '{name}'"
        found = account.find()
        if found is not None:
            if found.location and _region(found.location) != _region(location):
                raise UsageError(f"account '{name}' is in {found.location} already, not in {location}")
            until(act, lambda: not _is_being_created(account.get()), timeout=timeout, progress=progress)
            return False
        wanted: dict[str, Any] = {"location": location}
        if storage_account_id:
            wanted["properties"] = {"autoStorage": {"storageAccountId": storage_account_id}}
        with acting(act):
            poller = self._management.sdk.batch_account.begin_create(resource_group, name, wanted)
        outcome(act, poller, timeout=timeout, progress=progress)
        return True


class Account:
    """One Batch account; making one asks nothing of Azure yet."""

    def __init__(self, management: BatchManagement, resource_group: str, name: str) -> None:
        self.management = management
        self.resource_group = resource_group
        self.name = name
        self.applications = Applications(management, resource_group, name)
        self.packages = Packages(management, resource_group, name)
        self.pools = Pools(management, resource_group, name)
        self.keys = Keys(management, resource_group, name)
        self.private_endpoint_connections = PrivateEndpointConnections(management, resource_group, name)

    def get(self) -> BatchAccount:
        """The account as ARM has it. Raises AzureError, ConnectionFailed."""
        with acting(f"reading account '{self.name}'"):
            return self.management.sdk.batch_account.get(self.resource_group, self.name)

    def find(self) -> BatchAccount | None:
        """The account, or None where there is none of that name. Raises AzureError, ConnectionFailed."""
        try:
            return self.get()
        except NotFound as missing:
            if missing.code.lower() not in ("accountnotfound", "resourcenotfound"):
                raise
            return None

    def link_storage(self, storage_account_id: str) -> BatchAccount:
        """Link a storage account, for application packages and files. Raises AzureError, ConnectionFailed."""
        from azure.mgmt.batch.models import AutoStorageBaseProperties, BatchAccountUpdateParameters
        from azure.mgmt.batch.models import BatchAccountUpdateProperties as Properties

        linked = Properties(auto_storage=AutoStorageBaseProperties(storage_account_id=storage_account_id))
        with acting(f"linking storage to account '{self.name}'"):
            return self.management.sdk.batch_account.update(
                self.resource_group,
                self.name,
                BatchAccountUpdateParameters(properties=linked),
                retry_on_methods=["GET", "PATCH"],
            )

    def delete(self, *, timeout: float = PATIENCE, progress: Waited | None = None) -> None:
        """Delete the account with all it holds, and wait (``timeout`` in seconds) until it is gone.

        Raises:
            TimedOut: Azure is deleting it still. AzureError, ConnectionFailed: a request failed.
        """
        act = f"deleting account '{self.name}'"
        with acting(act):
            poller = self.management.sdk.batch_account.begin_delete(self.resource_group, self.name)
        outcome(act, poller, timeout=timeout, progress=progress)

    def detectors(self) -> list[DetectorResponse]:
        """What Azure's own diagnostics say of the account. Raises AzureError, ConnectionFailed."""
        with acting(f"listing the detectors of account '{self.name}'"):
            return list(self.management.sdk.batch_account.list_detectors(self.resource_group, self.name))

    def detector(self, detector: str) -> DetectorResponse:
        """One of them, by its id; its value is base64 of JSON. Raises AzureError, ConnectionFailed."""
        with acting(f"reading detector '{detector}' of account '{self.name}'"):
            return self.management.sdk.batch_account.get_detector(self.resource_group, self.name, detector)

    def outbound_dependencies(self) -> list[OutboundEnvironmentEndpoint]:
        """Hosts that pools without public addresses must reach. Raises AzureError, ConnectionFailed."""
        operations = self.management.sdk.batch_account
        with acting(f"listing the outbound dependencies of account '{self.name}'"):
            return list(operations.list_outbound_network_dependencies_endpoints(self.resource_group, self.name))

    def images(self) -> list[BatchSupportedImage]:
        """The images its pools may use: a service-level call. Raises AzureError, ConnectionFailed."""
        with self.client() as client, acting(f"listing the images of account '{self.name}'"):
            return list(client.list_supported_images())

    def container_access(self, container: str, *, ttl: timedelta, permissions: str = "rl") -> ContainerAccess:
        """A SAS URL for a container of the linked storage, created if need be; see ``batchmgmt.storage``.

        Raises:
            UsageError: no storage is linked. AzureError, ConnectionFailed: a request failed.
        """
        from batchmgmt.storage import container_access

        storage = self.endpoint(details=True).storage
        if storage is None:
            raise UsageError(f"account '{self.name}' has no linked storage")
        return container_access(self.management, storage, container, ttl=ttl, permissions=permissions)

    def endpoint(
        self, *, auth: AuthMode = "auto", key_name: KeyName = "primary", details: bool = False
    ) -> ServiceEndpoint:
        """Where its Batch service is, with a key or a token. Raises as ``endpoint.resolve`` does."""
        return self.management.endpoint(self.resource_group, self.name, auth=auth, key_name=key_name, details=details)

    def client(self, *, auth: AuthMode = "auto") -> BatchClient:
        """azure-batch's client for its Batch service. Raises as ``endpoint.resolve`` does."""
        return self.endpoint(auth=auth).client()


def _is_being_created(account: BatchAccount) -> bool:
    return account.properties is not None and account.properties.provisioning_state == "Creating"


def _region(location: str) -> str:
    """A region's short name: Azure takes ``West Europe`` for ``westeurope``."""
    return location.replace(" ", "").lower()
