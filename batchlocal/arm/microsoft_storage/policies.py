"""Policies of a storage account: life cycles and inventories of blobs, replication to another account.

They are kept and shown; nothing deletes, lists or copies blobs because of them.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE
from batchlocal.arm.microsoft_storage.children import Child, serve
from batchlocal.arm.microsoft_storage.provider import ACCOUNT_TYPE, storage_error
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.store.resources import Resource

__all__: list[str] = []

_SHOWN_NAMES = {"managementPolicies": "DefaultManagementPolicy", "inventoryPolicies": "DefaultInventoryPolicy"}
_ONLY_DEFAULT: dict[str, Any] = {"name": "(?i:default)", "names": "it is always 'default'"}


@dataclass(eq=False)
class ReplicationAccountInvalid(Refusal):
    """An account that a replication policy names is not there, or neither is the policy's own."""

    name: str
    reason: str


CATALOGUE[ReplicationAccountInvalid] = storage_error(
    400, "InvalidRequestPropertyValue", "The value of '{name}' is invalid: {reason}."
)


def _stamp(call: ArmCall, policy: Resource, _: object) -> None:
    policy.name = _SHOWN_NAMES[policy.id.split("/")[-2]]  # recorded names differ from the ids' last segment
    policy.body["properties"]["lastModifiedTime"] = moments.iso(call.now)


def _replicate(call: ArmCall, policy: Resource, _: object) -> None:
    """Both accounts must be there, one of them the policy's own; rules without an id get one."""
    properties, own = policy.body["properties"], policy.parent.rpartition("/")[2].lower()
    named = {side: _account_name(properties.get(side, "")) for side in ("sourceAccount", "destinationAccount")}
    for side, name in named.items():
        if call.tx.resources.named(ACCOUNT_TYPE, name) is None:
            raise ReplicationAccountInvalid(f"properties.{side}", "there is no such storage account")
    if own not in named.values():
        raise ReplicationAccountInvalid("properties.sourceAccount", "neither account is the policy's own")
    for rule in properties.get("rules") or []:
        rule.setdefault("ruleId", str(uuid.uuid4()))
    properties["policyId"] = policy.name
    if own == named["sourceAccount"]:  # the destination's comes first and is not in force yet
        properties.setdefault("enabledTime", moments.iso(call.now))


def _account_name(text: str) -> str:
    """Accounts are named by their name or their whole id."""
    return text.rpartition("/")[2].lower()


def _policy_id(call: ArmCall) -> str:
    """The destination's policy is put as ``default`` and gets an id, under which the source's is put then."""
    name = call.parameters["objectReplicationPolicyId"]
    return str(uuid.uuid4()) if name.lower() == "default" else name


serve(
    Child(
        "managementPolicies",
        "ManagementPolicies",
        "managementPolicyName",
        "management policy",
        missing="ManagementPolicyNotFound",
        complete=_stamp,
        **_ONLY_DEFAULT,
    )
)
serve(
    Child(
        "inventoryPolicies",
        "BlobInventoryPolicies",
        "blobInventoryPolicyName",
        "inventory policy",
        missing="BlobInventoryPolicyNotFound",
        complete=_stamp,
        **_ONLY_DEFAULT,
    )
)
serve(
    Child(
        "objectReplicationPolicies",
        "ObjectReplicationPolicies",
        "objectReplicationPolicyId",
        "object replication policy",
        missing="ObjectReplicationPolicyNotFound",
        name="(?i:default)|[0-9A-Fa-f-]{36}",
        names="it is 'default' or a GUID",
        key=_policy_id,
        complete=_replicate,
    )
)
