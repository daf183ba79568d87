"""Microsoft.Resources: subscriptions, locations, resource groups, lists across providers (F9, clients.md 4, 5)."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

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
)
from batchlocal.arm.provider import ResourceProvider
from batchlocal.domain.refusals import Refusal
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.protocol.routing import Route
from batchlocal.store.effects import Effect
from batchlocal.store.operations import LongRunningOperation
from batchlocal.store.resources import Resource

__all__ = ["LOCATIONS", "PROVIDER", "finish_group_deletion"]

LOCATIONS = {
    "eastus": "East US",
    "eastus2": "East US 2",
    "westus": "West US",
    "westus2": "West US 2",
    "centralus": "Central US",
    "northeurope": "North Europe",
    "westeurope": "West Europe",
    "koreacentral": "Korea Central",
    "japaneast": "Japan East",
    "southeastasia": "Southeast Asia",
}
_GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
_ENVELOPE = ("id", "name", "type", "location", "managedBy", "tags", "properties")

PROVIDER = ResourceProvider(
    "Microsoft.Resources",
    [
        Route("Tenants_List", "GET", "/tenants"),
        Route("Subscriptions_List", "GET", "/subscriptions"),
        Route("Subscriptions_Get", "GET", "/subscriptions/{subscriptionId}"),
        Route("Subscriptions_ListLocations", "GET", "/subscriptions/{subscriptionId}/locations"),
        Route("Providers_List", "GET", "/subscriptions/{subscriptionId}/providers"),
        Route("Providers_Get", "GET", "/subscriptions/{subscriptionId}/providers/{namespace}"),
        Route("Providers_Register", "POST", "/subscriptions/{subscriptionId}/providers/{namespace}/register"),
        Route("Resources_List", "GET", "/subscriptions/{subscriptionId}/resources"),
        Route("Resources_ListByResourceGroup", "GET", f"{_GROUP}/resources"),
        Route("ResourceGroups_List", "GET", "/subscriptions/{subscriptionId}/resourceGroups"),
        Route("ResourceGroups_CreateOrUpdate", "PUT", _GROUP),
        Route("ResourceGroups_Update", "PATCH", _GROUP),
        Route("ResourceGroups_Get", "GET", _GROUP),
        Route("ResourceGroups_CheckExistence", "HEAD", _GROUP),
        Route("ResourceGroups_Delete", "DELETE", _GROUP),
        Route("OperationResults_Get", "GET", "/subscriptions/{subscriptionId}/operationresults/{operationId}"),
    ],
)


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
        LocationMissing: gateway(400, "LocationRequired", "The location property is required for this definition."),
        GroupLocationFixed: gateway(
            409,
            "InvalidResourceGroupLocation",
            "Invalid resource group location '{asked}'. The Resource group already exists in location '{location}'.",
        ),
    }
)


@PROVIDER.operation("Tenants_List")
def list_tenants(call: ArmCall) -> Answer:
    """The one tenant."""
    tenant = call.platform.credentials.tenant_id
    return Answer(200, {"value": [{"id": f"/tenants/{tenant}", "tenantId": tenant, "displayName": "batchlocal"}]})


@PROVIDER.operation("Subscriptions_List")
def list_subscriptions(call: ArmCall) -> Answer:
    """The one subscription."""
    return Answer(200, {"value": [_subscription(call.platform)]})


@PROVIDER.operation("Subscriptions_Get")
def get_subscription(call: ArmCall) -> Answer:
    """The subscription, if it is this tenant's."""
    check_subscription(call)
    return Answer(200, _subscription(call.platform))


def _subscription(platform: Platform) -> dict[str, Any]:
    subscription = platform.credentials.subscription_id
    return {
        "id": f"/subscriptions/{subscription}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription,
        "tenantId": platform.credentials.tenant_id,
        "displayName": "batchlocal",
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "Local",
            "spendingLimit": "Off",
        },
    }


