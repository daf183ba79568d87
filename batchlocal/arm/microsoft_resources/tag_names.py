"""Tag names and values that a subscription has ready before anything is tagged (REST reference, "Tags")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.fabric import check_subscription
from batchlocal.arm.microsoft_resources.provider import PROVIDER
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__ = ["NAME_TYPE"]

NAME_TYPE = "Microsoft.Resources/tagNames"
_UNUSED = {"type": "Total", "value": 0}


@dataclass(eq=False)
class TagNameNotFound(Refusal):
    """The subscription has no such tag name ready."""

    name: str


CATALOGUE[TagNameNotFound] = gateway(404, "TagNotFound", "The tag '{name}' could not be found.")


def _find(call: ArmCall) -> Resource | None:
    return call.tx.resources.find(f"/subscriptions/{check_subscription(call)}/tagNames/{call.parameters['tagName']}")


def _existing(call: ArmCall) -> Resource:
    found = _find(call)
    if found is None:
        raise TagNameNotFound(call.parameters["tagName"][:100])
    return found


def _value(name: Resource, value: str) -> dict[str, Any]:
    return {"id": f"{name.id}/tagValues/{value}", "tagValue": value, "count": _UNUSED}


@PROVIDER.operation("Tags_CreateOrUpdate")
def put_tag_name(call: ArmCall) -> Answer:
    """201 for a new name, 200 for one that was there."""
    subscription, name = check_subscription(call), call.parameters["tagName"]
    existing = _find(call)
    where = f"/subscriptions/{subscription}/tagNames/{name}"
    found = existing or Resource(where, NAME_TYPE, subscription, "", name, body={"values": []}, created=call.now)
    call.tx.resources.put(found)
    values = [_value(found, one) for one in found.body["values"]]
    shown = {"id": found.id, "tagName": found.name, "count": _UNUSED, "values": values}
    return Answer(200 if existing else 201, shown)


@PROVIDER.operation("Tags_Delete")
def delete_tag_name(call: ArmCall) -> Answer:
    """200, or 204 when there was none."""
    found = _find(call)
    if found is None:
        return Answer(204)
    call.tx.resources.remove(found.id)
    return Answer(200)


@PROVIDER.operation("Tags_CreateOrUpdateValue")
def put_tag_value(call: ArmCall) -> Answer:
    """201 for a new value, 200 for one that was there."""
    found, value = _existing(call), call.parameters["tagValue"]
    is_there = value in found.body["values"]
    found.body["values"] = [*(one for one in found.body["values"] if one != value), value]
    call.tx.resources.put(found)
    return Answer(200 if is_there else 201, _value(found, value))


@PROVIDER.operation("Tags_DeleteValue")
def delete_tag_value(call: ArmCall) -> Answer:
    """200, or 204 when there was none."""
    found, value = _existing(call), call.parameters["tagValue"]
    if value not in found.body["values"]:
        return Answer(204)
    found.body["values"].remove(value)
    call.tx.resources.put(found)
    return Answer(200)
