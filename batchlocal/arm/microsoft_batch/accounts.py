"""Batch accounts (F3)."""

from __future__ import annotations

import base64
import re
import secrets
import uuid
from dataclasses import dataclass
from typing import Any

from batchlocal import quotas
from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway, provider
from batchlocal.arm.fabric import (
    CLEANUPS,
    accept,
    body_object,
    check_subscription,
    finished,
    group_of,
    poll_pending,
    retry_after,
    shown,
    stored,
    tags_of,
)
from batchlocal.arm.locations import placed
from batchlocal.arm.microsoft_batch import old_forms
from batchlocal.arm.microsoft_batch.account_links import (
    checked_network_profile,
    identity,
    link_storage,
)
from batchlocal.arm.microsoft_batch.private_links import shown_connections
from batchlocal.arm.microsoft_batch.provider import (
    ACCOUNT_TYPE,
    PROVIDER,
    AccountNotFound,
    InvalidBody,
    InvalidProperty,
    account_of,
    properties_of,
)
from batchlocal.datafolder import remove_tree
from batchlocal.domain.quotas import AccountQuotaReached
from batchlocal.domain.refusals import Refusal
from batchlocal.linked_storage import take_key
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store import Tx
from batchlocal.store.effects import Effect
from batchlocal.store.resources import Resource

__all__ = ["finish_creation", "finish_deletion"]

_ENVELOPE = ("id", "name", "type", "location", "properties", "tags", "identity")
_NAME = re.compile(r"[a-z0-9]{3,24}")
_AUTHENTICATION_MODES = ("SharedKey", "AAD", "TaskAuthenticationToken")
_RECORDED_CREATION = 16  # seconds; the median of 384 creations (F3)
_KEYS = {"primary": "primary", "secondary": "secondary"}
_CORE_QUOTAS = ("dedicatedCoreQuota", "dedicatedCoreQuotaPerVMFamily", "lowPriorityCoreQuota")


@dataclass(eq=False)
class AccountNameInvalid(Refusal):
    """Not 3 to 24 lower-case letters and digits."""

    name: str


@dataclass(eq=False)
class AccountNameTaken(Refusal):
    """An account of this name is there, elsewhere."""

    name: str


@dataclass(eq=False)
class AllocationModeFixed(Refusal):
    """The pool allocation mode is decided when the account is made."""


@dataclass(eq=False)
class SharedKeyNotAllowed(Refusal):
    """The account's authentication modes leave SharedKey out, so it has no keys to show."""


@dataclass(eq=False)
class NoAutoStorage(Refusal):
    """The account has no linked storage."""


CATALOGUE.update(
    {
        AccountNameInvalid: gateway(
            400,
            "InvalidAccountName",
            "The account name '{name}' is invalid: it must be 3 to 24 characters, lower-case letters and numbers only.",
        ),
        AccountNameTaken: provider(409, "AccountAlreadyExists", "An account named '{name}' already exists."),
        AllocationModeFixed: provider(
            400,
            "PropertyCannotBeUpdated",
            "A property that can not be updated was specified in the request.",
            PropertyName="poolAllocationMode",
        ),
        SharedKeyNotAllowed: provider(
            403, "OperationNotAllowed", "The account's allowed authentication modes do not include SharedKey."
        ),
        AccountQuotaReached: provider(
            409,
            "SubscriptionQuotaExceeded",
            "The regional Batch account quota for the specified subscription has been reached.",
        ),
        NoAutoStorage: provider(
            409, "AccountNotEnabledForAutoStorage", "The specified account is not enabled for auto storage."
        ),
    }
)


@PROVIDER.operation("BatchAccount_Create")
def put_account(call: ArmCall) -> Answer:
    """202 with an operation for a new account, 200 with the account for one that was there (F3)."""
    group, body = group_of(call), body_object(call)
    name = call.parameters["accountName"]
    taken = call.tx.resources.named(ACCOUNT_TYPE, name)
    if taken is not None and taken.key != str(call.id).lower():
        raise AccountNameTaken(name)
    if taken is None and not _NAME.fullmatch(name):
        raise AccountNameInvalid(name)
    account = stored(call, call.id, taken)
    properties = properties_of(body)
    location = placed(taken, body.get("location"), group.body["location"], ACCOUNT_TYPE)
    if taken is None:
        granted, limits = quotas.new_account(call.tx, account.subscription)
        account.body = {"location": location, "properties": _new_properties(call, name, location, properties, granted)}
        account.hidden = {"keys": {slot: _new_key() for slot in _KEYS}, "type": ACCOUNT_TYPE, "quotas": limits}
    _change(call, account, body, properties)
    if taken is not None:
        call.tx.resources.put(account)
        return _answer(call, account)
    account.body["properties"]["provisioningState"] = "Creating"
    call.tx.resources.put(account)
    operation = accept(call, "batch.account.create", account, _RECORDED_CREATION)
    url = f"{call.platform.origin}{account.id}/operationResults/{operation}?api-version={call.request.api_version}"
    return Answer(202, headers={"Location": url, "Retry-After": retry_after(call)})


