"""What the neighbours of Batch have alike: resources that are checked, completed, kept and shown.

A type is an entry of a table (``KeptType``): its operations, what it needs, what the service fills in. What more it
does (a private endpoint connects, a subnet must lie in its network) hangs on the entry as a function.

The wordings are those of ARM's own list of common deployment errors (Azure documentation, "Troubleshoot common Azure
deployment errors"); 201 for a new resource, 200 for one that was there, 204 for nothing to delete are ARM's resource
provider contract.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.fabric import (
    CLEANUPS,
    ResourceNotFound,
    body_object,
    check_subscription,
    group_of,
    shown,
    stored,
    tags_of,
)
from batchlocal.arm.locations import placed
from batchlocal.arm.provider import ResourceProvider
from batchlocal.arm.resource_id import ResourceId
from batchlocal.arm.shapes import Shape, check_shape
from batchlocal.domain.refusals import Refusal
from batchlocal.platform import Platform
from batchlocal.protocol.messages import Answer
from batchlocal.protocol.routing import Route
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = [
    "ENVELOPE",
    "KeptType",
    "ReferenceNotFound",
    "Values",
    "act",
    "kept_resource",
    "serve",
    "shown_kept",
    "text_at",
]

Values = dict[str, Any]
ENVELOPE = ("id", "name", "type", "etag", "location", "kind", "sku", "zones", "identity", "tags", "properties")
_GLOBAL = "global"
_ENVELOPE_SHAPE: dict[str, Shape] = {
    "location": str,
    "kind": str,
    "zones": [str],
    "sku": {"name": str, "tier": str},
    "identity": {"type": str},
}
_READ_ONLY = ("id", "name", "type", "etag", "systemData")
_GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers"


@dataclass(eq=False)
class ValueMissing(Refusal):
    """A property that the type needs was not sent."""

    name: str
    type: str


@dataclass(eq=False)
class ReferenceNotFound(Refusal):
    """A resource refers to one that does not exist."""

    target: str
    source: str


@dataclass(eq=False)
class ParentNotFound(Refusal):
    """The resource above the one of the path, or the one that it extends, does not exist."""

    parent: str


CATALOGUE.update(
    {
        ValueMissing: gateway(
            400, "InvalidRequestContent", "The request content was invalid: '{name}' of a {type} must be set."
        ),
        ReferenceNotFound: gateway(
            400,
            "InvalidResourceReference",
            "Resource {target} referenced by resource {source} was not found. Please make sure that the referenced"
            " resource exists, and that both resources are in the same region.",
        ),
        ParentNotFound: gateway(
            404,
            "ParentResourceNotFound",
            "Can not perform requested operation on nested resource. Parent resource '{parent}' not found.",
        ),
    }
)


@dataclass(frozen=True)
class KeptType:
    """One resource type.

    Args:
        type: such as ``Microsoft.Network/virtualNetworks/subnets``.
        operations: what Microsoft's operationIds begin with, such as ``Subnets``.
        extends: its resources lie below any other resource, not in a group.
        envelope: the keys of the answer, in order.
        shape: of ``properties``, as far as anything here reads them.
        created: the status of a PUT that makes one.
        required, references: dotted paths in the body; what must be set, and ids of resources that must exist (lists
            on the way are looked through).
        defaults: what stands in ``properties`` when it was not sent.
        patches_properties: whether a PATCH changes properties too, or tags alone.
        drawn: what the service makes up once, when the resource is made; it stays with the resource.
        complete: checks and completes a resource before it is kept; ``before`` is what was there, or None.
        view: properties that are found anew whenever the resource is shown.
        keeps: says no to a deletion that others would suffer from.
        removed: what goes with it.
    """

    type: str
    operations: str
    extends: bool = False
    envelope: tuple[str, ...] = ENVELOPE
    shape: Mapping[str, Shape] = field(default_factory=dict)
    created: int = 201
    required: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    patches_properties: bool = False
    drawn: Callable[[ArmCall, Resource], Values] | None = None
    complete: Callable[[ArmCall, Resource, Values | None], None] | None = None
    view: Callable[[Tx, Resource], Values] | None = None
    keeps: Callable[[Tx, Resource], None] | None = None
    removed: Callable[[Platform, Tx, Resource], None] | None = None

    @property
    def collection(self) -> str:
        """The path of its lists, a template."""
        namespace, *types = self.type.split("/")
        above = "".join(f"/{one}/{{{one}Name}}" for one in types[:-1])
        scope = "/{scope}/providers" if self.extends else _GROUP
        return f"{scope}/{namespace}{above}/{types[-1]}"

    @property
    def path(self) -> str:
        return f"{self.collection}/{{{self.type.rsplit('/', 1)[-1]}Name}}"


def serve(provider: ResourceProvider, kind: KeptType) -> None:
    """Let a provider answer everything that there is to ask of a type."""
    name = kind.operations
    provider.add(Route(f"{name}_CreateOrUpdate", "PUT", kind.path), partial(_put, kind))
    provider.add(Route(f"{name}_Update", "PATCH", kind.path), partial(_patch, kind))
    provider.add(Route(f"{name}_Get", "GET", kind.path), partial(_get, kind))
    provider.add(Route(f"{name}_Delete", "DELETE", kind.path), partial(_delete, kind))
    provider.add(Route(f"{name}_List", "GET", kind.collection), partial(_list, kind))
    if not kind.extends and kind.type.count("/") == 1:
        whole = f"/subscriptions/{{subscriptionId}}/providers/{kind.type}"
        provider.add(Route(f"{name}_ListBySubscription", "GET", whole), partial(_list, kind))
    if kind.removed is not None:
        CLEANUPS.setdefault(kind.type.lower(), []).append(kind.removed)


def act(
    provider: ResourceProvider, kind: KeptType, action: str, handler: Callable[[ArmCall, Resource], Answer]
) -> None:
    """Let a provider answer a POST to an action on a type's resources."""

    def answer(call: ArmCall) -> Answer:
        return handler(call, kept_resource(call, kind))

    name = f"{kind.operations}_{action[0].upper()}{action[1:]}"
    provider.add(Route(name, "POST", f"{kind.path}/{action}"), answer)


