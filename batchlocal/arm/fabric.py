"""What ARM does alike for every provider: groups must exist, bodies are shown one way, operations are polled."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.resource_id import ResourceId
from batchlocal.domain.refusals import Refusal
from batchlocal.domain.tags import LONGEST_TAG_NAME, TagNameReserved, TagTooLong, TooManyTags, check_tags
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store import Tx
from batchlocal.store.effects import Effect
from batchlocal.store.operations import LongRunningOperation
from batchlocal.store.resources import Resource

__all__ = [
    "CLEANUPS",
    "GROUP_TYPE",
    "RECORDED_RETRY_AFTER",
    "ResourceGroupNotFound",
    "ResourceNotFound",
    "accept",
    "body_object",
    "group_of",
    "retry_after",
    "shown",
    "stored",
    "tags_of",
]

GROUP_TYPE = "Microsoft.Resources/resourceGroups"
CLEANUPS: dict[str, list[Callable[[Platform, Tx, Resource], None]]] = {}
"""What a provider must do when a resource of its type goes with its group: type (lower case) -> callables."""
RECORDED_RETRY_AFTER = 15  # seconds; Batch 40 of 40, resource groups 8 of 8 (F2)


@dataclass(eq=False)
class ResourceGroupNotFound(Refusal):
    """The resource group of the path does not exist."""

    group: str


@dataclass(eq=False)
class ResourceNotFound(Refusal):
    """The resource does not exist, as the front door words it."""

    type: str
    name: str
    group: str


@dataclass(eq=False)
class SubscriptionNotFound(Refusal):
    """The path names a subscription that this tenant has not."""

    subscription: str


@dataclass(eq=False)
class BodyMissing(Refusal):
    """The operation needs a JSON object as its body."""


@dataclass(eq=False)
class TagsInvalid(Refusal):
    """Tags are an object of texts."""


CATALOGUE.update(
    {
        TagsInvalid: gateway(
            400, "InvalidRequestContent", "The request content was invalid: tags must be an object of strings."
        ),
        # codes and messages as callers report them; that of too many is not documented
        TagNameReserved: gateway(
            400,
            "InvalidTagNameCharacters",
            "The tag names '{name}' have reserved characters '<,>,%,&,\\,?,/' or control characters.",
        ),
        TagTooLong: gateway(
            400, "InvalidTagName", "The tag {part} '{text}' is too long: a {part} has at most {longest} characters."
        ),
        TooManyTags: gateway(400, "TooManyTags", "There are {count} tags; a resource has at most {most}."),
        ResourceGroupNotFound: gateway(404, "ResourceGroupNotFound", "Resource group '{group}' could not be found."),
        ResourceNotFound: gateway(
            404,
            "ResourceNotFound",
            "The Resource '{type}/{name}' under resource group '{group}' was not found."
            " For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        ),
        SubscriptionNotFound: gateway(
            404, "SubscriptionNotFound", "The subscription '{subscription}' could not be found."
        ),
        BodyMissing: gateway(400, "InvalidRequestContent", "The request content was invalid: a JSON object is needed."),
    }
)


def check_subscription(call: ArmCall) -> str:
    """The subscription that the path names, in lower case.

    Raises:
        SubscriptionNotFound: it is not this tenant's.
    """
    named = call.id.subscription or call.parameters.get("subscriptionId", "")
    subscription = named.lower()
    if (
        subscription != call.platform.credentials.subscription_id
        and call.tx.subscriptions.name_of(subscription) is None
    ):
        raise SubscriptionNotFound(named)
    return subscription


def group_of(call: ArmCall) -> Resource:
    """The resource group that the path names.

    Raises:
        SubscriptionNotFound, ResourceGroupNotFound
    """
    check_subscription(call)
    group = call.tx.resources.find(call.id.group_id)
    if group is None:
        raise ResourceGroupNotFound(call.id.resource_group)
    return group


def body_object(call: ArmCall) -> dict[str, Any]:
    """The body, which must be a JSON object."""
    if not isinstance(call.body, dict):
        raise BodyMissing
    return call.body


def tags_of(body: dict[str, Any], longest_name: int = LONGEST_TAG_NAME) -> dict[str, Any]:
    """``{"tags": ...}`` of a body, {} when it has none; null values count as empty (recorded: a tag without value).

    Raises:
        TagsInvalid: they are not names with texts.
        TooManyTags, TagNameReserved, TagTooLong
    """
    tags = body.get("tags")
    if tags is None:
        return {}
    if not isinstance(tags, dict) or not all(isinstance(value, (str, type(None))) for value in tags.values()):
        raise TagsInvalid
    found = {name: value or "" for name, value in tags.items()}
    check_tags(found, longest_name)
    return {"tags": found}


def stored(call: ArmCall, resource_id: ResourceId, existing: Resource | None = None) -> Resource:
    """A resource to fill in and put: the existing one, or a new one under the path's id (its spelling is kept)."""
    if existing is not None:
        existing.modified = call.now
        return existing
    parent = str(resource_id.parent) if len(resource_id.types) > 1 else ""
    return Resource(
        id=str(resource_id),
        type=resource_id.type,
        subscription=resource_id.subscription,
        resource_group=resource_id.resource_group,
        name=resource_id.name,
        parent=parent,
        created=call.now,
        modified=call.now,
    )


def shown(resource: Resource, kind: str, *keys: str) -> dict[str, Any]:
    """A resource's JSON: the envelope keys in the provider's order (F2), those that are there, then the rest."""
    whole = {"id": resource.id, "name": resource.name, "type": kind, **resource.body}
    if "etag" in keys:
        whole["etag"] = moments.weak_etag(resource.modified)
    return {key: whole[key] for key in keys if key in whole}


def retry_after(call: ArmCall, recorded: int = RECORDED_RETRY_AFTER) -> str:
    """Seconds to wait before the next poll: Azure's, scaled by the platform's pace, whole, at least one.

    azure-core takes a Retry-After of 0 for none and then waits its own 30 s.
    """
    return str(max(1, round(recorded * call.platform.pace)))


def accept(call: ArmCall, kind: str, subject: Resource, seconds: float, operation_id: str | None = None) -> str:
    """Start a long-running operation that an effect of ``kind`` ends after ``seconds`` of recorded time.

    Returns the operation's id; by default the request's own id, as recorded (F3).
    """
    operation = LongRunningOperation(
        operation_id or call.request.request_id, subject.subscription, subject.key, "InProgress", call.now
    )
    call.tx.operations.put(operation)
    due = moments.after(call.now, seconds * call.platform.pace)
    effect = Effect(kind, subject.key, due, {"operation": operation.id}, call.request.request_id)
    call.platform.owe(call.tx, effect)
    return operation.id


def finished(tx: Tx, operation_id: str) -> LongRunningOperation | None:
    """The operation once it has ended, None while it goes on; an unknown one counts as ended well."""
    operation = tx.operations.find(operation_id)
    return None if operation is not None and operation.status == "InProgress" else operation


def new_guid() -> str:
    """A GUID as Azure spells it."""
    return str(uuid.uuid4())


def poll_pending(call: ArmCall) -> Answer:
    """The answer to a poll that comes too early: 202, the same Location, Retry-After (F3)."""
    url = f"{call.platform.origin}{call.request.raw_path}?{call.request.raw_query}"
    return Answer(202, headers={"Location": url, "Retry-After": retry_after(call)})
