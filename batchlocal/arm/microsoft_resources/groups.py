"""Resource groups (F9)."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.fabric import (
    CLEANUPS,
    GROUP_TYPE,
    body_object,
    check_subscription,
    finished,
    group_of,
    poll_pending,
    retry_after,
    shown,
    tags_of,
)
from batchlocal.arm.listing import filter_of, listed, page_size, position
from batchlocal.arm.locations import location_of
from batchlocal.arm.microsoft_resources.provider import PROVIDER
from batchlocal.arm.microsoft_resources.resources import TAGS, has_tags
from batchlocal.domain.refusals import Refusal
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store.effects import Effect
from batchlocal.store.operations import LongRunningOperation
from batchlocal.store.resources import Resource

__all__ = ["finish_group_deletion"]

_ENVELOPE = ("id", "name", "type", "location", "managedBy", "tags", "properties")
_NAME = re.compile(r"[-\w.()]{0,89}[-\w()]")  # Azure documentation, "Naming rules and restrictions for Azure resources"


@dataclass(eq=False)
class GroupNameInvalid(Refusal):
    """Not 1 to 90 letters, digits, or ``_ - . ( )``, or with a period at its end."""

    group: str


@dataclass(eq=False)
class LocationMissing(Refusal):
    """A group was sent without a location."""


@dataclass(eq=False)
class GroupLocationFixed(Refusal):
    """A group cannot move."""

    group: str
    location: str
    asked: str


CATALOGUE.update(
    {
        GroupNameInvalid: gateway(
            400,
            "InvalidResourceGroup",
            "The provided resource group name '{group}' is invalid: up to 90 letters, digits, '-', '.', '(', ')' and"
            " '_', without a period at its end.",
        ),
        LocationMissing: gateway(400, "LocationRequired", "The location property is required for this definition."),
        GroupLocationFixed: gateway(
            409,
            "InvalidResourceGroupLocation",
            "Invalid resource group location '{asked}'. The Resource group already exists in location '{location}'.",
        ),
    }
)


@PROVIDER.operation("ResourceGroups_List")
def list_groups(call: ArmCall) -> Answer:
    """The subscription's groups, by name; filtered by tag (recorded), cut by ``$top``."""
    subscription = check_subscription(call)
    after, wanted = position(call), filter_of(call, TAGS)
    groups = call.tx.resources.of_type(GROUP_TYPE, subscription=subscription)
    found = (group for group in groups if group.name.lower() > after and has_tags(wanted, {}, group))
    size = page_size(call, "$top")
    return listed(
        call, found, lambda group: group.name.lower(), lambda group: shown(group, GROUP_TYPE, *_ENVELOPE), size
    )


@PROVIDER.operation("ResourceGroups_CreateOrUpdate")
def put_group(call: ArmCall) -> Answer:
    """201 for a new group, 200 for one that was there (F9)."""
    check_subscription(call)
    body = body_object(call)
    name = call.parameters["resourceGroupName"]
    if not _NAME.fullmatch(name):
        raise GroupNameInvalid(name[:100])
    if not body.get("location"):
        raise LocationMissing
    location = location_of(body["location"], GROUP_TYPE)
    existing = call.tx.resources.find(call.id.group_id)
    if existing is not None and existing.body["location"] != location:
        raise GroupLocationFixed(existing.name, existing.body["location"], location)
    group = existing or Resource(
        call.id.group_id, GROUP_TYPE, call.id.subscription, call.id.resource_group, name, created=call.now
    )
    group.modified = call.now
    kept = {**({"managedBy": body["managedBy"]} if body.get("managedBy") else {}), **tags_of(body)}
    group.body = {"location": location, **kept, "properties": {"provisioningState": "Succeeded"}}
    call.tx.resources.put(group)
    return Answer(200 if existing else 201, shown(group, GROUP_TYPE, *_ENVELOPE))


@PROVIDER.operation("ResourceGroups_Update")
def patch_group(call: ArmCall) -> Answer:
    """Tags are replaced as a whole."""
    group, body = group_of(call), body_object(call)
    group.body |= {**({"managedBy": body["managedBy"]} if "managedBy" in body else {}), **tags_of(body)}
    group.modified = call.now
    call.tx.resources.put(group)
    return Answer(200, shown(group, GROUP_TYPE, *_ENVELOPE))


@PROVIDER.operation("ResourceGroups_Get")
def get_group(call: ArmCall) -> Answer:
    """The group, also while it is being deleted (F9)."""
    return Answer(200, shown(group_of(call), GROUP_TYPE, *_ENVELOPE))


@PROVIDER.operation("ResourceGroups_CheckExistence")
def check_group(call: ArmCall) -> Answer:
    """204 or 404, both empty."""
    check_subscription(call)
    return Answer(404 if call.tx.resources.find(call.id.group_id) is None else 204)


@PROVIDER.operation("ResourceGroups_Delete")
def delete_group(call: ArmCall) -> Answer:
    """202 and an operation that ends when the group and all in it are gone (F9)."""
    group = group_of(call)
    group.body["properties"] = {"provisioningState": "Deleting"}
    call.tx.resources.put(group)
    job = {"jobId": f"RESOURCEGROUPDELETIONJOB-{group.name.upper()}", "jobLocation": group.body["location"]}
    text = json.dumps({**job, "requestId": call.request.request_id}, separators=(",", ":"))
    operation = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    call.tx.operations.put(LongRunningOperation(operation, group.subscription, group.key, "InProgress", call.now))
    due = moments.after(call.now, 20 * call.platform.pace)
    call.platform.owe(
        call.tx, Effect("group.delete", group.key, due, {"operation": operation}, call.request.request_id)
    )
    url = f"{call.platform.origin}/subscriptions/{group.subscription}/operationresults/{operation}"
    location = f"{url}?api-version={call.request.api_version}"
    return Answer(202, headers={"Location": location, "Retry-After": retry_after(call)})


@PROVIDER.operation("OperationResults_Get")
def get_operation_result(call: ArmCall) -> Answer:
    """202 until the deletion has ended, then 200 without a body (F9)."""
    operation = call.tx.operations.find(call.parameters["operationId"])
    if operation is not None and finished(call.tx, operation.id) is None:
        return poll_pending(call)
    return Answer(200)


async def finish_group_deletion(platform: Platform, effect: Effect) -> None:
    """Remove the group with all that is in it."""
    with platform.store.write() as tx:
        group = tx.resources.find(effect.subject)
        if group is not None:
            for resource in list(tx.resources.in_group(group.subscription, group.resource_group)):
                tx.effects.drop(resource.key)
                for cleanup in CLEANUPS.get(resource.type, ()):
                    cleanup(platform, tx, resource)
                tx.resources.remove(resource.id)
            tx.resources.remove(group.id)
        tx.operations.finish(effect.payload["operation"])
        tx.effects.settle(effect)
