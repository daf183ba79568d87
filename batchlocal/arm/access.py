"""Roles at ARM: every request asks whether its caller may do it, and what it links to asks again.

Azure documentation, "Virtual network permissions" (subnets/join/action), "Manage user-assigned managed identities"
(userAssignedIdentities/*/assign/action): who refers to a subnet or an identity needs an action on that too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from batchlocal.arm.actions import action_of, scope_of
from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.domain.refusals import Refusal

__all__ = ["ASSIGN_IDENTITY", "JOIN_SUBNET", "check_access", "check_linked"]

_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
ASSIGN_IDENTITY = f"{_IDENTITIES}/assign/action"
JOIN_SUBNET = "Microsoft.Network/virtualNetworks/subnets/join/action"
_OTHER_NAMES = {ASSIGN_IDENTITY: f"{_IDENTITIES}/*/assign/action"}
"""Refusals name an action otherwise than the list of operations does, from which roles take it."""


@dataclass(eq=False)
class AuthorizationFailed(Refusal):
    """None of the caller's roles allows it."""

    client: str
    object_id: str
    action: str
    scope: str


@dataclass(eq=False)
class LinkedAuthorizationFailed(Refusal):
    """The caller may do it, but not to what it refers to."""

    client: str
    object_id: str
    action: str
    scope: str
    linked_action: str
    linked: str


# Code and wording: public issues, such as Azure/aad-pod-identity#613.
CATALOGUE[LinkedAuthorizationFailed] = gateway(
    403,
    "LinkedAuthorizationFailed",
    "The client '{client}' with object id '{object_id}' has permission to perform action '{action}' on scope '{scope}';"
    " however, it does not have permission to perform action '{linked_action}' on the linked scope(s) '{linked}' or the"
    " linked scope(s) are invalid.",
)
# The wording is that of recorded refusals in public issues, such as Azure/Batch#154.
CATALOGUE[AuthorizationFailed] = gateway(
    403,
    "AuthorizationFailed",
    "The client '{client}' with object id '{object_id}' does not have authorization to perform action '{action}' over"
    " scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
)


def check_access(call: ArmCall) -> None:
    """Refuse what no role of the caller allows; above subscriptions there is nothing to protect.

    Raises:
        AuthorizationFailed
    """
    request, principal = call.request, call.principal
    if call.platform.access.is_standing(principal.object_id):
        return
    scope = scope_of(request.path)
    if scope == "/":
        return
    action = action_of(request.method, request.path)
    if not call.platform.access.may(call.tx, principal.object_id, action, scope):
        raise AuthorizationFailed(principal.client_id, principal.object_id, action, scope)


def check_linked(call: ArmCall, action: str, scopes: Iterable[str]) -> None:
    """Refuse a reference to resources (by id) on which no role of the caller allows ``action``.

    Raises:
        LinkedAuthorizationFailed
    """
    principal, access = call.principal, call.platform.access
    names = (action, _OTHER_NAMES.get(action, action))
    lacking = [
        one for one in scopes if one and not any(access.may(call.tx, principal.object_id, name, one) for name in names)
    ]
    if lacking:
        request = call.request
        own = action_of(request.method, request.path), scope_of(request.path)
        raise LinkedAuthorizationFailed(principal.client_id, principal.object_id, *own, action, ",".join(lacking))
