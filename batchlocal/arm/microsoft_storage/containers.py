"""Blob containers: one thing with those in Azurite, which has them, their leases, metadata and public access.

ARM keeps beside them what Azurite does not know: encryption scopes, legal holds and immutability policies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from batchlocal.arm.blob_access import (
    Container,
    LeaseConflict,
    change_lease,
    containers,
    delete_container,
    has_blobs,
    make_container,
    set_container,
)
from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE
from batchlocal.arm.listing import listed, page_size, position
from batchlocal.arm.microsoft_storage.children import ChildNotFound
from batchlocal.arm.microsoft_storage.provider import (
    ACCOUNT_TYPE,
    PROVIDER,
    account_of,
    json_answer,
    key_of,
    storage_error,
)
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["LeaseRefused", "container_of", "kept_container"]

_CONTAINER_TYPE = f"{ACCOUNT_TYPE}/blobServices/containers"
_NAME = re.compile(r"\$root|[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]")  # "Naming containers, blobs, and metadata"
_IN_STORAGE = ("publicAccess", "metadata")  # properties that Azurite keeps


@dataclass(eq=False)
class ContainerNameInvalid(Refusal):
    """Not 3 to 63 lower-case letters, digits and single hyphens."""

    name: str


@dataclass(eq=False)
class PublicAccessNotPermitted(Refusal):
    """The account allows nobody to read without a key."""


@dataclass(eq=False)
class ContainerProtected(Refusal):
    """A legal hold or an immutability policy keeps the container."""

    reason: str


@dataclass(eq=False)
class LeaseRefused(Refusal):
    """The lease is not as the caller thinks; storage's own code and message."""

    code: str
    message: str


CATALOGUE.update(
    {
        ContainerNameInvalid: storage_error(
            400, "ContainerOperationFailure", "The specified resource name '{name}' contains invalid characters."
        ),
        # azure-rest-api-specs 11331
        PublicAccessNotPermitted: storage_error(
            409, "PublicAccessNotPermitted", "Public access is not permitted on this storage account."
        ),
        # "Immutable storage for blobs" has the rule; no document or recording seen has the code
        ContainerProtected: storage_error(409, "ContainerProtectedFromDeletion", "The container cannot go: {reason}."),
        LeaseRefused: storage_error(409, "{code}", "{message}"),
    }
)


@PROVIDER.operation("BlobContainers_Create")
async def put_container(call: ArmCall) -> Answer:
    """201 for a new container, 200 for one that was there, whoever made it."""
    account, name = account_of(call), call.parameters["containerName"]
    if not _NAME.fullmatch(name):
        raise ContainerNameInvalid(name[:100])
    _check_access(account, _sent(call))
    is_there = name in await containers(call.platform, key_of(account))
    await make_container(call.platform, key_of(account), name)
    return await _change(call, account, name, 200 if is_there else 201)


@PROVIDER.operation("BlobContainers_Update")
async def patch_container(call: ArmCall) -> Answer:
    """What is sent is changed, what is left out stays."""
    account, _ = await container_of(call)
    _check_access(account, _sent(call))
    return await _change(call, account, call.parameters["containerName"], 200)


def _sent(call: ArmCall) -> dict[str, Any]:
    return (call.body or {}).get("properties") or {}


def _check_access(account: Resource, sent: dict[str, Any]) -> None:
    asked = sent.get("publicAccess") or "None"
    if asked != "None" and not account.body["properties"].get("allowBlobPublicAccess"):
        raise PublicAccessNotPermitted


async def _change(call: ArmCall, account: Resource, name: str, status: int) -> Answer:
    sent = _sent(call)
    access, metadata = sent.get("publicAccess"), sent.get("metadata")
    await set_container(call.platform, key_of(account), name, access=access, metadata=metadata)
    with call.platform.store.write() as tx:
        kept = kept_container(call, tx, account, name)
        kept.body["properties"] |= {key: value for key, value in sent.items() if key not in _IN_STORAGE}
        kept.modified = call.now
        tx.resources.put(kept)
    found = (await containers(call.platform, key_of(account)))[name]
    return json_answer(status, _shown(kept, found))


def kept_container(call: ArmCall, tx: Tx, account: Resource, name: str) -> Resource:
    """What ARM keeps of a container; a new one for one that the blobs' own API made."""
    where = f"{account.id}/blobServices/default/containers/{name}"
    names = (account.subscription, account.resource_group, name, account.id)
    return tx.resources.find(where) or Resource(
        where, _CONTAINER_TYPE, *names, {"properties": {}}, {"type": _CONTAINER_TYPE}, call.now, call.now
    )


