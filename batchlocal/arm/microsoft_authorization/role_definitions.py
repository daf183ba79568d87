"""Role definitions: the built-in ones, and custom ones of the subscription."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.fabric import body_object, check_subscription, stored
from batchlocal.arm.microsoft_authorization.provider import PROVIDER
from batchlocal.arm.resource_id import ResourceId
from batchlocal.arm.shapes import InvalidValue, check_shape
from batchlocal.domain.built_in_roles import BUILT_IN
from batchlocal.domain.refusals import Refusal
from batchlocal.domain.roles import RoleDefinition
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.protocol.routing import Route
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["ROLE_TYPE", "role_exists"]

ROLE_TYPE = "Microsoft.Authorization/roleDefinitions"
_COLLECTION = f"/{{scope}}/providers/{ROLE_TYPE}"
_ONE = f"{_COLLECTION}/{{roleDefinitionId}}"
_SHAPE = {
    "roleName": str,
    "description": str,
    "assignableScopes": [str],
    "permissions": [{"actions": [str], "notActions": [str], "dataActions": [str], "notDataActions": [str]}],
}
_FILTER = re.compile(r"\s*(roleName|type)\s+eq\s+'([^']*)'\s*", re.IGNORECASE)


class RoleNotFound(Refusal):
    """There is no such role."""


class RoleBuiltIn(Refusal):
    """Built-in roles are everybody's and stay as they are."""


class RoleAssigned(Refusal):
    """Somebody has the role."""


CATALOGUE.update(
    {
        RoleNotFound: gateway(404, "RoleDefinitionDoesNotExist", "The specified role definition does not exist."),
        RoleBuiltIn: gateway(
            400, "RoleDefinitionIsBuiltIn", "The role is a built-in one: it can be assigned, not changed or deleted."
        ),
        RoleAssigned: gateway(
            400, "RoleDefinitionHasAssignments", "There are existing role assignments referencing role."
        ),
    }
)


def _custom(tx: Tx, subscription: str) -> Iterator[Resource]:
    return tx.resources.of_type(ROLE_TYPE, subscription=subscription)


def role_exists(tx: Tx, role_id: str) -> bool:
    """Whether an id ends in a known role's GUID."""
    name = role_id.rstrip("/").rsplit("/", 1)[-1].lower()
    return name in BUILT_IN or any(one.name.lower() == name for one in tx.resources.of_type(ROLE_TYPE))


def _built_in(role: RoleDefinition, subscription: str) -> dict[str, Any]:
    scope = f"/subscriptions/{subscription}" if subscription else ""
    return {
        "properties": {
            "roleName": role.name,
            "type": "BuiltInRole",
            "description": role.description,
            "assignableScopes": ["/"],
            "permissions": [entry.as_json() for entry in role.permissions],
        },
        "id": f"{scope}/providers/{ROLE_TYPE}/{role.id}",
        "type": ROLE_TYPE,
        "name": role.id,
    }


def _shown(role: Resource) -> dict[str, Any]:
    return {**role.body, "id": role.id, "type": ROLE_TYPE, "name": role.name}


def _list(call: ArmCall) -> Answer:
    """All roles; ``$filter`` takes ``roleName eq '...'`` or ``type eq '...'``."""
    subscription = call.id.subscription
    found = [_built_in(role, subscription) for role in BUILT_IN.values()]
    found += [_shown(role) for role in _custom(call.tx, subscription)]
    wanted = _FILTER.fullmatch(call.request.query.get("$filter", ""))
    if wanted is not None:
        name = {"rolename": "roleName", "type": "type"}[wanted[1].lower()]
        found = [role for role in found if role["properties"][name].lower() == wanted[2].lower()]
    return Answer(200, {"value": found})


def _get(call: ArmCall) -> Answer:
    name = call.parameters["roleDefinitionId"].lower()
    if name in BUILT_IN:
        return Answer(200, _built_in(BUILT_IN[name], call.id.subscription))
    return Answer(200, _shown(_role(call)))


def _role(call: ArmCall) -> Resource:
    name = call.parameters["roleDefinitionId"].lower()
    for role in _custom(call.tx, call.id.subscription):
        if role.name.lower() == name:
            return role
    raise RoleNotFound


def _put(call: ArmCall) -> Answer:
    """201 for a new custom role and, as documented, for a changed one."""
    check_subscription(call)
    name = call.parameters["roleDefinitionId"]
    if name.lower() in BUILT_IN:
        raise RoleBuiltIn
    body = body_object(call)
    check_shape(body, {"properties": _SHAPE})
    sent = body.get("properties") or {}
    if not sent.get("roleName") or not sent.get("permissions"):
        raise InvalidValue("properties", "A role has a 'roleName' and 'permissions'.")
    where = ResourceId.parse(f"/subscriptions/{call.id.subscription}/providers/{ROLE_TYPE}/{name}")
    role = stored(call, where, call.tx.resources.find(str(where)))
    moment, caller = moments.iso(call.now), call.principal.object_id
    old = role.body.get("properties") or {"createdOn": moment, "createdBy": caller}
    scopes = sent.get("assignableScopes") or [call.parameters["scope"]]
    role.body = {
        "properties": {
            "roleName": sent["roleName"],
            "type": "CustomRole",
            "description": sent.get("description") or "",
            "assignableScopes": scopes,
            "permissions": sent["permissions"],
            "createdOn": old["createdOn"],
            "createdBy": old["createdBy"],
            "updatedOn": moment,
            "updatedBy": caller,
        }
    }
    call.tx.resources.put(role)
    return Answer(201, _shown(role))


def _delete(call: ArmCall) -> Answer:
    """200 with the role; 204 when there was none."""
    if call.parameters["roleDefinitionId"].lower() in BUILT_IN:
        raise RoleBuiltIn
    try:
        role = _role(call)
    except RoleNotFound:
        return Answer(204)
    for assignment in call.tx.resources.of_type("Microsoft.Authorization/roleAssignments"):
        if assignment.body["properties"]["roleDefinitionId"].lower().endswith(role.name.lower()):
            raise RoleAssigned
    call.tx.resources.remove(role.id)
    return Answer(200, _shown(role))


PROVIDER.add(Route("RoleDefinitions_List", "GET", _COLLECTION), _list)
PROVIDER.add(Route("RoleDefinitions_Get", "GET", _ONE), _get)
PROVIDER.add(Route("RoleDefinitions_CreateOrUpdate", "PUT", _ONE), _put)
PROVIDER.add(Route("RoleDefinitions_Delete", "DELETE", _ONE), _delete)
