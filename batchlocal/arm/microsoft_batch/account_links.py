"""What a Batch account refers to: its identities, its linked storage, its network rules."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from batchlocal.arm.access import ASSIGN_IDENTITY, check_linked
from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway, provider
from batchlocal.arm.microsoft_batch.provider import InvalidProperty
from batchlocal.domain.network_rules import as_range
from batchlocal.domain.refusals import Refusal
from batchlocal.linked_storage import is_by_identity, may_use_blobs
from batchlocal.protocol import moments
from batchlocal.store.resources import Resource

__all__ = ["check_identity", "checked_network_profile", "identity", "link_storage"]

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class StorageAccountNotFound(Refusal):
    """The storage account to link does not exist."""

    id: str


@dataclass(eq=False)
class IdentityNotFound(Refusal):
    """The identity to assign does not exist."""

    account: str
    identity: str


class IdentityMissing(Refusal):
    """The linked storage is reached by identity, and the account has none."""


class AutoStorageNoPermission(Refusal):
    """The linked storage is reached by identity, and the account's has no role there."""


CATALOGUE.update(
    {
        StorageAccountNotFound: provider(
            400,
            "InvalidAutoStorageAccount",
            "The specified auto storage account is invalid or not found.",
            Reason="{id} does not exist.",
        ),
        IdentityNotFound: gateway(
            400,
            "FailedIdentityOperation",
            "Identity operation for resource '{account}' failed with error 'Failed to perform resource identity"
            " operation. Status: 'BadRequest'. Response: 'Resource '{identity}' was not found.''.",
        ),
        # Code and message: support article "Use managed identities in an Azure Batch account or pool".
        AutoStorageNoPermission: provider(
            409,
            "AutoStorageNoPermission",
            "The managed identity does not have permission to access auto storage account. Please use Azure RBAC to"
            " assign the managed identity access to auto storage.",
        ),
        # No recording or document tells Azure's answer; this is its code for what a resource's state forbids (F6).
        IdentityMissing: provider(
            409,
            "OperationInvalidForCurrentState",
            "The specified operation is not valid for the current state of the resource.",
            Reason="The account has no identity to reach the linked storage with.",
        ),
    }
)


def identity(call: ArmCall, account: Resource, sent: dict[str, Any]) -> dict[str, Any]:
    """The identities with who they are. A PATCH adds to those that are there and removes those sent as null.

    Raises:
        IdentityNotFound, LinkedAuthorizationFailed
    """
    old = account.body.get("identity") or {}
    kind = str(sent.get("type") or old.get("type") or "None")
    if kind == "None":
        return {"type": "None"}
    if kind == "SystemAssigned":
        tenant = call.platform.credentials.tenant_id
        return {"principalId": old.get("principalId") or str(uuid.uuid4()), "tenantId": tenant, "type": kind}
    named = sent.get("userAssignedIdentities") or {}
    check_linked(call, ASSIGN_IDENTITY, (one for one, value in named.items() if value is not None))
    known = dict(old.get("userAssignedIdentities") or {}) if call.request.method == "PATCH" else {}
    for identity_id, value in named.items():
        if value is None:
            known.pop(identity_id, None)
        else:
            known.setdefault(identity_id, _principal(call, account, identity_id))
    return {"type": kind, "userAssignedIdentities": known}


def _principal(call: ArmCall, account: Resource, identity_id: str) -> dict[str, str]:
    """Who an identity is. One that was never made is taken with a warning, and refused with ``--strict``."""
    found = call.tx.resources.find(identity_id)
    if found is not None:
        return {name: found.body["properties"][name] for name in ("principalId", "clientId")}
    if call.platform.strict:
        raise IdentityNotFound(account.id, identity_id)
    _log.warning("%s refers to the identity %s, which was never made here", account.id, identity_id)
    return _presumed(identity_id)


def _presumed(identity_id: str) -> dict[str, str]:
    """The principal of an identity that was never made: the same wherever it is used."""
    names = {"principalId": "p", "clientId": "c"}
    drawn = {name: uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}:{identity_id.lower()}") for name, kind in names.items()}
    return {name: str(guid) for name, guid in drawn.items()}


def link_storage(call: ArmCall, sent: dict[str, Any] | None) -> dict[str, Any] | None:
    """The account's ``autoStorage``.

    Raises:
        StorageAccountNotFound
    """
    if not sent:
        return None
    storage_id = str(sent.get("storageAccountId", ""))
    if call.tx.resources.find(storage_id) is None:
        raise StorageAccountNotFound(storage_id)
    kept = {"storageAccountId": storage_id, "lastKeySync": moments.iso(call.now), "authenticationMode": "StorageKeys"}
    return {**kept, **{key: value for key, value in sent.items() if key != "storageAccountId"}}


def check_identity(call: ArmCall, account: Resource) -> None:
    """Refuse what Batch has to do in storage that is linked by identity, when the account's identities are gone or may
    not write blobs there.

    Raises:
        IdentityMissing, AutoStorageNoPermission
    """
    if not is_by_identity(account):
        return
    principals = list(_principals(call, account))
    if not principals:
        raise IdentityMissing
    storage_id = account.body["properties"]["autoStorage"]["storageAccountId"]
    access = call.platform.access
    if not any(may_use_blobs(access, call.tx, one, storage_id, "write") for one in principals):
        raise AutoStorageNoPermission


def _principals(call: ArmCall, account: Resource) -> Iterator[str]:
    """The object ids of the account's identities that are still there."""
    own = account.body["identity"]
    if own["type"] == "SystemAssigned":
        yield own["principalId"]
    for one, who in (own.get("userAssignedIdentities") or {}).items():
        if who == _presumed(one) or call.tx.resources.find(one) is not None:
            yield who["principalId"]


def checked_network_profile(profile: dict[str, Any]) -> dict[str, Any]:
    """A ``networkProfile`` whose IP rules are IPv4 addresses or ranges.

    Raises:
        InvalidProperty
    """
    for name, rules in profile.items():
        for rule in (rules or {}).get("ipRules") or ():
            try:
                as_range(str(rule.get("value")))
            except ValueError:
                reason = f"{rule.get('value')} is no IPv4 address and no range in CIDR notation"
                raise InvalidProperty(f"networkProfile.{name}.ipRules", reason) from None
    return profile
