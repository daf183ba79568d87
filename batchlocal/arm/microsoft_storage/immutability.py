"""Legal holds and immutability policies of containers.

They are kept, shown, and keep a container from being deleted through ARM; single blobs can still be changed, because
Azurite knows nothing of them. Sources: Microsoft's description of the provider and Azure documentation, "Immutable
storage for blobs": a locked policy can be extended five times, by days only, and neither shortened nor removed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE
from batchlocal.arm.microsoft_storage.children import ChildNotFound
from batchlocal.arm.microsoft_storage.containers import container_of, kept_container
from batchlocal.arm.microsoft_storage.provider import PROVIDER, json_answer, storage_error
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__: list[str] = []

_TAG = re.compile(r"[A-Za-z0-9]{3,23}")
_MOST_TAGS = 10
_LONGEST = 146_000  # days
_MOST_EXTENSIONS = 5
_APPENDS = ("allowProtectedAppendWrites", "allowProtectedAppendWritesAll")


@dataclass(eq=False)
class HoldInvalid(Refusal):
    """A tag of a legal hold is of the wrong form, or there are too many."""

    reason: str


@dataclass(eq=False)
class PolicyInvalid(Refusal):
    """The policy's days or its other properties are not taken."""

    name: str
    reason: str


@dataclass(eq=False)
class PolicyState(Refusal):
    """The policy is locked, or is not, and the operation needs the other."""

    reason: str


@dataclass(eq=False)
class PolicyChanged(Refusal):
    """The policy is not as the caller knows it."""


CATALOGUE.update(
    {
        # the rules are documented; of their codes only ConditionNotMet is
        HoldInvalid: storage_error(400, "InvalidLegalHold", "The legal hold is invalid: {reason}."),
        PolicyInvalid: storage_error(400, "InvalidRequestPropertyValue", "The value of '{name}' is invalid: {reason}."),
        PolicyState: storage_error(409, "OperationNotAllowedOnImmutabilityPolicy", "The immutability policy {reason}."),
        PolicyChanged: storage_error(
            412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."
        ),
    }
)


def _who(call: ArmCall) -> dict[str, str]:
    return {"objectIdentifier": call.principal.object_id, "tenantId": call.platform.credentials.tenant_id}


@PROVIDER.operation("BlobContainers_SetLegalHold", "BlobContainers_ClearLegalHold")
async def change_hold(call: ArmCall) -> Answer:
    """Tags are added or taken away; there is a hold while there is a tag."""
    account, found = await container_of(call)
    sent = [str(tag).lower() for tag in call.body["tags"]]
    if not all(_TAG.fullmatch(tag) for tag in sent):
        raise HoldInvalid("tags have 3 to 23 letters and digits")
    with call.platform.store.write() as tx:
        kept = kept_container(call, tx, account, found.name)
        tags = {one["tag"]: one for one in kept.body["properties"].get("legalHold", {}).get("tags", [])}
        if call.request.path.lower().endswith("/setlegalhold"):
            tags = {**{tag: {"tag": tag, "timestamp": moments.iso(call.now), **_who(call)} for tag in sent}, **tags}
        else:
            tags = {tag: one for tag, one in tags.items() if tag not in sent}
        if len(tags) > _MOST_TAGS:
            raise HoldInvalid(f"a container has at most {_MOST_TAGS} tags")
        _hold(kept, list(tags.values()))
        tx.resources.put(kept)
    return json_answer(200, {"hasLegalHold": bool(tags), "tags": list(tags)})


def _hold(kept: Resource, tags: list[dict[str, Any]]) -> None:
    properties = kept.body["properties"]
    properties.pop("legalHold", None)
    properties["hasLegalHold"] = bool(tags)
    if tags:
        properties["legalHold"] = {"hasLegalHold": True, "tags": tags}


async def _policy(call: ArmCall, tx: Tx) -> tuple[Resource, dict[str, Any] | None]:
    """What ARM keeps of the container, and its policy: ``properties``, ``etag``, ``updateHistory``.

    Raises:
        ChildNotFound: storage has no such container.
        PolicyChanged: If-Match names another state of the policy.
    """
    account, found = await container_of(call)
    kept = kept_container(call, tx, account, found.name)
    policy = kept.body["properties"].get("immutabilityPolicy")
    named = call.request.headers.get("if-match", "").removeprefix("W/").strip('"')
    if named and named != "*" and (policy is None or named != policy["etag"].strip('"')):
        raise PolicyChanged
    return kept, policy


