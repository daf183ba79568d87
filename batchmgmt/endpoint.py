"""The service endpoint of an account, with a key or a token: what data-plane tools are handed.

Two requests at most without details: the account (its endpoint and authentication modes), and listKeys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from batchmgmt.arm import STORAGE_API_VERSION, Arm, account_id
from batchmgmt.errors import BatchManagementError, Forbidden, UsageError
from batchmgmt.secret import Secret

if TYPE_CHECKING:
    from azure.batch import BatchClient
    from azure.batch.aio import BatchClient as AsyncBatchClient
    from azure.core.credentials import TokenCredential

    from batchmgmt.stacks import StackOutputs

__all__ = ["AuthMode", "KeyAuthentication", "ServiceEndpoint", "Storage", "TokenAuthentication", "resolve"]

AuthMode = Literal["auto", "key", "token"]

SHARED_KEY: Final = "SharedKey"


class KeyAuthentication(NamedTuple):
    """One of the account's two keys; ``key_name`` is ``primary`` or ``secondary``."""

    key_name: str
    key: Secret


class TokenAuthentication(NamedTuple):
    """An Entra token for the Batch service and the second (Unix time) it ends at."""

    token: Secret
    expires_on: int


class Storage(NamedTuple):
    """The linked storage account: its name, blob endpoint (https URL), how Batch signs in to it, and its ARM id."""

    account: str
    blob_endpoint: str
    authentication_mode: str
    resource_id: str


class ServiceEndpoint(NamedTuple):
    """Where an account's Batch service is, and what opens it.

    Attributes:
        account, resource_group, subscription_id: which account it is.
        url: of the Batch service, with https and without a trailing slash.
        authentication: a key or a token. reason: why it is that one.
        portal_url: the account in the Azure Portal. detailed: whether pools and the like are known.
        location, pools, applications, storage, cloud: known with details or from a stack; else empty.
            ``applications`` maps each id to its default version or None.
    """

    account: str
    resource_group: str
    subscription_id: str
    url: str
    authentication: KeyAuthentication | TokenAuthentication
    reason: str
    portal_url: str
    detailed: bool = False
    location: str = ""
    pools: tuple[str, ...] = ()
    applications: Mapping[str, str | None] = MappingProxyType({})
    storage: Storage | None = None
    cloud: str = ""
    credential: Callable[[], TokenCredential] | None = None

    def client(self, **options: Any) -> BatchClient:
        """azure-batch's client for this endpoint; ``options`` are its own.

        With a key it signs requests; with a token it asks for new ones as they end, where the endpoint came from a
        ``BatchManagement``.
        """
        from batchmgmt.clients import batch_client

        return batch_client(self, **options)

    def async_client(self, **options: Any) -> AsyncBatchClient:
        """azure-batch's asynchronous client for this endpoint."""
        from batchmgmt.clients import async_batch_client

        return async_batch_client(self, **options)

    def env(self) -> dict[str, str]:
        """Environment variables that az CLI and scripts read; the values are secrets."""
        from batchmgmt.handoff.environment import variables

        return variables(self)

    def export(self, form: str) -> str:
        """The endpoint in one of ``batchmgmt.handoff.FORMATS``; the text holds a secret where the format asks for it.

        Raises:
            UsageError: there is no such format, or it cannot carry this authentication.
        """
        from batchmgmt.handoff import render

        return render(self, form)


