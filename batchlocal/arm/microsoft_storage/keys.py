"""Keys of storage accounts, and what is signed with them (F9)."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.fabric import (
    body_object,
)
from batchlocal.arm.microsoft_storage.provider import (
    PROVIDER,
    account_of,
    json_answer,
    sync_storage,
)
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__ = ["new_keys"]

_SHOUTED_SINCE = "2017-10-01"  # recorded: Full in all answers before, FULL in all since


@dataclass(eq=False)
class KeyNameInvalid(Refusal):
    """There are key1 and key2."""

    name: str


@dataclass(eq=False)
class ResourceToSignInvalid(Refusal):
    """A signature was asked for something that is not in the account's blob service."""

    resource: str
    account: str


CATALOGUE.update(
    {
        KeyNameInvalid: gateway(400, "InvalidValue", "'{name}' names no key; the keys are 'key1' and 'key2'."),
        ResourceToSignInvalid: gateway(
            400,
            "InvalidValuesForRequestParameters",
            "The canonicalizedResource '{resource}' is none of the account's: it is /blob/{account}/CONTAINER, or that"
            " and a blob.",
        ),
    }
)


@PROVIDER.operation("StorageAccounts_ListKeys")
def list_keys(call: ArmCall) -> Answer:
    """Both keys (F9)."""
    return json_answer(200, _keys(call, account_of(call)))


@PROVIDER.operation("StorageAccounts_RegenerateKey")
async def regenerate_key(call: ArmCall) -> Answer:
    """The named key anew, both in the answer (F9)."""
    name = str(body_object(call).get("keyName", ""))
    with call.platform.store.write() as tx:
        account = account_of(call)
        if name not in account.hidden["keys"]:
            raise KeyNameInvalid(name)
        account.hidden["keys"][name] = _new_key()
        account.body["properties"]["keyCreationTime"][name] = moments.iso(call.now)
        tx.resources.put(account)
    await sync_storage(call.platform)
    return json_answer(200, _keys(call, account))


@PROVIDER.operation("StorageAccounts_RevokeUserDelegationKeys")
def revoke_delegation_keys(call: ArmCall) -> Answer:
    """Done: linked storage takes no Entra tokens, so there is never a key of this kind."""
    account_of(call)
    return Answer(200)


def _keys(call: ArmCall, account: Resource) -> dict[str, Any]:
    may = "FULL" if call.request.api_version >= _SHOUTED_SINCE else "Full"
    created = account.body["properties"]["keyCreationTime"]
    keys = account.hidden["keys"].items()
    return {
        "keys": [
            {"creationTime": created[name], "keyName": name, "value": value, "permissions": may} for name, value in keys
        ]
    }


@PROVIDER.operation("StorageAccounts_ListAccountSAS")
def sign_for_account(call: ArmCall) -> Answer:
    """A shared access signature for services of the account."""
    from azure.storage.blob import generate_account_sas

    account, sent = account_of(call), body_object(call)
    token = generate_account_sas(
        account.name,
        _signing_key(account, sent),
        resource_types=str(sent.get("signedResourceTypes", "")),
        permission=str(sent.get("signedPermission", "")),
        services=str(sent.get("signedServices", "b")),
        **_when(sent),
    )
    return json_answer(200, {"accountSasToken": token})


@PROVIDER.operation("StorageAccounts_ListServiceSAS")
def sign_for_service(call: ArmCall) -> Answer:
    """A shared access signature for a container or a blob, named as ``/blob/account/container[/blob]``."""
    from azure.storage.blob import generate_blob_sas, generate_container_sas

    account, sent = account_of(call), body_object(call)
    parts = str(sent.get("canonicalizedResource", "")).strip("/").split("/", 3)
    if parts[0] != "blob" or len(parts) < 3 or parts[1].lower() != account.name.lower():
        raise ResourceToSignInvalid(str(sent.get("canonicalizedResource"))[:200], account.name)
    key, permission = _signing_key(account, sent), str(sent.get("signedPermission", "r"))
    if len(parts) == 4:
        token = generate_blob_sas(
            account.name, parts[2], parts[3], account_key=key, permission=permission, **_when(sent)
        )
    else:
        token = generate_container_sas(account.name, parts[2], account_key=key, permission=permission, **_when(sent))
    return json_answer(200, {"serviceSasToken": token})


def _signing_key(account: Resource, sent: dict[str, Any]) -> str:
    name = str(sent.get("keyToSign") or "key1")
    if name not in account.hidden["keys"]:
        raise KeyNameInvalid(name)
    return str(account.hidden["keys"][name])


def _when(sent: dict[str, Any]) -> dict[str, Any]:
    """From when, until when, from where and how a signature is good."""
    start = moments.to_datetime(moments.parse_iso(sent["signedStart"])) if sent.get("signedStart") else None
    expiry = moments.to_datetime(moments.parse_iso(sent["signedExpiry"])) if sent.get("signedExpiry") else None
    return {"start": start, "expiry": expiry, "ip": sent.get("signedIp"), "protocol": sent.get("signedProtocol")}


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(64)).decode()


def new_keys() -> dict[str, str]:
    """Two new keys, base64 of 64 bytes each."""
    return {"key1": _new_key(), "key2": _new_key()}
