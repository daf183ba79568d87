"""Private endpoint connections to an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from batchmgmt.errors import acting
from batchmgmt.waiting import PATIENCE, Waited, outcome

if TYPE_CHECKING:
    from azure.mgmt.batch.models import PrivateEndpointConnection

    from batchmgmt.management import BatchManagement

__all__ = ["PrivateEndpointConnections"]

APPROVED: Final = "Approved"
REJECTED: Final = "Rejected"


class PrivateEndpointConnections:
    """The private endpoint connections of one account; every method raises AzureError and ConnectionFailed."""

    def __init__(self, management: BatchManagement, resource_group: str, account: str) -> None:
        self._management = management
        self._account = (resource_group, account)

    def list(self) -> list[PrivateEndpointConnection]:
        """All connections, whatever their state."""
        with acting(f"listing the private endpoint connections of account '{self._account[1]}'"):
            operations = self._management.sdk.private_endpoint_connection
            return list(operations.list_by_batch_account(*self._account))

    def get(self, connection: str) -> PrivateEndpointConnection:
        """One connection, by its name (``ENDPOINT.GUID``)."""
        with acting(f"reading {self._named(connection)}"):
            return self._management.sdk.private_endpoint_connection.get(*self._account, connection)

    def approve(
        self, connection: str, *, description: str = "", timeout: float = PATIENCE, progress: Waited | None = None
    ) -> PrivateEndpointConnection:
        """Let a connection in, and wait (``timeout`` in seconds) for it. Raises TimedOut besides."""
        return self._decide(connection, APPROVED, description, timeout, progress)

    def reject(
        self, connection: str, *, description: str = "", timeout: float = PATIENCE, progress: Waited | None = None
    ) -> PrivateEndpointConnection:
        """Turn a connection away, and wait (``timeout`` in seconds) for it. Raises TimedOut besides."""
        return self._decide(connection, REJECTED, description, timeout, progress)

    def delete(self, connection: str, *, timeout: float = PATIENCE, progress: Waited | None = None) -> None:
        """Remove a connection, and wait (``timeout`` in seconds) until it is gone. Raises TimedOut besides."""
        act = f"deleting {self._named(connection)}"
        with acting(act):
            poller = self._management.sdk.private_endpoint_connection.begin_delete(*self._account, connection)
        outcome(act, poller, timeout=timeout, progress=progress)

    def _decide(
        self, connection: str, status: str, description: str, timeout: float, progress: Waited | None
    ) -> PrivateEndpointConnection:
        from azure.mgmt.batch import models

        state = models.PrivateLinkServiceConnectionState(status=status, description=description)
        wanted = models.PrivateEndpointConnection(
            properties=models.PrivateEndpointConnectionProperties(private_link_service_connection_state=state)
        )
        act = f"setting {self._named(connection)} to {status}"
        with acting(act):
            operations = self._management.sdk.private_endpoint_connection
            poller = operations.begin_update(*self._account, connection, wanted, retry_on_methods=["GET", "PATCH"])
        return outcome(act, poller, timeout=timeout, progress=progress)

    def _named(self, connection: str) -> str:
        return f"private endpoint connection '{connection}' of account '{self._account[1]}'"
