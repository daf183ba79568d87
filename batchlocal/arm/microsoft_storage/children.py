"""Resources below a storage account that only ARM keeps: an entry of a table each, served alike.

Which properties they take, which of these only the service sets, and which values there are stands in Microsoft's
description of the provider; the entry adds names, what is filled in, and rules between properties.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE
from batchlocal.arm.fabric import shown
from batchlocal.arm.listing import listed, page_size, position
from batchlocal.arm.microsoft_storage.provider import ACCOUNT_TYPE, PROVIDER, account_of, json_answer, storage_error
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__ = ["Child", "ChildNameInvalid", "ChildNotFound", "child_of", "children_of", "serve", "show_child"]

Values = dict[str, Any]
_VERBS = {
    "put": ("Create", "CreateOrUpdate", "Put"),
    "patch": ("Update", "Patch"),
    "get": ("Get",),
    "delete": ("Delete",),
    "list": ("List",),
}
"""What the operationIds of these resources end in; no group has two of a line."""


@dataclass(eq=False)
class ChildNotFound(Refusal):
    """There is none of this name below the account; ``code`` and ``kind`` are the type's own."""

    code: str
    kind: str


@dataclass(eq=False)
class ChildNameInvalid(Refusal):
    """The name is none that such a resource may have."""

    name: str
    reason: str


CATALOGUE.update(
    {
        # REST reference, "Common error codes" and those of each service: QueueNotFound, ShareNotFound, ...
        ChildNotFound: storage_error(404, "{code}", "The specified {kind} does not exist."),
        ChildNameInvalid: storage_error(
            400, "InvalidResourceName", "The specified resource name '{name}' is invalid: {reason}."
        ),
    }
)


@dataclass(frozen=True)
class Child:
    """One type of resource.

    Args:
        path: where it lies below the account, such as ``queueServices/default/queues``.
        operations: what Microsoft's operationIds begin with, such as ``Queue``.
        parameter: the path parameter that names one.
        kind: how an error message calls it; ``missing`` is that error's code.
        name: what names there may be; ``names`` says so in an error.
        created: the status of a PUT that makes one.
        deleted: the status of a DELETE that found one; 204 is for none.
        etag: whether it is shown with an ETag.
        defaults: properties that stand there when they were not sent.
        drawn: properties that the service makes up once, when the resource is made.
        complete: checks and completes the properties before they are kept; ``before`` is what was there, or None.
        key: the name under which it is kept, where that is not the path's (``default`` becomes a drawn id).
    """

    path: str
    operations: str
    parameter: str
    kind: str
    missing: str = "ResourceNotFound"
    name: str = ".+"
    names: str = ""
    created: int = 200
    deleted: int = 200
    etag: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    drawn: Callable[[ArmCall], Values] | None = None
    complete: Callable[[ArmCall, Resource, Values | None], None] | None = None
    key: Callable[[ArmCall], str] | None = None

    @property
    def type(self) -> str:
        return f"{ACCOUNT_TYPE}/{self.path.replace('/default', '')}"

    def id(self, account: Resource, name: str) -> str:
        """The ARM id of one of them."""
        return f"{account.id}/{self.path}/{name}"


def serve(child: Child) -> None:
    """Let the provider answer everything that its description has for a type."""
    handlers = {"put": _put, "patch": _patch, "get": _get, "delete": _delete, "list": _list}
    for verb, endings in _VERBS.items():
        for operation in (f"{child.operations}_{ending}" for ending in endings):
            if operation in PROVIDER.operations and operation not in PROVIDER.handlers:
                PROVIDER.operation(operation)(partial(handlers[verb], child))


def child_of(child: Child, call: ArmCall) -> Resource:
    """The resource that the path names.

    Raises:
        ResourceNotFound: there is no such account.
        ChildNotFound
    """
    found = call.tx.resources.find(child.id(account_of(call), call.parameters[child.parameter]))
    if found is None:
        raise ChildNotFound(child.missing, child.kind)
    return found


def children_of(child: Child, call: ArmCall) -> Iterator[Resource]:
    """All of a type below the account that the path names, by name."""
    return call.tx.resources.children(account_of(call).id, child.type)


def show_child(child: Child, resource: Resource) -> Values:
    """A resource's JSON."""
    found = shown(resource, child.type, "id", "name", "type")
    etag = {"etag": f'"{moments.etag(resource.modified)}"'} if child.etag else {}
    return {**found, **etag, "properties": resource.body["properties"]}


def _put(child: Child, call: ArmCall) -> Answer:
    account, name = account_of(call), call.parameters[child.parameter]
    if not re.fullmatch(child.name, name):
        raise ChildNameInvalid(name[:100], child.names)
    name = child.key(call) if child.key else name
    existing = call.tx.resources.find(child.id(account, name))
    before = deepcopy(existing.body["properties"]) if existing else None
    names = (account.subscription, account.resource_group, name, account.id)
    made = existing or Resource(child.id(account, name), child.type, *names, created=call.now)
    if existing is None:
        made.hidden = {"type": child.type, "drawn": child.drawn(call) if child.drawn else {}}
    drawn = made.hidden.get("drawn", {})
    made.body = {"properties": {**deepcopy(dict(child.defaults)), **_sent(call), **drawn}}
    _keep(child, call, made, before)
    return json_answer(200 if existing else child.created, show_child(child, made))


def _patch(child: Child, call: ArmCall) -> Answer:
    found = child_of(child, call)
    before = deepcopy(found.body["properties"])
    found.body["properties"] |= _sent(call)
    _keep(child, call, found, before)
    return json_answer(200, show_child(child, found))


def _sent(call: ArmCall) -> Values:
    properties = (call.body or {}).get("properties") or {}
    return {name: value for name, value in properties.items() if value is not None}


def _keep(child: Child, call: ArmCall, resource: Resource, before: Values | None) -> None:
    resource.modified = call.now
    if child.complete is not None:
        child.complete(call, resource, before)
    call.tx.resources.put(resource)


def _get(child: Child, call: ArmCall) -> Answer:
    return json_answer(200, show_child(child, child_of(child, call)))


def _delete(child: Child, call: ArmCall) -> Answer:
    try:
        found = child_of(child, call)
    except ChildNotFound:
        return Answer(204)
    call.tx.resources.remove(found.id)
    return Answer(child.deleted)


def _list(child: Child, call: ArmCall) -> Answer:
    after = position(call)
    rest = (one for one in children_of(child, call) if one.key > after)
    size = page_size(call, "$maxpagesize")
    answer = listed(call, rest, lambda one: one.key, partial(show_child, child), size)
    return json_answer(200, answer.json)
