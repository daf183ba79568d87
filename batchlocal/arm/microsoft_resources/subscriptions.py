"""The one tenant, its subscriptions, and the regions (clients.md 4)."""

from __future__ import annotations

from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.fabric import check_subscription
from batchlocal.arm.locations import LOCATIONS
from batchlocal.arm.microsoft_resources.provider import PROVIDER
from batchlocal.platform import Platform
from batchlocal.protocol.messages import Answer

__all__: list[str] = []

_OWN = "batchlocal"  # display name of the data folder's own subscription


@PROVIDER.operation("Tenants_List")
def list_tenants(call: ArmCall) -> Answer:
    """The one tenant."""
    tenant = call.platform.credentials.tenant_id
    return Answer(200, {"value": [{"id": f"/tenants/{tenant}", "tenantId": tenant, "displayName": "batchlocal"}]})


@PROVIDER.operation("Subscriptions_List")
def list_subscriptions(call: ArmCall) -> Answer:
    """The tenant's subscriptions: the data folder's own, and those made through the control API."""
    known = [(call.platform.credentials.subscription_id, _OWN), *call.tx.subscriptions.every()]
    return Answer(200, {"value": [_subscription(call.platform, *one) for one in known]})


@PROVIDER.operation("Subscriptions_Get")
def get_subscription(call: ArmCall) -> Answer:
    """The subscription, if it is this tenant's."""
    subscription = check_subscription(call)
    return Answer(200, _subscription(call.platform, subscription, call.tx.subscriptions.name_of(subscription) or _OWN))


def _subscription(platform: Platform, subscription: str, name: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{subscription}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription,
        "tenantId": platform.credentials.tenant_id,
        "displayName": name,
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
    root = f"/subscriptions/{check_subscription(call)}/locations"
    value = [
        {"id": f"{root}/{name}", "name": name, "type": "Region", "displayName": text, "regionalDisplayName": text}
        for name, text in LOCATIONS.items()
    ]
    return Answer(200, {"value": value})
