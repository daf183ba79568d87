"""Private endpoint connections to an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from batchmgmt.errors import acting

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

    def approve(self, connection: str, *, description: str = "") -> PrivateEndpointConnection:
        """Let a connection in, and wait for it."""
        return self._decide(connection, APPROVED, description)

    def reject(self, connection: str, *, description: str = "") -> PrivateEndpointConnection:
        """Turn a connection away, and wait for it."""
        return self._decide(connection, REJECTED, description)

    def delete(self, connection: str) -> None:
        """Remove a connection, and wait until it is gone."""
        with acting(f"deleting private endpoint connection '{connection}' of account '{self._account[1]}'"):
            self._management.sdk.private_endpoint_connection.begin_delete(*self._account, connection).result()

    def _decide(self, connection: str, status: str, description: str) -> PrivateEndpointConnection:
        from azure.mgmt.batch import models

        state = models.PrivateLinkServiceConnectionState(status=status, description=description)
        wanted = models.PrivateEndpointConnection(
            properties=models.PrivateEndpointConnectionProperties(private_link_service_connection_state=state)
        )
        with acting(f"setting private endpoint connection '{connection}' of account '{self._account[1]}' to {status}"):
            operations = self._management.sdk.private_endpoint_connection
            return operations.begin_update(*self._account, connection, wanted).result()
