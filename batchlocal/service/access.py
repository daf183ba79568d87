"""Roles at the Batch service: what each operation needs, and the refusal.

Azure documentation, "Role-based access control for Azure Batch service" and "Azure permissions for Compute"
(Microsoft.Batch): jobs with their tasks and job schedules are data actions; pools with their nodes and applications are
actions; a job that makes its own pool needs to write pools too. Shared keys are asked nothing: they open everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchlocal.access import Access
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.routing import Routed
from batchlocal.service.errors import CATALOGUE, worded
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["Caller", "Needed", "needed"]

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
class AuthorizationFailure(Refusal):
    """None of the caller's roles allows it."""

    action: str


# Code and message: recorded in Azure/BatchExplorer#2203.
CATALOGUE[AuthorizationFailure] = worded(
    403,
    "AuthorizationFailure",
    "This request is not authorized to perform this operation.",
    AuthorizationErrorDetail="No role of the caller allows {action}.",
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
            AuthorizationFailure
        """
        self._check(needed(operation))

    def check_body(self, body: Any) -> None:
        """Refuse a job that makes its own pool of a caller who may make none.

        Raises:
            AuthorizationFailure
        """
        if isinstance(body, dict):
            job = body.get("jobSpecification") or body
            if (job.get("poolInfo") or {}).get("autoPoolSpecification"):
                self._check(_POOLS_WRITE)

    def _check(self, one: Needed) -> None:
        if not self.object_id:
            return
        if not self.access.may(self.tx, self.object_id, one.action, self.account.id, data=one.is_data):
            raise AuthorizationFailure(one.action)