def kept_resource(call: ArmCall, kind: KeptType) -> Resource:
    """The resource that the path names.

    Raises:
        SubscriptionNotFound, ResourceGroupNotFound, ParentNotFound, ResourceNotFound
    """
    where = call.id
    _check_place(call, kind)
    found = call.tx.resources.find(str(where))
    if found is None:
        raise ResourceNotFound(kind.type, "/".join(where.names), where.resource_group)
    return found


def _check_place(call: ArmCall, kind: KeptType) -> None:
    """Refuse a path whose group, parent or scope is not there."""
    check_subscription(call)
    if call.id.resource_group:
        group_of(call)
    above = _above(call, kind)
    if above and "/providers/" in above.lower() and not _exists(call.tx, above):
        raise ParentNotFound("/".join(ResourceId.parse(above).names))


def _above(call: ArmCall, kind: KeptType) -> str:
    """The id of what a resource lies below or extends; empty for one that lies in a group."""
    depth = kind.type.count("/")
    if depth > 1:
        where = call.id
        return str(where.parent if len(where.types) == depth and len(where.names) == depth else where)
    return call.parameters["scope"] if kind.extends else ""


def _exists(tx: Tx, resource_id: str) -> bool:
    """Whether there is a resource, a group among them; pools are kept apart from others, a subscription is there."""
    if resource_id.strip("/").count("/") == 1:
        return True
    return tx.resources.find(resource_id) is not None or tx.pools.find(resource_id.lower()) is not None


def _put(kind: KeptType, call: ArmCall) -> Answer:
    _check_place(call, kind)
    body = _sent(kind, call)
    existing = call.tx.resources.find(str(call.id))
    before = copy.deepcopy(existing.body) if existing else None
    located = _located(kind, existing, body)
    resource = stored(call, call.id, existing)
    resource.parent = _above(call, kind)
    if existing is None:
        resource.hidden = {"type": kind.type, "drawn": kind.drawn(call, resource) if kind.drawn else {}}
    resource.body = {key: value for key, value in body.items() if key in kind.envelope and key not in _READ_ONLY}
    resource.body |= {**located, **tags_of(body)}
    resource.body["properties"] = _properties(kind, resource, body.get("properties") or {})
    _keep(kind, call, resource, before)
    return Answer(200 if existing else kind.created, shown_kept(kind, call.tx, resource))


