"""What Microsoft.Storage says of subscriptions and regions: kinds of accounts, how many there are, its operations."""

from __future__ import annotations

from typing import Any, Final

from batchlocal.arm.call import ArmCall
from batchlocal.arm.fabric import check_subscription
from batchlocal.arm.front_door import region_of
from batchlocal.arm.locations import LOCATIONS
from batchlocal.arm.microsoft_storage.provider import ACCOUNT_TYPE, PROVIDER, json_answer
from batchlocal.arm.provider_operations import operations_of
from batchlocal.protocol.messages import Answer

__all__: list[str] = []

_MOST_ACCOUNTS = (
    250  # a region; Azure documentation, "Scalability and performance targets for standard storage accounts"
)
# Azure documentation, "Azure storage redundancy" and "Storage account overview": what each kind may be
_GEO = ("Standard_GRS", "Standard_RAGRS")
_ZONES = ("Standard_ZRS", "Standard_GZRS", "Standard_RAGZRS")
_PREMIUM = ("Premium_LRS", "Premium_ZRS")
_SKUS: Final = {
    "Storage": ("Standard_LRS", *_GEO, "Premium_LRS"),
    "StorageV2": ("Standard_LRS", *_GEO, *_ZONES, "Premium_LRS"),
    "BlobStorage": ("Standard_LRS", *_GEO),
    "BlockBlobStorage": _PREMIUM,
    "FileStorage": _PREMIUM,
}


@PROVIDER.operation("Skus_List")
def list_skus(call: ArmCall) -> Answer:
    """Every kind of account with each redundancy, region by region."""
    check_subscription(call)
    found = [_sku(name, kind, place) for place in LOCATIONS for kind, names in _SKUS.items() for name in names]
    return json_answer(200, {"value": found})


def _sku(name: str, kind: str, location: str) -> dict[str, Any]:
    is_current = kind != "Storage"
    return {
        "resourceType": "storageAccounts",
        "name": name,
        "tier": name.partition("_")[0],
        "kind": kind,
        "locations": [location],
        "capabilities": [
            {"name": "supportsnetworkacls", "value": "true"},
            {"name": "supportsaccounthnsonmigration", "value": str(is_current).lower()},
        ],
        "restrictions": [],
    }


@PROVIDER.operation("Usages_ListByLocation")
def list_usages(call: ArmCall) -> Answer:
    """How many storage accounts the subscription has in the region, of how many."""
    location = region_of(call, PROVIDER)
    accounts = call.tx.resources.of_type(ACCOUNT_TYPE, subscription=call.id.subscription)
    count = sum(1 for account in accounts if account.body["location"] == location)
    named = {"value": "StorageAccounts", "localizedValue": "Storage Accounts"}
    usage = {"unit": "Count", "currentValue": count, "limit": _MOST_ACCOUNTS, "name": named}
    return json_answer(200, {"value": [usage]})


@PROVIDER.operation("Operations_List")
def list_operations(_: ArmCall) -> Answer:
    """The actions that permissions name."""
    return json_answer(200, {"value": operations_of(PROVIDER)})
