"""Network security groups and public IP addresses, as pools name them."""

from __future__ import annotations

from batchlocal.arm.call import ArmCall
from batchlocal.arm.kept import KeptType, Values, serve
from batchlocal.arm.microsoft_network.provider import ENVELOPE, PROVIDER, born
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__: list[str] = []

_RULES = (  # Azure documentation, "Network security groups": default security rules
    ("AllowVnetInBound", "Inbound", 65000, "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", "Inbound", 65001, "Allow", "AzureLoadBalancer", "*"),
    ("DenyAllInBound", "Inbound", 65500, "Deny", "*", "*"),
    ("AllowVnetOutBound", "Outbound", 65000, "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", "Outbound", 65001, "Allow", "*", "Internet"),
    ("DenyAllOutBound", "Outbound", 65500, "Deny", "*", "*"),
)


def _complete_rules(_: ArmCall, group: Resource, __: Values | None) -> None:
    for rule in group.body["properties"]["securityRules"]:
        rule["id"] = f"{group.id}/securityRules/{rule.get('name', '')}"
        rule["type"] = "Microsoft.Network/networkSecurityGroups/securityRules"
        rule["properties"] = {**(rule.get("properties") or {}), "provisioningState": "Succeeded"}


def _default_rules(_: Tx, group: Resource) -> Values:
    rules = [
        {
            "name": name,
            "id": f"{group.id}/defaultSecurityRules/{name}",
            "type": "Microsoft.Network/networkSecurityGroups/defaultSecurityRules",
            "properties": {
                "provisioningState": "Succeeded",
                "protocol": "*",
                "sourcePortRange": "*",
                "destinationPortRange": "*",
                "sourceAddressPrefix": source,
                "destinationAddressPrefix": destination,
                "access": access,
                "priority": priority,
                "direction": direction,
            },
        }
        for name, direction, priority, access, source, destination in _RULES
    ]
    return {"defaultSecurityRules": rules}


def _complete_address(_: ArmCall, address: Resource, __: Values | None) -> None:
    address.body.setdefault("sku", {"name": "Basic", "tier": "Regional"}).setdefault("tier", "Regional")


serve(
    PROVIDER,
    KeptType(
        "Microsoft.Network/networkSecurityGroups",
        "NetworkSecurityGroups",
        envelope=ENVELOPE,
        required=("location",),
        shape={"securityRules": [{"name": str, "properties": {}}]},
        defaults={"securityRules": []},
        drawn=born,
        complete=_complete_rules,
        view=_default_rules,
    ),
)
serve(
    PROVIDER,
    KeptType(
        "Microsoft.Network/publicIPAddresses",
        "PublicIPAddresses",
        envelope=ENVELOPE,
        required=("location",),
        defaults={
            "publicIPAddressVersion": "IPv4",
            "publicIPAllocationMethod": "Dynamic",
            "idleTimeoutInMinutes": 4,
            "ipTags": [],
        },
        drawn=born,
        complete=_complete_address,
    ),
)
