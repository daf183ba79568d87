"""Deleted storage accounts, which Azure still knows for 14 days ("Recover a deleted storage account").

They are listed and shown; none comes back, since its blobs are gone.
"""

from __future__ import annotations

from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.fabric import CLEANUPS, ResourceNotFound, check_subscription
from batchlocal.arm.front_door import region_of
from batchlocal.arm.microsoft_storage.provider import ACCOUNT_TYPE, PROVIDER, json_answer
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["forget", "remember"]

_TYPE = "Microsoft.Storage/deletedAccounts"
_KEPT = 14 * 86_400 * moments.TICKS_PER_SECOND


def _id(subscription: str, location: str, name: str) -> str:
    return f"/subscriptions/{subscription}/providers/Microsoft.Storage/locations/{location}/deletedAccounts/{name}"


def remember(platform: Platform, tx: Tx, account: Resource) -> None:
    """Note an account that is about to be deleted."""
    now, location = platform.clock.now(), str(account.body["location"])
    properties = {
        "storageAccountResourceId": account.id,
        "location": location,
        "restoreReference": f"{account.name}|{moments.iso(account.created)}",
        "creationTime": moments.iso(account.created),
        "deletionTime": moments.iso(now),
    }
    names = (account.subscription, "", account.name, "")
    where = _id(account.subscription, location, account.name)
    tx.resources.put(Resource(where, _TYPE, *names, {"properties": properties}, {"type": _TYPE}, now, now))


CLEANUPS.setdefault(ACCOUNT_TYPE.lower(), []).append(remember)


def forget(tx: Tx, name: str) -> None:
    """An account of the name is there again."""
    deleted = tx.resources.named(_TYPE, name)
    if deleted is not None:
        tx.resources.remove(deleted.id)


def _kept(call: ArmCall) -> list[Resource]:
    found = call.tx.resources.of_type(_TYPE, subscription=check_subscription(call))
    return [one for one in found if call.now - one.created < _KEPT]


def _shown(deleted: Resource) -> dict[str, Any]:
    return {"id": deleted.id, "name": deleted.name, "type": _TYPE, **deleted.body}


@PROVIDER.operation("DeletedAccounts_List")
def list_deleted(call: ArmCall) -> Answer:
    """Those of the subscription, by name."""
    return json_answer(200, {"value": [_shown(one) for one in _kept(call)]})


@PROVIDER.operation("DeletedAccounts_Get")
def get_deleted(call: ArmCall) -> Answer:
    """One of them."""
    location, name = region_of(call, PROVIDER), call.parameters["deletedAccountName"]
    for one in _kept(call):
        if (one.name, one.body["properties"]["location"]) == (name.lower(), location):
            return json_answer(200, _shown(one))
    raise ResourceNotFound(_TYPE, name, "")
