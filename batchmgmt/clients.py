"""The only maker of credentials and SDK clients.

Every client gets the same cloud, the same time-outs and retries; SDK modules are imported where they are used, for each
costs about a tenth of a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from batchmgmt.clouds import Cloud
from batchmgmt.endpoint import KeyAuthentication, ServiceEndpoint, TokenAuthentication
from batchmgmt.errors import UsageError
from batchmgmt.lean import LeanHttp, default_timeout
from batchmgmt.oidc import pipeline_identity
from batchmgmt.tokens import EnvironmentTokens, Token

if TYPE_CHECKING:
    from azure.batch import BatchClient
    from azure.batch.aio import BatchClient as AsyncBatchClient
    from azure.core.credentials import AccessToken, TokenCredential
    from azure.identity import ClientAssertionCredential, DefaultAzureCredential
    from azure.mgmt.batch import BatchManagementClient
    from azure.mgmt.batch.aio import BatchManagementClient as AsyncBatchManagementClient
    from azure.mgmt.storage import StorageManagementClient
    from azure.storage.blob import BlobServiceClient

__all__ = [
    "CachedCredential",
    "async_batch_client",
    "async_management_client",
    "batch_client",
    "blob_service",
    "environment_credential",
    "management_client",
    "storage_management_client",
]

# Azure's SDKs wait 300 s for an answer by default, and pause 0.8 s, 1.6 s, 3.2 s, ... between tries.
_RETRIES: Final = {"retry_total": 5, "retry_backoff_factor": 0.4}


def environment_credential(cloud: Cloud) -> ClientAssertionCredential | DefaultAzureCredential:
    """A pipeline's own identity where it is asked for, else azure-identity's default chain for the cloud.

    That chain is: environment, workload and managed identity, developer tools.

    Raises:
        UsageError: see ``pipeline_identity``; or a variable of azure-identity's is set to what it cannot take.
    """
    from azure.identity import ClientAssertionCredential, DefaultAzureCredential

    from batchmgmt.logs import guard

    guard()
    options: dict[str, Any] = {"authority": cloud.authority, "disable_instance_discovery": not cloud.well_known}
    if pipeline := pipeline_identity():
        return ClientAssertionCredential(pipeline.tenant, pipeline.client, pipeline.assertion, **options)
    try:
        return DefaultAzureCredential(**options)
    except ValueError as mistake:  # a secret that is set and empty, a tenant with letters that none has
        variables = "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
        raise UsageError(f"signing in: {str(mistake).rstrip('.')}; check {variables}") from None


class CachedCredential:
    """The environment's identity by way of the private token cache: for processes that live for one command."""

    def __init__(self, cloud: Cloud) -> None:
        self._tokens = EnvironmentTokens(cloud, LeanHttp())

    def token(self, scope: str) -> Token:
        """A token for the scope, without an SDK's import. Raises AzureError, ConnectionFailed."""
        return self._tokens(scope)

    def forget(self) -> None:
        """Keep no token that was got until now."""
        self._tokens.forget()

    def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
        """A token for the one scope. Raises AzureError, ConnectionFailed."""
        from azure.core.credentials import AccessToken

        token = self.token(scopes[0])
        return AccessToken(token.secret.reveal(), token.expires_on)


def management_client(
    cloud: Cloud, credential: TokenCredential, subscription_id: str, **options: Any
) -> BatchManagementClient:
    """azure-mgmt-batch's client."""
    from azure.mgmt.batch import BatchManagementClient

    from batchmgmt.refusals import ReadRefusals

    reading: dict[str, Any] = {"per_retry_policies": [ReadRefusals()]}
    return BatchManagementClient(credential, subscription_id, **_arm_options(cloud), **reading, **options)


def async_management_client(
    cloud: Cloud, credential: Any, subscription_id: str, **options: Any
) -> AsyncBatchManagementClient:
    """azure-mgmt-batch's asynchronous client; ``credential`` is an ``AsyncTokenCredential``."""
    from azure.mgmt.batch.aio import BatchManagementClient

    return BatchManagementClient(credential, subscription_id, **_arm_options(cloud), **options)


def storage_management_client(
    cloud: Cloud, credential: TokenCredential, subscription_id: str, **options: Any
) -> StorageManagementClient:
    """azure-mgmt-storage's client."""
    from azure.mgmt.storage import StorageManagementClient

    return StorageManagementClient(credential, subscription_id, **_arm_options(cloud), **options)


def blob_service(endpoint: str, credential: Any) -> BlobServiceClient:
    """azure-storage-blob's client for a storage account, by key (a dict of account_name, account_key) or token."""
    from azure.storage.blob import BlobServiceClient

    options: dict[str, Any] = {**_common()}
    return BlobServiceClient(endpoint.rstrip("/"), credential=credential, **options)


def batch_client(endpoint: ServiceEndpoint, **options: Any) -> BatchClient:
    """azure-batch's client for an endpoint."""
    from azure.batch import BatchClient
    from azure.core.credentials import AzureNamedKeyCredential

    if isinstance(endpoint.authentication, KeyAuthentication):
        key = endpoint.authentication.key.reveal()
        return BatchClient(endpoint.url, AzureNamedKeyCredential(endpoint.account, key), **_defaults(options))
    credential = endpoint.credential() if endpoint.credential else _Fixed(endpoint.authentication)
    return BatchClient(endpoint.url, credential, **_defaults(options))


def async_batch_client(endpoint: ServiceEndpoint, **options: Any) -> AsyncBatchClient:
    """azure-batch's asynchronous client for an endpoint; a token is not renewed."""
    from azure.batch.aio import BatchClient
    from azure.core.credentials import AzureNamedKeyCredential

    if isinstance(endpoint.authentication, KeyAuthentication):
        key = endpoint.authentication.key.reveal()
        return BatchClient(endpoint.url, AzureNamedKeyCredential(endpoint.account, key), **_defaults(options))
    return BatchClient(endpoint.url, _AsyncFixed(endpoint.authentication), **_defaults(options))


class _Fixed:
    """Gives the one token it has."""

    def __init__(self, authentication: TokenAuthentication) -> None:
        self._authentication = authentication

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        from azure.core.credentials import AccessToken

        return AccessToken(self._authentication.token.reveal(), self._authentication.expires_on)


class _AsyncFixed:
    """Gives the one token it has, to asynchronous clients."""

    def __init__(self, authentication: TokenAuthentication) -> None:
        self._fixed = _Fixed(authentication)

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return self._fixed.get_token(*scopes, **options)

    async def close(self) -> None:
        """Nothing to close."""

    async def __aenter__(self) -> _AsyncFixed:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


def _arm_options(cloud: Cloud) -> dict[str, Any]:
    """``polling_interval`` (seconds) is for answers without a Retry-After; Azure Batch always sends one."""
    base = {"base_url": cloud.arm, "credential_scopes": [cloud.arm_scope], "polling_interval": 1}
    return {**base, **_common(), **_RETRIES}


def _defaults(options: dict[str, Any]) -> dict[str, Any]:
    return {**_common(), **_RETRIES, **options}


def _common() -> dict[str, float]:
    """What every client has: time-outs in seconds, and a guard on what is logged of its requests."""
    from batchmgmt.logs import guard

    guard()
    return {"connection_timeout": min(10.0, default_timeout()), "read_timeout": default_timeout()}