def _shown(kept: Resource, policy: dict[str, Any] | None) -> dict[str, Any]:
    none = {"properties": {"immutabilityPeriodSinceCreationInDays": 0, "state": "Unlocked"}, "etag": '""'}
    shown = policy or none
    return {
        "id": f"{kept.id}/immutabilityPolicies/default",
        "name": "default",
        "type": "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies",
        "etag": shown["etag"],
        "properties": shown["properties"],
    }


def _answer(kept: Resource, policy: dict[str, Any] | None) -> Answer:
    body = _shown(kept, policy)
    answer = json_answer(200, body)
    answer.headers["ETag"] = body["etag"]
    return answer


def _write(call: ArmCall, kept: Resource, update: str, properties: dict[str, Any], history: list[Any]) -> Answer:
    """Keep a policy, with a line about the change in its history."""
    if not 1 <= properties["immutabilityPeriodSinceCreationInDays"] <= _LONGEST:
        raise PolicyInvalid("properties.immutabilityPeriodSinceCreationInDays", f"it is 1 to {_LONGEST} days")
    if all(properties.get(name) for name in _APPENDS):
        raise PolicyInvalid(f"properties.{_APPENDS[1]}", f"it and {_APPENDS[0]} exclude each other")
    line = {"update": update, "timestamp": moments.iso(call.now), **_who(call)}
    line["immutabilityPeriodSinceCreationInDays"] = properties["immutabilityPeriodSinceCreationInDays"]
    etag = f'"{moments.etag(call.now).removeprefix("0x").lower()}"'
    policy = {"properties": properties, "etag": etag, "updateHistory": [*history, line]}
    kept.body["properties"] |= {"hasImmutabilityPolicy": True, "immutabilityPolicy": policy}
    with call.platform.store.write() as tx:
        tx.resources.put(kept)
    return _answer(kept, policy)


@PROVIDER.operation("BlobContainers_CreateOrUpdateImmutabilityPolicy")
async def put_policy(call: ArmCall) -> Answer:
    """A policy, unlocked; one that is locked can only be extended."""
    kept, policy = await _policy(call, call.tx)
    if policy is not None and policy["properties"]["state"] == "Locked":
        raise PolicyState("is locked: it can be extended, and nothing else")
    sent = (call.body or {}).get("properties") or {}
    properties = {"immutabilityPeriodSinceCreationInDays": 0, **(policy or {}).get("properties", {}), **sent}
    return _write(call, kept, "put", {**properties, "state": "Unlocked"}, (policy or {}).get("updateHistory", []))


@PROVIDER.operation("BlobContainers_GetImmutabilityPolicy")
async def get_policy(call: ArmCall) -> Answer:
    """The policy, of 0 days where there is none."""
    return _answer(*await _policy(call, call.tx))


@PROVIDER.operation("BlobContainers_DeleteImmutabilityPolicy")
async def delete_policy(call: ArmCall) -> Answer:
    """No policy any more, which is shown as one of 0 days; a locked one stays."""
    kept, policy = await _policy(call, call.tx)
    if policy is not None and policy["properties"]["state"] == "Locked":
        raise PolicyState("is locked: it can be extended, and nothing else")
    kept.body["properties"].pop("immutabilityPolicy", None)
    kept.body["properties"]["hasImmutabilityPolicy"] = False
    with call.platform.store.write() as tx:
        tx.resources.put(kept)
    return _answer(kept, None)


async def _existing(call: ArmCall) -> tuple[Resource, dict[str, Any]]:
    kept, policy = await _policy(call, call.tx)
    if policy is None:
        raise ChildNotFound("ImmutabilityPolicyNotFound", "immutability policy")
    return kept, policy


@PROVIDER.operation("BlobContainers_LockImmutabilityPolicy")
async def lock_policy(call: ArmCall) -> Answer:
    """Nobody can undo this."""
    kept, policy = await _existing(call)
    return _write(call, kept, "lock", {**policy["properties"], "state": "Locked"}, policy["updateHistory"])


@PROVIDER.operation("BlobContainers_ExtendImmutabilityPolicy")
async def extend_policy(call: ArmCall) -> Answer:
    """A locked policy gets more days."""
    kept, policy = await _existing(call)
    sent, now = (call.body or {}).get("properties") or {}, policy["properties"]
    days = "immutabilityPeriodSinceCreationInDays"
    if now["state"] != "Locked":
        raise PolicyState("is not locked: it is changed by a PUT")
    if sum(one["update"] == "extend" for one in policy["updateHistory"]) >= _MOST_EXTENSIONS:
        raise PolicyState(f"has been extended {_MOST_EXTENSIONS} times")
    if sent.get(days, now[days]) < now[days]:
        raise PolicyInvalid(f"properties.{days}", f"it can only grow, and is {now[days]}")
    return _write(call, kept, "extend", {**now, **sent, "state": "Locked"}, policy["updateHistory"])
