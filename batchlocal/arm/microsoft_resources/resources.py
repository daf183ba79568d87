"""Resources of all providers, in one list (REST reference, "Resources - List")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from batchlocal.arm.call import ArmCall
from batchlocal.arm.fabric import GROUP_TYPE, check_subscription, group_of, shown
from batchlocal.arm.listing import filter_of, listed, page_size, position
from batchlocal.arm.microsoft_resources.provider import PROVIDER
from batchlocal.protocol import moments
from batchlocal.protocol.filters import EQUALITY, Filterable, Predicate
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__ = ["TAGS", "has_tags"]

_KEYS = ("id", "name", "type", "kind", "sku", "location", "identity", "managedBy", "tags")
_TEXT = (*EQUALITY, "startswith", "substringof")
TAGS: Final = {
    "tagName": Filterable("string", (*EQUALITY, "startswith")),
    "tagValue": Filterable("string", EQUALITY),
}
_FILTERABLE: Final = {
    **TAGS,
    **{name: Filterable("string", _TEXT) for name in ("name", "resourceType", "resourceGroup", "location")},
    **{name: Filterable("string", EQUALITY) for name in ("identity", "identity/principalId", "plan/name")},
}


@PROVIDER.operation("Resources_List")
def list_resources(call: ArmCall) -> Answer:
    """Every top-level resource of the subscription."""
    check_subscription(call)
    groups = call.tx.resources.of_type(GROUP_TYPE, subscription=call.id.subscription)
    return _answer(call, (one for group in groups for one in _top_level(call, group.resource_group)))


@PROVIDER.operation("Resources_ListByResourceGroup")
def list_resources_of_group(call: ArmCall) -> Answer:
    """Every top-level resource of the group."""
    return _answer(call, _top_level(call, group_of(call).resource_group))


def _top_level(call: ArmCall, group: str) -> Iterator[Resource]:
    found = call.tx.resources.in_group(call.id.subscription, group)
    return (resource for resource in found if not resource.parent)


def _answer(call: ArmCall, resources: Iterator[Resource]) -> Answer:
    """Filtered, with what ``$expand`` asks for, a page at a time."""
    after, wanted = position(call), filter_of(call, _FILTERABLE)
    expanded = {name.strip().lower() for name in call.request.query.get("$expand", "").split(",")}
    found = (one for one in resources if one.key > after and has_tags(wanted, _tested(one), one))
    size = page_size(call, "$top")
    return listed(call, found, lambda one: one.key, lambda one: {**_shown(one), **_expanded(one, expanded)}, size)


def _shown(resource: Resource) -> dict[str, Any]:
    return shown(resource, resource.hidden.get("type", resource.type), *_KEYS)


def _tested(resource: Resource) -> dict[str, Any]:
    return {**_shown(resource), "resourceType": resource.type, "resourceGroup": resource.resource_group}


def _expanded(resource: Resource, names: set[str]) -> dict[str, Any]:
    properties = resource.body.get("properties") or {}
    known = {
        "createdTime": moments.iso(resource.created),
        "changedTime": moments.iso(resource.modified),
        "provisioningState": properties.get("provisioningState", "Succeeded"),
    }
    return {name: value for name, value in known.items() if name.lower() in names}


def has_tags(wanted: Predicate | None, row: dict[str, Any], resource: Resource) -> bool:
    """Whether a filter holds; a tag's name and value are asked for together, so each tag is tried."""
    if wanted is None:
        return True
    tags = resource.body.get("tags") or {}
    return any(wanted({**row, "tagName": name, "tagValue": value}) for name, value in tags.items()) or wanted(row)