def _sent(kind: KeptType, call: ArmCall) -> Values:
    """The request's body, of the type's shape and without nulls."""
    body = {name: value for name, value in body_object(call).items() if value is not None}
    check_shape(body, {**_ENVELOPE_SHAPE, "properties": dict(kind.shape)})
    return body


def _properties(kind: KeptType, resource: Resource, sent: Values) -> Values:
    """What was sent, in place of nulls and beside it the defaults, and what the service has made up."""
    given = {key: value for key, value in sent.items() if value is not None}
    return {**copy.deepcopy(dict(kind.defaults)), **given, **resource.hidden["drawn"]}


def _located(kind: KeptType, existing: Resource | None, body: Values) -> Values:
    """``{"location": ...}``: the region, or ``global`` for what Azure keeps in none; {} for a type that is nowhere."""
    if "location" not in body or "location" not in kind.envelope:
        return {}
    sent: str = body["location"]
    was = existing if existing and "location" in existing.body else None
    return {"location": _GLOBAL if sent.lower() == _GLOBAL else placed(was, sent, "", kind.type)}


def _keep(kind: KeptType, call: ArmCall, resource: Resource, before: Values | None) -> None:
    """Check, complete and keep a resource."""
    for path in kind.required:
        if not list(_found(resource.body, path)):
            raise ValueMissing(path, kind.type)
    for path in kind.references:
        for target in _found(resource.body, path):
            if not _exists(call.tx, str(target)):
                raise ReferenceNotFound(str(target), resource.id)
    call.tx.resources.put(resource)
    if kind.complete is not None:
        kind.complete(call, resource, before)
        call.tx.resources.put(resource)


def _found(value: Any, path: str) -> Iterator[Any]:
    """The values at a dotted path, those in lists too; nulls are none."""
    if isinstance(value, list):
        for item in value:
            yield from _found(item, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, dict):
        head, _, rest = path.partition(".")
        yield from _found(value.get(head), rest)


def text_at(body: Values, path: str) -> str:
    """The text at a dotted path, empty when there is none."""
    return next((str(one) for one in _found(body, path)), "")


def _patch(kind: KeptType, call: ArmCall) -> Answer:
    resource, body = kept_resource(call, kind), _sent(kind, call)
    before = copy.deepcopy(resource.body)
    resource.body |= tags_of(body)
    if kind.patches_properties:
        changed = {**resource.body["properties"], **(body.get("properties") or {})}
        resource.body["properties"] = _properties(kind, resource, changed)
        resource.body |= {key: body[key] for key in ("identity", "sku", "kind") if key in body and key in kind.envelope}
    resource.modified = call.now
    _keep(kind, call, resource, before)
    return Answer(200, shown_kept(kind, call.tx, resource))


def _get(kind: KeptType, call: ArmCall) -> Answer:
    return Answer(200, shown_kept(kind, call.tx, kept_resource(call, kind)))


def shown_kept(kind: KeptType, tx: Tx, resource: Resource) -> Values:
    """A resource's JSON."""
    found = shown(resource, kind.type, *kind.envelope)
    if kind.view is not None:
        found["properties"] = {**found["properties"], **kind.view(tx, resource)}
    return found


def _delete(kind: KeptType, call: ArmCall) -> Answer:
    try:
        resource = kept_resource(call, kind)
    except ResourceNotFound:
        return Answer(204)
    if kind.keeps is not None:
        kind.keeps(call.tx, resource)
    if kind.removed is not None:
        kind.removed(call.platform, call.tx, resource)
    call.tx.resources.remove(resource.id)
    return Answer(200)


def _list(kind: KeptType, call: ArmCall) -> Answer:
    _check_place(call, kind)
    above = _above(call, kind)
    if above:
        found = call.tx.resources.children(above, kind.type)
    else:
        group = call.id.resource_group or None
        found = call.tx.resources.of_type(kind.type, subscription=call.id.subscription, resource_group=group)
    return Answer(200, {"value": [shown_kept(kind, call.tx, one) for one in found]})