def resolve(
    arm: Arm,
    subscription_id: str,
    resource_group: str,
    account: str,
    *,
    auth: AuthMode = "auto",
    key_name: str = "primary",
    details: bool = False,
    stack: StackOutputs | None = None,
    credential: Callable[[], TokenCredential] | None = None,
) -> ServiceEndpoint:
    """The account's endpoint.

    Args:
        auth: ``auto`` takes the key where the account allows keys and the identity may list them, else a token.
        key_name: ``primary`` or ``secondary``.
        details: also ask ARM for location, pools, applications and linked storage.
        stack: the stack that deployed the account; details then come from its outputs.

    Raises:
        AzureError, ConnectionFailed: a request failed. UsageError: the account does not allow what ``auth`` asks for.
    """
    resource_id = account_id(subscription_id, resource_group, account)
    found = arm.get(f"reading account '{account}'", resource_id)
    properties = found["properties"]
    authentication, reason = _authentication(arm, resource_id, account, properties, auth, key_name)
    known = _from_stack(stack, properties) if stack else _from_arm(arm, resource_id, properties) if details else {}
    return ServiceEndpoint(
        account=found["name"],
        resource_group=resource_group,
        subscription_id=subscription_id,
        url=f"https://{properties['accountEndpoint']}",
        authentication=authentication,
        reason=reason,
        portal_url=f"{arm.cloud.portal}/#resource{resource_id}",
        detailed=bool(known),
        location=found["location"],
        cloud=arm.cloud.name,
        credential=credential,
        **known,
    )


def _authentication(
    arm: Arm, resource_id: str, account: str, properties: Mapping[str, Any], auth: AuthMode, key_name: str
) -> tuple[KeyAuthentication | TokenAuthentication, str]:
    refusal = _why_no_key(properties)
    if auth == "token":
        return _token(arm), "a token was asked for"
    if auth == "key" and refusal:
        raise UsageError(f"account '{account}' gives out no keys: {refusal}; use --auth token")
    if refusal:
        return _token(arm), refusal
    try:
        return _key(arm, resource_id, account, key_name), "a key was asked for" if auth == "key" else "it allows keys"
    except Forbidden:
        if auth == "key":
            raise
        return _token(arm), "this identity may not list the account's keys"


def _why_no_key(properties: Mapping[str, Any]) -> str:
    if properties.get("poolAllocationMode") == "UserSubscription":
        return "accounts in UserSubscription mode take tokens only"
    modes = properties.get("allowedAuthenticationModes")
    if modes is not None and SHARED_KEY not in modes:
        return f"its allowed authentication modes are {', '.join(modes) or 'none'}"
    return ""


def _key(arm: Arm, resource_id: str, account: str, key_name: str) -> KeyAuthentication:
    keys = arm.post(f"listing the keys of account '{account}'", f"{resource_id}/listKeys")
    key = keys.get(key_name)
    if not key:
        raise BatchManagementError(f"account '{account}' has no {key_name} key")
    return KeyAuthentication(key_name, Secret(key))


def _token(arm: Arm) -> TokenAuthentication:
    token = arm.token(arm.cloud.batch_scope)
    return TokenAuthentication(token.secret, token.expires_on)


def _from_stack(stack: StackOutputs, properties: Mapping[str, Any]) -> dict[str, Any]:
    values, linked = stack.values, properties.get("autoStorage") or {}
    storage = None
    if linked and values.get("storageAccount") and values.get("storageBlobEndpoint"):
        mode = linked.get("authenticationMode", "StorageKeys")
        storage = Storage(
            values["storageAccount"], values["storageBlobEndpoint"], mode, linked.get("storageAccountId", "")
        )
    return {
        "pools": tuple(values.get("pools") or ()),
        "applications": dict(values.get("applications") or {}),
        "storage": storage,
    }


def _from_arm(arm: Arm, resource_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    linked = properties.get("autoStorage")
    applications = (
        {
            each["name"]: each["properties"].get("defaultVersion")
            for each in arm.list("listing applications", f"{resource_id}/applications")
        }
        if linked  # without linked storage even the list is refused: AccountNotEnabledForAutoStorage
        else {}
    )
    return {
        "pools": tuple(each["name"] for each in arm.list("listing pools", f"{resource_id}/pools")),
        "applications": applications,
        "storage": _storage(arm, linked) if linked else None,
    }


def _storage(arm: Arm, linked: Mapping[str, Any]) -> Storage:
    resource_id = linked["storageAccountId"]
    found = arm.get("reading the linked storage account", resource_id, STORAGE_API_VERSION)
    endpoint = found["properties"]["primaryEndpoints"]["blob"]
    return Storage(found["name"], endpoint, linked.get("authenticationMode", "StorageKeys"), resource_id)
