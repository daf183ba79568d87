"""Tags at any scope: of the subscription, of groups, of resources (REST reference, "Tags")."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.fabric import GROUP_TYPE, ResourceNotFound, body_object, check_subscription, group_of, tags_of
from batchlocal.arm.microsoft_resources.provider import PROVIDER
from batchlocal.arm.microsoft_resources.tag_names import NAME_TYPE
from batchlocal.arm.resource_id import ResourceId
from batchlocal.arm.shapes import check_shape
from batchlocal.domain.refusals import Refusal
from batchlocal.domain.tags import check_tags
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__: list[str] = []

_SUFFIX = "/providers/Microsoft.Resources/tags/default"
_SUBSCRIPTION_TYPE = "Microsoft.Resources/subscriptions"


@dataclass(eq=False)
class TagOperationUnknown(Refusal):
    """A change of tags is Merge, Replace or Delete."""

    operation: str


CATALOGUE[TagOperationUnknown] = gateway(
    400, "InvalidTagPatchOperation", "The tag operation '{operation}' is invalid; it is Merge, Replace or Delete."
)


def _at_scope(verb: str) -> tuple[str, ...]:
    return tuple(f"Tags_{verb}AtScope{scope}" for scope in ("Subscription", "Group", "Resource"))


def _subject(call: ArmCall) -> Resource:
    """What is tagged.

    Raises:
        SubscriptionNotFound, ResourceGroupNotFound, ResourceNotFound
    """
    scope = ResourceId.parse(call.request.path[: -len(_SUFFIX)])
    check_subscription(call)
    if not scope.resource_group:
        return call.tx.resources.find(_subscription_id(call)) or _new_subscription(call)
    group = group_of(call)
    if not scope.names:
        return group
    found = call.tx.resources.find(str(scope))
    if found is None:
        raise ResourceNotFound(scope.type, "/".join(scope.names), scope.resource_group)
    return found


def _subscription_id(call: ArmCall) -> str:
    return f"/subscriptions/{check_subscription(call)}"


def _new_subscription(call: ArmCall) -> Resource:
    """The subscription as something to tag; it is kept once it has tags."""
    subscription = check_subscription(call)
    return Resource(_subscription_id(call), _SUBSCRIPTION_TYPE, subscription, "", subscription, created=call.now)


def _answer(subject: Resource) -> Answer:
    tags = subject.body.get("tags") or {}
    envelope = {"id": f"{subject.id}{_SUFFIX}", "name": "default", "type": "Microsoft.Resources/tags"}
    return Answer(200, {**envelope, "properties": {"tags": tags}})


def _keep(call: ArmCall, subject: Resource, tags: dict[str, str]) -> None:
    check_tags(tags)
    subject.body["tags"] = tags
    subject.modified = call.now
    call.tx.resources.put(subject)


@PROVIDER.operation(*_at_scope("Get"))
def get_tags(call: ArmCall) -> Answer:
    """The tags that the scope itself has."""
    return _answer(_subject(call))


@PROVIDER.operation(*_at_scope("CreateOrUpdate"))
def put_tags(call: ArmCall) -> Answer:
    """All tags anew."""
    subject = _subject(call)
    _keep(call, subject, _sent(call))
    return _answer(subject)


def _sent(call: ArmCall) -> dict[str, str]:
    body = body_object(call)
    check_shape(body, {"properties": {}})
    found: dict[str, str] = tags_of(body.get("properties") or {}).get("tags") or {}
    return found


@PROVIDER.operation(*_at_scope("Update"))
def patch_tags(call: ArmCall) -> Answer:
    """Tags merged in, put in place of the others, or taken away."""
    subject, sent = _subject(call), _sent(call)
    now = subject.body.get("tags") or {}
    operation = str(body_object(call).get("operation", ""))
    changes = {
        "merge": {**now, **sent},
        "replace": sent,
        "delete": {name: value for name, value in now.items() if name not in sent},
    }
    if operation.lower() not in changes:
        raise TagOperationUnknown(operation[:100])
    _keep(call, subject, changes[operation.lower()])
    return _answer(subject)


@PROVIDER.operation(*_at_scope("Delete"))
def delete_tags(call: ArmCall) -> Answer:
    """200 without a body (recorded)."""
    _keep(call, _subject(call), {})
    return Answer(200)


@PROVIDER.operation("Tags_List")
def list_tags(call: ArmCall) -> Answer:
    """Every tag name that is ready or in use, with its values and how often each is used."""
    check_subscription(call)
    uses: dict[str, Counter[str]] = {}
    for group in call.tx.resources.of_type(GROUP_TYPE, subscription=call.id.subscription):
        tagged = [group, *call.tx.resources.in_group(group.subscription, group.resource_group)]
        for name, value in (pair for one in tagged for pair in (one.body.get("tags") or {}).items()):
            uses.setdefault(name, Counter())[str(value)] += 1
    for ready in call.tx.resources.of_type(NAME_TYPE, subscription=call.id.subscription):
        uses.setdefault(ready.name, Counter()).update(dict.fromkeys(ready.body["values"], 0))
    root = f"{_subscription_id(call)}/tagNames"
    return Answer(200, {"value": [_shown(f"{root}/{name}", name, values) for name, values in sorted(uses.items())]})


def _shown(tag_id: str, name: str, values: Counter[str]) -> dict[str, Any]:
    return {
        "id": tag_id,
        "tagName": name,
        "count": {"type": "Total", "value": values.total()},
        "values": [
            {"id": f"{tag_id}/tagValues/{value}", "tagValue": value, "count": {"type": "Total", "value": count}}
            for value, count in sorted(values.items())
        ],
    }
