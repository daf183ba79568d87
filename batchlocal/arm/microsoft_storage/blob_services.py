"""Blob services and containers, in step with Azurite, where the blobs are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from batchlocal.arm.blob_access import containers, delete_container, make_container
from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.fabric import (
    ResourceNotFound,
    shown,
)
from batchlocal.arm.microsoft_storage.provider import (
    ACCOUNT_TYPE,
    PROVIDER,
    account_of,
    json_answer,
    key_of,
)
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__: list[str] = []

_CONTAINER_TYPE = f"{ACCOUNT_TYPE}/blobServices/containers"
_NAME = re.compile(r"\$root|[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]")  # "Naming containers, blobs, and metadata"


@dataclass(eq=False)
class ContainerNameInvalid(Refusal):
    """Not 3 to 63 lower-case letters, digits and single hyphens."""

    name: str


CATALOGUE[ContainerNameInvalid] = gateway(
    400, "ContainerOperationFailure", "The specified resource name '{name}' contains invalid characters."
)


_SERVICE = {"cors": {"corsRules": []}, "deleteRetentionPolicy": {"enabled": False, "allowPermanentDelete": False}}


@PROVIDER.operation("BlobServices_GetServiceProperties")
def get_blob_service(call: ArmCall) -> Answer:
    """The blob service with its defaults, and what was set."""
    return json_answer(200, _blob_service(account_of(call)))


@PROVIDER.operation("BlobServices_List")
def list_blob_services(call: ArmCall) -> Answer:
    """The one blob service."""
    return json_answer(200, {"value": [_blob_service(account_of(call))]})


@PROVIDER.operation("BlobServices_SetServiceProperties")
def put_blob_service(call: ArmCall) -> Answer:
    """Kept and shown; Azurite has no retention."""
    account = account_of(call)
    account.hidden["blobService"] = (call.body or {}).get("properties") or {}
    call.tx.resources.put(account)
    return json_answer(200, _blob_service(account))


def _blob_service(account: Resource) -> dict[str, Any]:
    return _service(account, "blobServices", {**_SERVICE, **account.hidden.get("blobService", {})})


@PROVIDER.operation("FileServices_GetServiceProperties")
def get_file_service(call: ArmCall) -> Answer:
    """The file service with its defaults; there are no files behind it."""
    account = account_of(call)
    properties = {"cors": {"corsRules": []}, "shareDeleteRetentionPolicy": {"enabled": True, "days": 7}}
    return json_answer(200, _service(account, "fileServices", properties))


def _service(account: Resource, kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "sku": account.body["sku"],
        "id": f"{account.id}/{kind}/default",
        "name": "default",
        "type": f"{ACCOUNT_TYPE}/{kind}",
        "properties": properties,
    }


@PROVIDER.operation("BlobContainers_Create")
async def put_container(call: ArmCall) -> Answer:
    """201 for a new container, 200 for one that was there, whoever made it."""
    account, name = account_of(call), call.parameters["containerName"]
    if not _NAME.fullmatch(name):
        raise ContainerNameInvalid(name[:100])
    is_there = name in await containers(call.platform, key_of(account))
    await make_container(call.platform, key_of(account), name)
    with call.platform.store.write() as tx:
        container = tx.resources.find(_id(account, name)) or _found(call, account, name)
        _change(call, tx, container)
    return json_answer(200 if is_there else 201, _shown(container))


@PROVIDER.operation("BlobContainers_Update")
async def patch_container(call: ArmCall) -> Answer:
    """What is sent is changed, what is left out stays."""
    container = await _container(call)
    with call.platform.store.write() as tx:
        _change(call, tx, container)
    return json_answer(200, _shown(container))


def _change(call: ArmCall, tx: Tx, container: Resource) -> None:
    sent = (call.body or {}).get("properties") or {}
    container.body["properties"] = {**container.body["properties"], **sent, "lastModifiedTime": moments.iso(call.now)}
    container.modified = call.now
    tx.resources.put(container)


def _id(account: Resource, name: str) -> str:
    return f"{account.id}/blobServices/default/containers/{name}"


def _found(call: ArmCall, account: Resource, name: str) -> Resource:
    """A container that the blobs' own API made, as ARM shows it."""
    names = (account.subscription, account.resource_group, name, account.id)
    body = {"properties": _container_defaults(call)}
    return Resource(_id(account, name), _CONTAINER_TYPE, *names, body, {}, call.now, call.now)


def _shown(container: Resource) -> dict[str, Any]:
    return shown(container, _CONTAINER_TYPE, "id", "name", "type", "etag", "properties")


def _container_defaults(call: ArmCall) -> dict[str, Any]:
    return {
        "publicAccess": "None",
        "leaseStatus": "Unlocked",
        "leaseState": "Available",
        "lastModifiedTime": moments.iso(call.now),
        "hasImmutabilityPolicy": False,
        "hasLegalHold": False,
        "defaultEncryptionScope": "$account-encryption-key",
        "denyEncryptionScopeOverride": False,
    }


async def _container(call: ArmCall) -> Resource:
    """The container that the path names, as long as storage has it.

    Raises:
        ResourceNotFound
    """
    account, name = account_of(call), call.parameters["containerName"]
    if name not in await containers(call.platform, key_of(account)):
        raise ResourceNotFound(_CONTAINER_TYPE, f"{account.name}/default/{name}", account.resource_group)
    return call.tx.resources.find(_id(account, name)) or _found(call, account, name)


@PROVIDER.operation("BlobContainers_Get")
async def get_container(call: ArmCall) -> Answer:
    """The container."""
    return json_answer(200, _shown(await _container(call)))


@PROVIDER.operation("BlobContainers_List")
async def list_containers(call: ArmCall) -> Answer:
    """The containers that storage has, those too that the blobs' own API made."""
    account = account_of(call)
    names = await containers(call.platform, key_of(account))
    known = {one.name: one for one in call.tx.resources.children(account.id, _CONTAINER_TYPE)}
    return json_answer(200, {"value": [_shown(known.get(name) or _found(call, account, name)) for name in names]})


@PROVIDER.operation("BlobContainers_Delete")
async def delete_blobs(call: ArmCall) -> Answer:
    """200 and the blobs are gone too, or 204 when there was none."""
    try:
        container = await _container(call)
    except ResourceNotFound:
        return Answer(204)
    await delete_container(call.platform, key_of(account_of(call)), container.name)
    with call.platform.store.write() as tx:
        tx.resources.remove(container.id)
    return Answer(200)
