"""Roles at the Batch service: what each operation needs, and the refusal.

Azure documentation, "Role-based access control for Azure Batch service" and "Azure permissions for Compute"
(Microsoft.Batch): jobs with their tasks and job schedules are data actions; pools with their nodes and applications are
actions; a job that makes its own pool needs to write pools too. A pool's subnet and image are asked as well, on which
the caller needs an action. Shared keys are asked nothing: they open everything, but for pools that are linked to other
resources (``check_key``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from batchlocal.access import Access
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.messages import Request
from batchlocal.protocol.routing import Routed
from batchlocal.service.errors import CATALOGUE, worded
from batchlocal.service.front_door import AuthenticationFailed
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["SHARED_KEY", "Caller", "Needed", "check_key", "needed"]

SHARED_KEY: Final = "SharedKey"
"""Who calls, where it is the holder of an account's key."""

_KINDS = {name.lower(): name for name in ("jobs", "jobSchedules", "applications", "certificates")}
_DATA = ("jobs", "jobSchedules")
_ENTITY_DEPTH = 2  # /jobs/{jobId}: what lies deeper is a change of its job


@dataclass(frozen=True, slots=True)
class Needed:
    """An action that a caller must be allowed, and whether it is a data action."""

    action: str
    is_data: bool


_POOLS_WRITE = Needed("Microsoft.Batch/batchAccounts/pools/write", is_data=False)


@dataclass(eq=False)
class PermissionDenied(Refusal):
    """None of the caller's roles allows it."""

    object_id: str
    kind: str
    action: str
    scope: str


@dataclass(eq=False)
class InsufficientPermissions(Refusal):
    """None of the caller's roles allows to use what the pool refers to."""

    action: str
    resource: str


CATALOGUE.update(
    {
        # Code and reason: reports of users whose identity lacked the data action (2026); the message is unconfirmed.
        PermissionDenied: worded(
            403,
            "PermissionDenied",
            "Server failed to authorize the request.",
            Reason="The client '{object_id}' with object id '{object_id}' does not have authorization to perform"
            " {kind} '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please"
            " refresh your credentials.",
        ),
        # Code and reason: live tests of Azure's .NET SDK (images), microsoft/CromwellOnAzure#450 (subnets); the
        # misspelling is Azure's. The message is unconfirmed.
        InsufficientPermissions: worded(
            400,
            "InsufficientPermissions",
            "The user identity does not have sufficient permissions to perform this operation.",
            Reason="The user identity used for this operation does not have the required privelege {action} on the"
            " specified resource {resource}",
        ),
    }
)


def needed(operation: Routed) -> Needed:
    """What an operation needs; pools are what is neither job, schedule, application nor certificate."""
    segments = operation.path.strip("/").split("/")
    kind = _KINDS.get(segments[0].partition("(")[0].lower(), "pools")
    if operation.method in ("GET", "HEAD"):
        verb = "read"
    else:
        verb = "delete" if operation.method == "DELETE" and len(segments) <= _ENTITY_DEPTH else "write"
    return Needed(f"Microsoft.Batch/batchAccounts/{kind}/{verb}", kind in _DATA)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks an account, and what decides about it; an empty object id is that of a key's or a task token's holder,
    who needs no role."""

    access: Access
    tx: Tx
    object_id: str
    account: Resource

    def check(self, operation: Routed) -> None:
        """Refuse an operation that no role of the caller allows at the account.

        Raises:
            PermissionDenied
        """
        self._check(needed(operation))

    def check_body(self, body: Any) -> None:
        """Refuse a job that makes its own pool of a caller who may make none, and a pool whose subnet or image the
        caller may not use.

        Raises:
            PermissionDenied, InsufficientPermissions
        """
        if not isinstance(body, dict) or not self.object_id:
            return
        automatic = _automatic_pool(body)
        if automatic:
            self._check(_POOLS_WRITE)
        for action, resource in _linked(automatic or body):
            if not self.access.may(self.tx, self.object_id, action, resource):
                raise InsufficientPermissions(action, resource)

    def _check(self, one: Needed) -> None:
        if not self.object_id:
            return
        if not self.access.may(self.tx, self.object_id, one.action, self.account.id, data=one.is_data):
            kind = "data action" if one.is_data else "action"
            raise PermissionDenied(self.object_id, kind, one.action, self.account.id)


def check_key(request: Request, body: Mapping[str, Any]) -> None:
    """Refuse a pool, or a job or schedule with a pool of its own, that the holder of a key links to a subnet, to public
    addresses or to an image: these need an Entra token.

    Sources: articles batch-virtual-network, create-pool-public-ip and batch-sig-images, Prerequisites; the reason is
    that of Azure/aztk#240 and MicrosoftDocs/azure-docs#51092.

    Raises:
        AuthenticationFailed
    """
    if request.caller != SHARED_KEY:
        return
    pool = _automatic_pool(body) or body
    network = pool.get("networkConfiguration") or {}
    actions = [action for action, _ in _linked(pool)]
    if (network.get("publicIPAddressConfiguration") or {}).get("ipAddressIds"):
        actions.append("Microsoft.Network/publicIPAddresses")
    for action in actions:
        kind = action.partition("/")[0].removeprefix("Microsoft.")
        raise AuthenticationFailed(
            f"The specified type of authentication SharedKey is not allowed when external resources of type {kind}"
            " are linked."
        )


def _automatic_pool(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The pool that a job, or a schedule's jobs, bring along."""
    job = body.get("jobSpecification") or body
    automatic = (job.get("poolInfo") or {}).get("autoPoolSpecification") or {}
    found: Mapping[str, Any] | None = automatic.get("pool")
    return found


def _linked(pool: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a pool's settings refer to, each with the action that it needs."""
    subnet = (pool.get("networkConfiguration") or {}).get("subnetId")
    if subnet:
        yield "Microsoft.Network/virtualNetworks/subnets/join/action", str(subnet)
    machine = pool.get("virtualMachineConfiguration") or {}
    image = (machine.get("imageReference") or {}).get("virtualMachineImageId")
    if image:
        yield f"Microsoft.Compute/{_types(str(image))}/read", str(image)


def _types(resource_id: str) -> str:
    """The types in a resource's id: ``galleries/images/versions``."""
    return "/".join(resource_id.rpartition("/providers/")[2].split("/")[1::2])
