"""Storage accounts (F9)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.fabric import (
    ResourceNotFound,
    accept,
    body_object,
    check_subscription,
    finished,
    group_of,
    retry_after,
    shown,
    stored,
    tags_of,
)
from batchlocal.arm.locations import placed
from batchlocal.arm.microsoft_storage import settings
from batchlocal.arm.microsoft_storage.deleted_accounts import forget, remember
from batchlocal.arm.microsoft_storage.keys import new_keys
from batchlocal.arm.microsoft_storage.private_links import shown_storage_connection
from batchlocal.arm.microsoft_storage.provider import (
    ACCOUNT_TYPE,
    PROVIDER,
    account_of,
    json_answer,
    sync_storage,
)
from batchlocal.arm.microsoft_storage.redundancy import SECOND_REGION, geo_statistics, second_region
from batchlocal.arm.private_endpoints import connections
from batchlocal.domain.refusals import Refusal
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store.effects import Effect
from batchlocal.store.resources import Resource

__all__ = ["finish_account", "sku_of", "started"]

_ENVELOPE = ("extendedLocation", "sku", "kind", "id", "name", "type", "location", "tags", "identity", "properties")
_RECORDED_CREATION = 17  # seconds, the Retry-After of 85 of 86 recorded creations (F9)
_LONGEST_TAG_NAME = 128  # description: "Each tag must have a key with a length no greater than 128 characters"
_NAME = re.compile(r"[a-z0-9]{3,24}")


@dataclass(eq=False)
class AccountNameInvalid(Refusal):
    """Not 3 to 24 lower-case letters and digits."""

    name: str


@dataclass(eq=False)
class AccountNameTaken(Refusal):
    """Names of storage accounts are unique over all of Azure."""

    name: str


CATALOGUE.update(
    {
        AccountNameInvalid: gateway(
            400,
            "AccountNameInvalid",
            "{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters"
            " in length and use numbers and lower-case letters only.",
        ),
        AccountNameTaken: gateway(
            409, "StorageAccountAlreadyTaken", "The storage account named {name} is already taken."
        ),
    }
)


@PROVIDER.operation("StorageAccounts_CheckNameAvailability")
def check_name(call: ArmCall) -> Answer:
    """Always 200 (F9)."""
    check_subscription(call)
    name = str(body_object(call).get("name", ""))
    if not _NAME.fullmatch(name):
        text = (
            f"{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters"
            " in length and use numbers and lower-case letters only."
        )
        return json_answer(200, {"nameAvailable": False, "reason": "AccountNameInvalid", "message": text})
    if call.tx.resources.named(ACCOUNT_TYPE, name):
        text = f"The storage account named {name} is already taken."
        return json_answer(200, {"nameAvailable": False, "reason": "AlreadyExists", "message": text})
    return json_answer(200, {"nameAvailable": True})


@PROVIDER.operation("StorageAccounts_List", "StorageAccounts_ListByResourceGroup")
def list_accounts(call: ArmCall) -> Answer:
    """The accounts of the subscription, or of the group when the path names one."""
    subscription = check_subscription(call)
    group = group_of(call).resource_group if call.id.resource_group else None
    found = call.tx.resources.of_type(ACCOUNT_TYPE, subscription=subscription, resource_group=group)
    return json_answer(200, {"value": [_shown(call, account) for account in found]})


@PROVIDER.operation("StorageAccounts_Create")
def put_account(call: ArmCall) -> Answer:
    """202 with an operation for a new account, 200 for one that was there (F9)."""
    group, body = group_of(call), body_object(call)
    name = call.parameters["accountName"]
    if not _NAME.fullmatch(name):
        raise AccountNameInvalid(name)
    taken = call.tx.resources.named(ACCOUNT_TYPE, name)
    if taken is not None and taken.key != str(call.id).lower():
        raise AccountNameTaken(name)
    account = stored(call, call.id, taken)
    old = account.body.get("properties", {})
    account.body = {
        "sku": sku_of(body.get("sku") or {"name": "Standard_LRS"}),
        "kind": body.get("kind", "StorageV2"),
        "location": placed(taken, body.get("location"), group.body["location"], ACCOUNT_TYPE),
        "tags": tags_of(body, _LONGEST_TAG_NAME).get("tags", {}),
        **({"extendedLocation": body["extendedLocation"]} if body.get("extendedLocation") else {}),
        **_identity(call, account, body),
    }
    account.body["properties"] = _served(call, account, old, body.get("properties") or {})
    if taken is not None:
        call.tx.resources.put(account)
        return json_answer(200, _shown(call, account))
    account.hidden = {"keys": new_keys(), "type": ACCOUNT_TYPE}
    account.body["properties"]["provisioningState"] = "Creating"
    call.tx.resources.put(account)
    forget(call.tx, account.name)
    return started(call, "storage.account.create", account, _RECORDED_CREATION, account.body["location"])


def started(call: ArmCall, kind: str, subject: Resource, seconds: float, region: str) -> Answer:
    """202 with the operation that an effect of ``kind`` ends after ``seconds`` of Azure's time (F9)."""
    operation = accept(call, kind, subject, seconds)
    root = f"{call.platform.origin}/subscriptions/{subject.subscription}/providers/Microsoft.Storage"
    location = f"{root}/locations/{region}/asyncoperations/{operation}?monitor=true"
    headers = {
        "Location": f"{location}&api-version={call.request.api_version}",
        "Retry-After": retry_after(call, _RECORDED_CREATION),
    }
    return Answer(202, headers=headers, content=b"", media_type="text/plain; charset=utf-8")


