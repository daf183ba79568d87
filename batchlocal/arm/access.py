"""Roles at ARM: every request asks whether its caller may do it."""

from __future__ import annotations

from dataclasses import dataclass

from batchlocal.arm.actions import action_of, scope_of
from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.domain.refusals import Refusal

__all__ = ["check_access"]


@dataclass(eq=False)
class AuthorizationFailed(Refusal):
    """None of the caller's roles allows it."""

    client: str
    object_id: str
    action: str
    scope: str


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
