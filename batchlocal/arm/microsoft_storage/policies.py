"""Management policies: life cycles of blobs, kept and shown."""

from __future__ import annotations

from batchlocal.arm.call import ArmCall
from batchlocal.arm.fabric import (
    ResourceNotFound,
    body_object,
    shown,
)
from batchlocal.arm.microsoft_storage.provider import (
    ACCOUNT_TYPE,
    PROVIDER,
    account_of,
    json_answer,
)
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__: list[str] = []

_POLICY_TYPE = f"{ACCOUNT_TYPE}/managementPolicies"


@PROVIDER.operation("ManagementPolicies_CreateOrUpdate")
def put_policy(call: ArmCall) -> Answer:
    """Lifecycle rules, kept and shown; Azurite does not act on them."""
    account = account_of(call)
    policy = Resource(
        f"{account.id}/managementPolicies/default",
        _POLICY_TYPE,
        account.subscription,
        account.resource_group,
        "DefaultManagementPolicy",
        parent=account.id,
        created=call.now,
        modified=call.now,
    )
    properties = body_object(call).get("properties") or {}
    policy.body = {"properties": {**properties, "lastModifiedTime": moments.iso(call.now)}}
    call.tx.resources.put(policy)
    return json_answer(200, shown(policy, _POLICY_TYPE, "id", "name", "type", "properties"))


@PROVIDER.operation("ManagementPolicies_Get")
def get_policy(call: ArmCall) -> Answer:
    """The lifecycle rules."""
    return json_answer(200, shown(_policy(call), _POLICY_TYPE, "id", "name", "type", "properties"))


@PROVIDER.operation("ManagementPolicies_Delete")
def delete_policy(call: ArmCall) -> Answer:
    """200, or 204 when there was none."""
    try:
        policy = _policy(call)
    except ResourceNotFound:
        return Answer(204)
    call.tx.resources.remove(policy.id)
    return Answer(200)


def _policy(call: ArmCall) -> Resource:
    account = account_of(call)
    found = call.tx.resources.find(f"{account.id}/managementPolicies/default")
    if found is None:
        raise ResourceNotFound(_POLICY_TYPE, f"{account.name}/default", account.resource_group)
    return found