def _identity(call: ArmCall, account: Resource, body: dict[str, Any]) -> dict[str, Any]:
    if not body.get("identity"):
        return {}
    return {"identity": settings.identity(call, account.body.get("identity") or {}, body["identity"])}


def sku_of(sku: dict[str, Any]) -> dict[str, Any]:
    """A SKU with the tier that its name says."""
    return {"name": sku["name"], "tier": str(sku["name"]).partition("_")[0]}


def _served(call: ArmCall, account: Resource, old: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """What the provider fills in (as the recordings of 2024 and 2025 show it); what was sent is laid over it, and what
    an update left out stays as it was."""
    moment = moments.iso(call.now)
    origin = call.platform.blob_origin
    old = {name: value for name, value in old.items() if name not in SECOND_REGION}
    tier = {"accessTier": "Hot"} if account.body["kind"] in ("StorageV2", "BlobStorage") else {}
    properties = {
        "allowCrossTenantReplication": False,
        "allowSharedKeyAccess": True,
        "creationTime": moment,
        "keyCreationTime": {"key1": moment, "key2": moment},
        "privateEndpointConnections": [],
        "statusOfPrimary": "available",
        "supportsHttpsTrafficOnly": settings.https_alone(call.request.api_version),
        **tier,
        **old,
        **sent,
        **second_region(account, origin),
        "primaryEndpoints": {"blob": f"{origin}/{account.name}/"},
        "provisioningState": "Succeeded",
    }
    return properties | settings.filled(call, old, sent)


def _shown(call: ArmCall, account: Resource) -> dict[str, Any]:
    answer = shown(account, ACCOUNT_TYPE, *_ENVELOPE)
    answer["properties"] = {
        **settings.defaults_shown(call.request.api_version),
        **answer["properties"],
        "primaryLocation": answer["location"],
        "privateEndpointConnections": [shown_storage_connection(one) for one in connections(call.tx, account.id)],
    }
    return answer


async def finish_account(platform: Platform, effect: Effect) -> None:
    """The account is ready: in Azurite first, then in ARM."""
    await platform.blobs.wait_ready()
    await sync_storage(platform)
    with platform.store.write() as tx:
        account = tx.resources.find(effect.subject)
        if account is not None:
            account.body["properties"]["provisioningState"] = "Succeeded"
            tx.resources.put(account)
        tx.operations.finish(effect.payload["operation"])
        tx.effects.settle(effect)


@PROVIDER.operation("AsyncOperations_Get")
def poll(call: ArmCall) -> Answer:
    """202 until the operation has ended, then the account that it was about (F9)."""
    operation = call.tx.operations.find(call.parameters["operationId"])
    if operation is None:
        raise ResourceNotFound("Microsoft.Storage/locations/asyncoperations", call.parameters["operationId"], "")
    if finished(call.tx, operation.id) is None:
        url = f"{call.platform.origin}{call.request.raw_path}?{call.request.raw_query}"
        headers = {"Location": url, "Retry-After": retry_after(call, _RECORDED_CREATION)}
        return Answer(202, headers=headers, content=b"", media_type="text/plain; charset=utf-8")
    subject = call.tx.resources.find(operation.subject)
    if subject is None:
        return Answer(204)
    is_account = subject.type.lower() == ACCOUNT_TYPE.lower()
    return json_answer(200, _shown(call, subject)) if is_account else Answer(200)


@PROVIDER.operation("StorageAccounts_Update")
def patch_account(call: ArmCall) -> Answer:
    """What is sent is changed, what is left out stays."""
    account, body = account_of(call), body_object(call)
    account.body |= {key: body[key] for key in ("kind",) if key in body} | _identity(call, account, body)
    account.body |= tags_of(body, _LONGEST_TAG_NAME)
    if "sku" in body:
        account.body["sku"] = sku_of(body["sku"])
    account.body["properties"] = _served(call, account, account.body["properties"], body.get("properties") or {})
    account.modified = call.now
    call.tx.resources.put(account)
    return json_answer(200, _shown(call, account))


@PROVIDER.operation("StorageAccounts_GetProperties")
def get_account(call: ArmCall) -> Answer:
    """The account; ``$expand=geoReplicationStats`` adds what is known of its second region."""
    account = account_of(call)
    body = _shown(call, account)
    if "georeplicationstats" in call.request.query.get("$expand", "").lower():
        body["properties"] |= geo_statistics(account)
    return json_answer(200, body)


@PROVIDER.operation("StorageAccounts_Delete")
async def delete_account(call: ArmCall) -> Answer:
    """200, or 204 when there was none (F9)."""
    group = group_of(call)
    key = f"{group.id}/providers/{ACCOUNT_TYPE}/{call.parameters['accountName']}"
    with call.platform.store.write() as tx:
        account = tx.resources.find(key)
        if account is None:
            return Answer(204)
        remember(call.platform, tx, account)
        tx.resources.remove(key)
    await sync_storage(call.platform)
    return Answer(200)