def _new_properties(
    call: ArmCall, name: str, location: str, sent: dict[str, Any], granted: dict[str, Any]
) -> dict[str, Any]:
    """What the provider fills in for a new account, in the recorded order (F3); ``granted`` are its quotas."""
    mode = sent.get("poolAllocationMode") or "BatchService"
    if mode == "UserSubscription" and not sent.get("keyVaultReference"):
        raise InvalidBody(
            "keyVaultReference must be set if poolAllocationMode is specified as 'UserSubscription' on a PUT request"
        )
    host = call.platform.origin.removeprefix("https://")
    if mode == "UserSubscription":  # the subscription's own core quotas bind its pools
        granted = {name: value for name, value in granted.items() if name not in _CORE_QUOTAS}
    modes = _AUTHENTICATION_MODES if mode == "BatchService" else _AUTHENTICATION_MODES[1:]
    return {
        "accountEndpoint": f"{host}/{name}",
        "nodeManagementEndpoint": f"{uuid.uuid4()}.{location}.service.batch.azure.com",
        "provisioningState": "Succeeded",
        **granted,
        "poolAllocationMode": mode,
        "publicNetworkAccess": "Enabled",
        "privateEndpointConnections": [],  # its place; filled in when shown
        "encryption": {"keySource": "Microsoft.Batch"},
        "allowedAuthenticationModes": list(modes),
    }


def _change(call: ArmCall, account: Resource, body: dict[str, Any], properties: dict[str, Any]) -> None:
    """Lay a PUT's or PATCH's values over the account; what is left out stays."""
    now = account.body["properties"]
    mode = properties.get("poolAllocationMode")
    if mode and mode != now["poolAllocationMode"]:
        raise AllocationModeFixed
    if "autoStorage" in properties:
        now["autoStorage"] = link_storage(call, properties["autoStorage"])
        take_key(call.tx, account)
    if properties.get("networkProfile"):
        now["networkProfile"] = checked_network_profile(properties["networkProfile"])
    for key in ("publicNetworkAccess", "encryption", "keyVaultReference"):
        if properties.get(key) is not None:
            now[key] = properties[key]
    if properties.get("allowedAuthenticationModes") is not None:
        now["allowedAuthenticationModes"] = _modes(properties["allowedAuthenticationModes"])
    if now.get("autoStorage") is None:
        now.pop("autoStorage", None)
    account.body |= tags_of(body)
    if body.get("identity") is not None:
        account.body["identity"] = identity(call, account, body["identity"])
    account.body.setdefault("identity", {"type": "None"})


def _modes(sent: Any) -> list[str]:
    known = {mode.lower(): mode for mode in _AUTHENTICATION_MODES}
    try:
        return [known[str(mode).lower()] for mode in sent]
    except KeyError as unknown:
        allowed = ", ".join(_AUTHENTICATION_MODES)
        raise InvalidProperty("allowedAuthenticationModes", f"{unknown} is not one of {allowed}") from None


def _answer(call: ArmCall, account: Resource) -> Answer:
    """The account's body; its ETag is in the header only, strong and quoted (F1)."""
    etag = old_forms.etag(call, account.modified, weak=False)
    headers = {"ETag": etag, "Last-Modified": moments.http_date(account.modified)}
    return Answer(200, _shown(call.tx, account), headers)


def _shown(tx: Tx, account: Resource) -> dict[str, Any]:
    account.body["properties"]["privateEndpointConnections"] = shown_connections(tx, account)
    return shown(account, ACCOUNT_TYPE, *_ENVELOPE)


async def finish_creation(platform: Platform, effect: Effect) -> None:
    """The account is ready; or there was one too many in its region, and it never was (F3: refused after the 202)."""
    error = None
    with platform.store.write() as tx:
        account = tx.resources.find(effect.subject)
        if account is not None:
            try:
                quotas.admit_account(tx, account)
            except AccountQuotaReached:
                error = {"code": CATALOGUE[AccountQuotaReached].code}
                tx.resources.remove(account.id)
            else:
                account.body["properties"]["provisioningState"] = "Succeeded"
                tx.resources.put(account)
        tx.operations.finish(effect.payload["operation"], error)
        tx.effects.settle(effect)


@PROVIDER.operation("BatchAccount_OperationResults")
def poll_creation(call: ArmCall) -> Answer:
    """202 until the account is there, then the whole account; 409 when its region had no place for it (F3)."""
    operation = call.tx.operations.find(call.parameters["operationId"])
    if operation is not None and finished(call.tx, operation.id) is None:
        return poll_pending(call)
    if operation is not None and operation.status == "Failed":
        raise AccountQuotaReached
    return _answer(call, account_of(call))