@PROVIDER.operation("Subscriptions_ListLocations")
def list_locations(call: ArmCall) -> Answer:
    """The regions that resources may name."""
    check_subscription(call)
    root = f"/subscriptions/{call.platform.credentials.subscription_id}/locations"
    value = [
        {"id": f"{root}/{name}", "name": name, "type": "Region", "displayName": text, "regionalDisplayName": text}
        for name, text in LOCATIONS.items()
    ]
    return Answer(200, {"value": value})


@PROVIDER.operation("Providers_List")
def list_providers(call: ArmCall) -> Answer:
    """The namespaces, all registered."""
    check_subscription(call)
    return Answer(200, {"value": [_provider(call, name) for name in ("Microsoft.Batch", "Microsoft.Storage")]})


@PROVIDER.operation("Providers_Get", "Providers_Register")
def get_provider(call: ArmCall) -> Answer:
    """One namespace, registered."""
    check_subscription(call)
    return Answer(200, _provider(call, call.parameters["namespace"]))


def _provider(call: ArmCall, namespace: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{call.platform.credentials.subscription_id}/providers/{namespace}",
        "namespace": namespace,
        "registrationPolicy": "RegistrationRequired",
        "registrationState": "Registered",
        "resourceTypes": [],
    }


@PROVIDER.operation("Resources_List")
def list_resources(call: ArmCall) -> Answer:
    """Every top-level resource of the subscription."""
    check_subscription(call)
    groups = call.tx.resources.of_type(GROUP_TYPE, subscription=call.id.subscription)
    return Answer(200, {"value": [row for group in groups for row in _resources_in(call, group.resource_group)]})


@PROVIDER.operation("Resources_ListByResourceGroup")
def list_resources_of_group(call: ArmCall) -> Answer:
    """Every top-level resource of the group."""
    return Answer(200, {"value": _resources_in(call, group_of(call).resource_group)})


def _resources_in(call: ArmCall, group: str) -> list[dict[str, Any]]:
    found = call.tx.resources.in_group(call.platform.credentials.subscription_id, group)
    keys = ("id", "name", "type", "kind", "sku", "location", "identity", "tags")
    return [
        shown(resource, resource.hidden.get("type", resource.type), *keys) for resource in found if not resource.parent
    ]


@PROVIDER.operation("ResourceGroups_List")
def list_groups(call: ArmCall) -> Answer:
    """The subscription's groups, by name."""
    check_subscription(call)
    groups = call.tx.resources.of_type(GROUP_TYPE, subscription=call.platform.credentials.subscription_id)
    return Answer(200, {"value": [shown(group, GROUP_TYPE, *_ENVELOPE) for group in groups]})


@PROVIDER.operation("ResourceGroups_CreateOrUpdate")
def put_group(call: ArmCall) -> Answer:
    """201 for a new group, 200 for one that was there (F9)."""
    check_subscription(call)
    body = body_object(call)
    location = str(body.get("location") or "").replace(" ", "").lower()
    if not location:
        raise LocationMissing
    existing = call.tx.resources.find(call.id.group_id)
    if existing is not None and existing.body["location"] != location:
        raise GroupLocationFixed(existing.name, existing.body["location"], location)
    name = call.parameters["resourceGroupName"]
    group = existing or Resource(
        call.id.group_id, GROUP_TYPE, call.id.subscription, call.id.resource_group, name, created=call.now
    )
    group.modified = call.now
    kept = {key: body[key] for key in ("managedBy", "tags") if body.get(key) is not None}
    group.body = {"location": location, **kept, "properties": {"provisioningState": "Succeeded"}}
    call.tx.resources.put(group)
    return Answer(200 if existing else 201, shown(group, GROUP_TYPE, *_ENVELOPE))


@PROVIDER.operation("ResourceGroups_Update")
def patch_group(call: ArmCall) -> Answer:
    """Tags are replaced as a whole."""
    group, body = group_of(call), body_object(call)
    group.body |= {key: body[key] for key in ("managedBy", "tags") if key in body}
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
