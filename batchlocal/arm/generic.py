"""Namespaces that batchlocal does not model: their resources are kept as they come, with a warning in the log.

A template or a program that also makes, say, a dashboard still deploys. Nothing happens behind such a resource, so with
``--strict`` it is refused, and an action on it (a POST) always is.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.fabric import ResourceNotFound, body_object, check_subscription, group_of, shown, stored, tags_of
from batchlocal.arm.front_door import ResourceTypeUnknown, RouteNotFound
from batchlocal.arm.provider import ResourceProvider
from batchlocal.arm.resource_id import ResourceId
from batchlocal.arm.shapes import check_shape
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.messages import Answer, Request
from batchlocal.protocol.routing import Route, Routed
from batchlocal.store.resources import Resource

__all__ = ["PROVIDER", "operation_for"]

_log = logging.getLogger(__name__)
_ENVELOPE = ("id", "name", "type", "location", "kind", "sku", "plan", "zones", "identity", "tags", "properties")
_SHAPE = {"location": str, "kind": str, "properties": {}}

PROVIDER = ResourceProvider(
    "",
    [
        Route("GenericResources_CreateOrUpdate", "PUT", ""),
        Route("GenericResources_Update", "PATCH", ""),
        Route("GenericResources_Get", "GET", ""),
        Route("GenericResources_Delete", "DELETE", ""),
        Route("GenericResources_List", "GET", ""),
        Route("GenericResources_Act", "POST", ""),
    ],
)
_BY_METHOD = {route.method: route for route in PROVIDER.operations.values() if route.id != "GenericResources_List"}


@dataclass(eq=False)
class NamespaceNotModelled(Refusal):
    """The namespace is Azure's, and batchlocal has no behaviour for it."""

    namespace: str
    reason: str


CATALOGUE[NamespaceNotModelled] = gateway(501, "NotImplemented", "batchlocal does not model '{namespace}': {reason}")


def operation_for(request: Request, modelled: Collection[str], *, strict: bool) -> Routed:
    """What to do with a request that no provider has an operation for; ``modelled`` are namespaces in lower case.

    Raises:
        ResourceTypeUnknown: the namespace is modelled, the type below it is not one of its types.
        NamespaceNotModelled: it may not be kept as a generic resource.
        RouteNotFound: the path is no resource's.
    """
    before, namespace, types = _taken_apart(request.path)
    if not namespace:
        raise RouteNotFound(request.path)
    if namespace.lower() in modelled:
        raise ResourceTypeUnknown("/".join(types), namespace, request.api_version)
    if strict:
        raise NamespaceNotModelled(namespace, "--strict refuses what it would keep as a generic resource.")
    if "/providers/" in before.lower():
        raise NamespaceNotModelled(namespace, "resources that extend others are not kept.")
    if request.method == "POST":
        raise NamespaceNotModelled(namespace, "there is no action on a resource that is only kept.")
    is_list = len(types) > len(ResourceId.parse(request.path).names)
    if is_list and request.method == "GET":
        return PROVIDER.operations["GenericResources_List"]
    route = _BY_METHOD.get(request.method)
    if route is None or is_list or not types:
        raise RouteNotFound(request.path)
    return route


def _taken_apart(path: str) -> tuple[str, str, list[str]]:
    """What stands before the last namespace, the namespace, the type segments below (a list's path ends in one)."""
    segments = path.rstrip("/").split("/")
    at = max((at for at, segment in enumerate(segments[:-1]) if segment.lower() == "providers"), default=-1)
    if at < 0:
        return path, "", []
    return "/".join(segments[:at]), segments[at + 1], segments[at + 2 :: 2]


def _resource(call: ArmCall) -> Resource:
    if call.id.resource_group:
        group_of(call)
    check_subscription(call)
    found = call.tx.resources.find(str(call.id))
    if found is None:
        raise ResourceNotFound(call.id.type, "/".join(call.id.names), call.id.resource_group)
    return found


def _shown(resource: Resource) -> dict[str, Any]:
    return shown(resource, resource.hidden["type"], *_ENVELOPE)


@PROVIDER.operation("GenericResources_CreateOrUpdate")
def put_resource(call: ArmCall) -> Answer:
    """201 for a new resource, 200 for one that was there; its body as it was sent."""
    body = body_object(call)
    if call.id.resource_group:
        group_of(call)
    check_subscription(call)
    existing = call.tx.resources.find(str(call.id))
    resource = stored(call, call.id, existing)
    check_shape(body, _SHAPE)
    kept = {**{key: body[key] for key in _ENVELOPE[3:] if body.get(key) is not None}, **tags_of(body)}
    resource.body = {**kept, "properties": {**kept.get("properties", {}), "provisioningState": "Succeeded"}}
    resource.hidden = {"type": call.id.type}
    call.tx.resources.put(resource)
    _log.warning("%s is kept as a generic resource: %s is not modelled, nothing acts on it", call.id, call.id.namespace)
    return Answer(200 if existing else 201, _shown(resource))


@PROVIDER.operation("GenericResources_Update")
def patch_resource(call: ArmCall) -> Answer:
    """What is sent is changed; properties one by one, tags and the rest as a whole."""
    resource, body = _resource(call), body_object(call)
    check_shape(body, _SHAPE)
    changed = {**{key: body[key] for key in _ENVELOPE[3:] if body.get(key) is not None}, **tags_of(body)}
    changed["properties"] = {**resource.body["properties"], **changed.get("properties", {})}
    resource.body |= changed
    resource.modified = call.now
    call.tx.resources.put(resource)
    return Answer(200, _shown(resource))


@PROVIDER.operation("GenericResources_Get")
def get_resource(call: ArmCall) -> Answer:
    """The resource."""
    return Answer(200, _shown(_resource(call)))


@PROVIDER.operation("GenericResources_Delete")
def delete_resource(call: ArmCall) -> Answer:
    """200, or 204 when there was none."""
    try:
        resource = _resource(call)
    except ResourceNotFound:
        return Answer(204)
    call.tx.resources.remove(resource.id)
    return Answer(200)


@PROVIDER.operation("GenericResources_List")
def list_resources(call: ArmCall) -> Answer:
    """The resources of a type: in the subscription, in a group, or below another resource."""
    check_subscription(call)
    kind = "/".join((call.id.namespace, *_taken_apart(call.request.path)[2]))
    if call.id.names:
        return Answer(200, {"value": [_shown(one) for one in call.tx.resources.children(str(call.id), kind)]})
    group = group_of(call).resource_group if call.id.resource_group else None
    found = call.tx.resources.of_type(kind, subscription=call.id.subscription, resource_group=group)
    return Answer(200, {"value": [_shown(one) for one in found]})