@PROVIDER.operation("BatchAccount_Update")
def patch_account(call: ArmCall) -> Answer:
    """200 with the whole account (F3: 121 of 121)."""
    account, body = account_of(call), body_object(call)
    _change(call, account, body, properties_of(body))
    account.modified = call.now
    call.tx.resources.put(account)
    return _answer(call, account)


@PROVIDER.operation("BatchAccount_Get")
def get_account(call: ArmCall) -> Answer:
    """The account."""
    return _answer(call, account_of(call))


@PROVIDER.operation("BatchAccount_List", "BatchAccount_ListByResourceGroup")
def list_accounts(call: ArmCall) -> Answer:
    """The accounts of the subscription, or of the group when the path names one."""
    subscription = check_subscription(call)
    group = group_of(call).resource_group if call.id.resource_group else None
    found = call.tx.resources.of_type(ACCOUNT_TYPE, subscription=subscription, resource_group=group)
    return Answer(200, {"value": [_shown(call.tx, account) for account in found]})


@PROVIDER.operation("BatchAccount_Delete")
def delete_account(call: ArmCall) -> Answer:
    """202 and an operation at subscription scope; 204 when there is no such account (F3)."""
    try:
        account = account_of(call)
    except AccountNotFound:
        return Answer(204)
    account.body["properties"]["provisioningState"] = "Deleting"
    call.tx.resources.put(account)
    name = f"{account.name}-{call.request.request_id}"
    operation = accept(call, "batch.account.delete", account, 2 * _RECORDED_CREATION, name)
    scope = f"/subscriptions/{account.subscription}/providers/Microsoft.Batch/locations/{account.body['location']}"
    url = f"{call.platform.origin}{scope}/accountOperationResults/{operation}?api-version={call.request.api_version}"
    return Answer(202, headers={"Location": url, "Retry-After": retry_after(call)})


async def finish_deletion(platform: Platform, effect: Effect) -> None:
    """The account and everything in it are gone."""
    with platform.store.write() as tx:
        account = tx.resources.find(effect.subject)
        if account is not None:
            remove_account(platform, tx, account)
            tx.resources.remove(account.id)
            platform.work.set()
        tx.operations.finish(effect.payload["operation"])
        tx.effects.settle(effect)


def remove_account(platform: Platform, tx: Tx, account: Resource) -> None:
    """What goes with an account beside the resources below it: pools with their nodes, jobs with their tasks."""
    tx.effects.drop(account.key)
    for job in tx.jobs.of_account(account.key):
        tx.jobs.remove(job.key)
    tx.job_schedules.remove_all(account.key)
    for pool in tx.pools.of_account(account.key):
        tx.effects.drop(pool.key)
        for node in tx.nodes.of_pool(pool.key):
            tx.nodes.remove(node.key)
        tx.pools.remove(pool.key)
    remove_tree(platform.data.nodes / account.name.lower())


CLEANUPS[ACCOUNT_TYPE.lower()] = [remove_account]


@PROVIDER.operation("BatchAccount_DeletionResults")
def poll_deletion(call: ArmCall) -> Answer:
    """202 until the account is gone, then 200 without a body (F3)."""
    operation = call.tx.operations.find(call.parameters["operationId"])
    if operation is not None and finished(call.tx, operation.id) is None:
        return poll_pending(call)
    return Answer(200)


@PROVIDER.operation("BatchAccount_GetKeys")
def list_keys(call: ArmCall) -> Answer:
    """Both keys (F3); refused when the account does not allow SharedKey."""
    return _keys(account_of(call))


@PROVIDER.operation("BatchAccount_RegenerateKey")
def regenerate_key(call: ArmCall) -> Answer:
    """Only the named key changes (F3)."""
    account, body = account_of(call), body_object(call)
    slot = _KEYS.get(str(body.get("keyName", "")).lower())
    if slot is None:
        raise InvalidProperty("keyName", "It is Primary or Secondary")
    _check_shared_key(account)
    account.hidden["keys"][slot] = _new_key()
    call.tx.resources.put(account)
    return _keys(account)


def _keys(account: Resource) -> Answer:
    _check_shared_key(account)
    return Answer(200, {"accountName": account.name, **account.hidden["keys"]})


def _check_shared_key(account: Resource) -> None:
    if "SharedKey" not in account.body["properties"]["allowedAuthenticationModes"]:
        raise SharedKeyNotAllowed


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(64)).decode()


@PROVIDER.operation("BatchAccount_SynchronizeAutoStorageKeys")
def sync_auto_storage_keys(call: ArmCall) -> Answer:
    """204 without a body (F3: 51 of 51); lastKeySync advances, and Batch knows the storage account's key again."""
    account = account_of(call)
    linked = account.body["properties"].get("autoStorage")
    if not linked:
        raise NoAutoStorage
    linked["lastKeySync"] = moments.iso(call.now)
    take_key(call.tx, account)
    call.tx.resources.put(account)
    return Answer(204)
