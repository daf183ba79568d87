"""File shares of a storage account. ARM keeps and shows them, deleted ones too; no files are behind them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE
from batchlocal.arm.fabric import body_object
from batchlocal.arm.listing import listed, page_size, position
from batchlocal.arm.microsoft_storage.children import Child, ChildNotFound, child_of, children_of, serve, show_child
from batchlocal.arm.microsoft_storage.provider import PROVIDER, account_of, json_answer, storage_error
from batchlocal.arm.microsoft_storage.services import FILES, settings_of
from batchlocal.arm.microsoft_storage.share_leases import change_lease, check_not_leased, lease_properties
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__: list[str] = []

_DAY = 86_400 * moments.TICKS_PER_SECOND
_STANDARD_TIERS = ("TransactionOptimized", "Hot", "Cool")


@dataclass(eq=False)
class ShareTierInvalid(Refusal):
    """The account's kind has no such tier."""

    tier: str


@dataclass(eq=False)
class ShareAlreadyExists(Refusal):
    """A share of this name is there, so the deleted one cannot come back."""


CATALOGUE.update(
    {
        ShareTierInvalid: storage_error(
            400, "InvalidHeaderValue", "The access tier '{tier}' is none of a share in an account of this kind."
        ),
        ShareAlreadyExists: storage_error(409, "ShareAlreadyExists", "The specified share already exists."),
    }
)


def _complete(call: ArmCall, share: Resource, before: dict[str, Any] | None) -> None:
    account, properties, now = account_of(call), share.body["properties"], moments.iso(call.now)
    is_premium = account.body["kind"] == "FileStorage"
    properties.setdefault("accessTier", "Premium" if is_premium else "TransactionOptimized")
    if (properties["accessTier"] not in _STANDARD_TIERS) is not is_premium:
        raise ShareTierInvalid(properties["accessTier"])
    if before is None or before.get("accessTier") != properties["accessTier"]:
        properties["accessTierChangeTime"] = now
    properties["lastModifiedTime"] = now
    properties.pop("leaseDuration", None)
    properties |= lease_properties(share, call.now)


_SHARES = Child(
    "fileServices/default/shares",
    "FileShares",
    "shareName",
    "share",
    missing="ShareNotFound",
    name="[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]",
    names="3 to 63 lower-case letters, digits and single hyphens",  # "Naming and referencing shares"
    created=201,
    etag=True,
    defaults={
        "shareQuota": 5120,  # GiB; description, shareQuota
        "enabledProtocols": "SMB",
    },
    complete=_complete,
)
_DELETED = Child("fileServices/default/deletedShares", "", "shareName", "share", missing="ShareNotFound", etag=True)


@PROVIDER.operation("FileShares_List")
def list_shares(call: ArmCall) -> Answer:
    """The shares; with ``$expand=deleted`` also those that are deleted and may be restored."""
    after, found = position(call), list(children_of(_SHARES, call))
    if "deleted" in call.request.query.get("$expand", "").lower():
        found += [one for one in children_of(_DELETED, call) if _days_left(call, one) > 0]
    rest = (one for one in sorted(found, key=lambda one: one.key) if one.key > after)
    answer = listed(call, rest, lambda one: one.key, partial(_shown, call), page_size(call, "$maxpagesize"))
    return json_answer(200, answer.json)


def _shown(call: ArmCall, share: Resource) -> dict[str, Any]:
    found = show_child(_SHARES, share)
    if "version" in share.hidden:
        deleted = {
            "deleted": True,
            "version": share.hidden["version"],
            "remainingRetentionDays": _days_left(call, share),
        }
        found["name"], found["id"] = share.hidden["name"], share.hidden["id"]
        found["properties"] = {**found["properties"], **deleted, "deletedTime": moments.iso(share.hidden["at"])}
    else:
        kept = {name: value for name, value in found["properties"].items() if name != "leaseDuration"}
        found["properties"] = kept | lease_properties(share, call.now)
    return found


def _days_left(call: ArmCall, share: Resource) -> int:
    days: int = share.hidden["days"]
    return days - (call.now - int(share.hidden["at"])) // _DAY


@PROVIDER.operation("FileShares_Get")
def get_share(call: ArmCall) -> Answer:
    """The share."""
    return json_answer(200, _shown(call, child_of(_SHARES, call)))


@PROVIDER.operation("FileShares_Lease")
def lease_share(call: ArmCall) -> Answer:
    """A lease is acquired, renewed, changed, released or broken."""
    share = child_of(_SHARES, call)
    answer = change_lease(share, body_object(call), call.now)
    call.tx.resources.put(share)
    return json_answer(200, answer)


@PROVIDER.operation("FileShares_Delete")
def delete_share(call: ArmCall) -> Answer:
    """200, or 204 when there was none; it may be restored for as long as the file service keeps deleted shares."""
    try:
        share = child_of(_SHARES, call)
    except ChildNotFound:
        return Answer(204)
    check_not_leased(share, call.now)
    call.tx.resources.remove(share.id)
    policy = settings_of(FILES, account_of(call)).get("shareDeleteRetentionPolicy") or {}
    if policy.get("enabled"):
        version = f"{call.now - moments.UNIX_EPOCH:016X}"
        share.hidden |= {"name": share.name, "id": share.id, "version": version, "at": call.now, "days": policy["days"]}
        share.name = f"{share.name}.{version}"
        share.id, share.type = _DELETED.id(account_of(call), share.name), _DELETED.type
        call.tx.resources.put(share)
    return Answer(200)


@PROVIDER.operation("FileShares_Restore")
def restore_share(call: ArmCall) -> Answer:
    """A deleted share is there again, under the path's name."""
    account, name = account_of(call), call.parameters["shareName"]
    deleted = f"{call.body['deletedShareName']}.{call.body['deletedShareVersion']}"
    share = call.tx.resources.find(_DELETED.id(account, deleted))
    if share is None or _days_left(call, share) <= 0:
        raise ChildNotFound(_SHARES.missing, _SHARES.kind)
    if call.tx.resources.find(_SHARES.id(account, name)) is not None:
        raise ShareAlreadyExists
    call.tx.resources.remove(share.id)
    share.id, share.name, share.type = _SHARES.id(account, name), name, _SHARES.type
    share.hidden = {"type": _SHARES.type, "drawn": {}}
    share.modified = call.now
    call.tx.resources.put(share)
    return Answer(200)


serve(_SHARES)