def _shown(kept: Resource, found: Container) -> dict[str, Any]:
    duration = {"leaseDuration": found.lease_duration} if found.lease_duration else {}
    metadata = {"metadata": found.metadata} if found.metadata else {}
    properties = {
        "defaultEncryptionScope": "$account-encryption-key",
        "denyEncryptionScopeOverride": False,
        "hasImmutabilityPolicy": False,
        "hasLegalHold": False,
        **kept.body["properties"],
        "publicAccess": found.access or "None",
        "leaseStatus": found.lease_status,
        "leaseState": found.lease_state,
        **duration,
        "lastModifiedTime": moments.iso(moments.parse_http_date(found.modified)),
        **metadata,
    }
    names = {"id": kept.id, "name": kept.name, "type": _CONTAINER_TYPE, "etag": f'"{found.etag}"'}
    return {**names, "properties": properties}


async def container_of(call: ArmCall) -> tuple[Resource, Container]:
    """The account and the container that the path names, as long as storage has it.

    Raises:
        ResourceNotFound: there is no such account.
        ChildNotFound
    """
    account = account_of(call)
    found = (await containers(call.platform, key_of(account))).get(call.parameters["containerName"])
    if found is None:
        raise ChildNotFound("ContainerNotFound", "container")
    return account, found


@PROVIDER.operation("BlobContainers_Get")
async def get_container(call: ArmCall) -> Answer:
    """The container."""
    account, found = await container_of(call)
    return json_answer(200, _shown(kept_container(call, call.tx, account, found.name), found))


@PROVIDER.operation("BlobContainers_List")
async def list_containers(call: ArmCall) -> Answer:
    """The containers that storage has, those too that the blobs' own API made."""
    account, after = account_of(call), position(call)
    found = await containers(call.platform, key_of(account))
    rest = [name for name in sorted(found) if name > after]

    def show(name: str) -> dict[str, Any]:
        return _shown(kept_container(call, call.tx, account, name), found[name])

    return json_answer(200, listed(call, rest, str, show, page_size(call, "$maxpagesize")).json)


@PROVIDER.operation("BlobContainers_Delete")
async def delete_blobs(call: ArmCall) -> Answer:
    """200 and the blobs are gone too, or 204 when there was none."""
    try:
        account, found = await container_of(call)
    except ChildNotFound:
        return Answer(204)
    kept = kept_container(call, call.tx, account, found.name)
    await _check_deletable(call, account, kept)
    try:
        await delete_container(call.platform, key_of(account), found.name)
    except LeaseConflict as refused:
        raise LeaseRefused(refused.code, refused.message) from None
    with call.platform.store.write() as tx:
        tx.resources.remove(kept.id)
    return Answer(200)


async def _check_deletable(call: ArmCall, account: Resource, kept: Resource) -> None:
    properties = kept.body["properties"]
    if properties.get("hasLegalHold"):
        raise ContainerProtected("it has a legal hold")
    if properties.get("hasImmutabilityPolicy") and await has_blobs(call.platform, key_of(account), kept.name):
        raise ContainerProtected("it has an immutability policy, and blobs")


@PROVIDER.operation("BlobContainers_Lease")
async def lease_container(call: ArmCall) -> Answer:
    """A lease is acquired, renewed, changed, released or broken where the blobs are."""
    account, found = await container_of(call)
    sent = call.body or {}
    names = {
        "action": "x-ms-lease-action",
        "leaseId": "x-ms-lease-id",
        "breakPeriod": "x-ms-lease-break-period",
        "leaseDuration": "x-ms-lease-duration",
        "proposedLeaseId": "x-ms-proposed-lease-id",
    }
    headers = {header: str(sent[name]) for name, header in names.items() if sent.get(name) is not None}
    headers["x-ms-lease-action"] = headers.get("x-ms-lease-action", "").lower()
    try:
        lease, seconds = await change_lease(call.platform, key_of(account), found.name, headers)
    except LeaseConflict as refused:
        raise LeaseRefused(refused.code, refused.message) from None
    broken = {"leaseTimeSeconds": seconds} if seconds else {}
    return json_answer(200, {**({"leaseId": lease} if lease else {}), **broken})
