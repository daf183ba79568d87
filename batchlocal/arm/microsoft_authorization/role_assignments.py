"""Role assignments: who has which role where. That they hold is checked in ``arm/access.py``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.kept import KeptType, Values, serve, shown_kept
from batchlocal.arm.microsoft_authorization.provider import PROVIDER
from batchlocal.arm.microsoft_authorization.role_definitions import role_exists
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__ = ["ASSIGNMENT_TYPE"]

ASSIGNMENT_TYPE = "Microsoft.Authorization/roleAssignments"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PRINCIPAL = re.compile(r"(?:principalId eq|assignedTo\()\s*'([^']*)'\)?", re.IGNORECASE)
_FIXED = ("principalId", "roleDefinitionId", "scope")


@dataclass(eq=False)
class RoleUnknown(Refusal):
    """The role to assign does not exist."""

    role: str


@dataclass(eq=False)
class AssignmentNameInvalid(Refusal):
    """Names of role assignments are GUIDs."""

    name: str


class AssignmentExists(Refusal):
    """The principal has the role at the scope already, under another name."""


class AssignmentFixed(Refusal):
    """Principal, role and scope of an assignment do not change."""


CATALOGUE.update(
    {
        RoleUnknown: gateway(
            400, "RoleDefinitionDoesNotExist", "The specified role definition with ID '{role}' does not exist."
        ),
        AssignmentNameInvalid: gateway(
            400, "InvalidRoleAssignmentId", "The role assignment ID '{name}' is not valid. It must be a GUID."
        ),
        AssignmentExists: gateway(409, "RoleAssignmentExists", "The role assignment already exists."),
        AssignmentFixed: gateway(
            400,
            "RoleAssignmentUpdateNotPermitted",
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
        ),
    }
)


def _complete(call: ArmCall, assignment: Resource, before: Values | None) -> None:
    if not _GUID.fullmatch(assignment.name):
        raise AssignmentNameInvalid(assignment.name)
    properties = assignment.body["properties"]
    if not role_exists(call.tx, properties["roleDefinitionId"]):
        raise RoleUnknown(properties["roleDefinitionId"])
    if properties.get("condition"):
        call.warn("Conditions of role assignments are kept and not looked at: the role holds without them")
    properties["scope"] = assignment.parent
    moment, caller = moments.iso(call.now), call.principal.object_id
    old = (before or {}).get("properties") or {**properties, "createdOn": moment, "createdBy": caller}
    if any(old[name].lower() != properties[name].lower() for name in _FIXED):
        raise AssignmentFixed
    for other in call.tx.resources.children(assignment.parent, ASSIGNMENT_TYPE):
        if other.key != assignment.key and _who_and_what(other) == _who_and_what(assignment):
            raise AssignmentExists
    properties |= {"createdOn": old["createdOn"], "createdBy": old["createdBy"]}
    properties |= {"updatedOn": moment, "updatedBy": caller}


def _who_and_what(assignment: Resource) -> tuple[str, str]:
    properties = assignment.body["properties"]
    return properties["principalId"].lower(), properties["roleDefinitionId"].rsplit("/", 1)[-1].lower()


def _listed(call: ArmCall, assignment: Resource) -> bool:
    """Whether a list at the path's scope has an assignment: those above, at and, unless filtered, below it."""
    text = call.request.query.get("$filter", "")
    wanted = _PRINCIPAL.search(text)
    if wanted is not None and assignment.body["properties"]["principalId"].lower() != wanted[1].lower():
        return False
    here, its = f"{call.parameters['scope']}/".lower(), f"{assignment.parent}/".lower()
    return here.startswith(its) or ("atscope()" not in text.lower() and its.startswith(here))


def _list(call: ArmCall) -> Answer:
    every = call.tx.resources.of_type(ASSIGNMENT_TYPE, subscription=call.id.subscription)
    found: list[dict[str, Any]] = [shown_kept(KIND, call.tx, one) for one in every if _listed(call, one)]
    return Answer(200, {"value": found})


KIND = KeptType(
    ASSIGNMENT_TYPE,
    "RoleAssignments",
    extends=True,
    envelope=("properties", "id", "type", "name"),
    shape={"principalId": str, "roleDefinitionId": str, "principalType": str, "description": str, "condition": str},
    required=("properties.principalId", "properties.roleDefinitionId"),
    defaults={"condition": None, "conditionVersion": None, "principalType": "User"},
    complete=_complete,
)
serve(PROVIDER, KIND)
PROVIDER.handlers["RoleAssignments_List"] = _list
