"""Virtual networks and their subnets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.kept import KeptType, Values, serve, shown_kept, text_at
from batchlocal.arm.microsoft_network.provider import ENVELOPE, PROVIDER, born
from batchlocal.domain.refusals import Refusal
from batchlocal.domain.subnets import RangeInvalid, SubnetOutside, SubnetsOverlap, check_subnets
from batchlocal.store import Tx
from batchlocal.store.resources import Resource

__all__ = ["NETWORK_TYPE", "SUBNET_TYPE", "endpoints_in", "prefixes_of"]

NETWORK_TYPE = "Microsoft.Network/virtualNetworks"
SUBNET_TYPE = f"{NETWORK_TYPE}/subnets"
_ENDPOINT_TYPE = "Microsoft.Network/privateEndpoints"
_POOL_SUBNET = "networkConfiguration.subnetId"
_SUBNET_SHAPE = {"addressPrefix": str, "addressPrefixes": [str]}
_SUBNET_DEFAULTS: Values = {
    "delegations": [],
    "privateEndpointNetworkPolicies": "Disabled",
    "privateLinkServiceNetworkPolicies": "Enabled",
}


@dataclass(eq=False)
class SubnetInUse(Refusal):
    """Something lives in the subnet."""

    subnet: str
    user: str


CATALOGUE.update(
    {
        RangeInvalid: gateway(
            400, "InvalidCIDRNotation", "The address prefix {value} of '{name}' is not valid CIDR notation."
        ),
        SubnetOutside: gateway(
            400, "NetcfgInvalidSubnet", "Subnet '{subnet}' is not valid in virtual network '{network}'."
        ),
        SubnetsOverlap: gateway(
            400, "NetcfgSubnetRangesOverlap", "Subnet '{subnet}' is not valid because its range overlaps '{other}'."
        ),
        SubnetInUse: gateway(
            400, "InUseSubnetCannotBeDeleted", "Subnet {subnet} is in use by {user} and cannot be deleted."
        ),
    }
)


def _subnets(tx: Tx, network: Resource) -> list[Resource]:
    return list(tx.resources.children(network.id, SUBNET_TYPE))


def _complete_network(call: ArmCall, network: Resource, _: Values | None) -> None:
    """A network's subnets are resources of their own; a PUT that lists them says all that there are to be."""
    listed = network.body["properties"].pop("subnets", None)
    if listed is not None:
        names = {str(one.get("name", "")).lower() for one in listed}
        for subnet in _subnets(call.tx, network):
            if subnet.name.lower() not in names:
                _check_unused(call.tx, subnet)
                call.tx.resources.remove(subnet.id)
        for one in listed:
            _put_subnet(call, network, one)
    _check_ranges(call.tx, network)


def _put_subnet(call: ArmCall, network: Resource, sent: dict[str, Any]) -> None:
    subnet_id = f"{network.id}/subnets/{sent.get('name', '')}"
    subnet = call.tx.resources.find(subnet_id) or Resource(
        subnet_id,
        SUBNET_TYPE,
        network.subscription,
        network.resource_group,
        str(sent.get("name", "")),
        parent=network.id,
        hidden={"type": SUBNET_TYPE, "drawn": {"provisioningState": "Succeeded"}},
        created=call.now,
    )
    given = {key: value for key, value in (sent.get("properties") or {}).items() if value is not None}
    subnet.body = {"properties": {**_SUBNET_DEFAULTS, **given, "provisioningState": "Succeeded"}}
    subnet.modified = call.now
    call.tx.resources.put(subnet)


def _check_ranges(tx: Tx, network: Resource) -> None:
    ranges = {subnet.name: prefixes_of(subnet) for subnet in _subnets(tx, network)}
    check_subnets(network.name, network.body["properties"]["addressSpace"]["addressPrefixes"], ranges)


def prefixes_of(subnet: Resource) -> list[str]:
    """A subnet's address ranges."""
    properties = subnet.body["properties"]
    one = properties.get("addressPrefix")
    return [one] if one else list(properties.get("addressPrefixes") or [])


def _complete_subnet(call: ArmCall, subnet: Resource, _: Values | None) -> None:
    network = call.tx.resources.find(subnet.parent)
    assert network is not None, "the frame has looked for it"
    _check_ranges(call.tx, network)


def _born_subnet(_: ArmCall, __: Resource) -> Values:
    return {"provisioningState": "Succeeded"}


def _show_network(tx: Tx, network: Resource) -> Values:
    return {"subnets": [shown_kept(SUBNET, tx, subnet) for subnet in _subnets(tx, network)]}


def endpoints_in(tx: Tx, subnet_id: str) -> list[Resource]:
    """The private endpoints in a subnet."""
    wanted = subnet_id.lower()
    found = tx.resources.of_type(_ENDPOINT_TYPE)
    return [one for one in found if text_at(one.body, "properties.subnet.id").lower() == wanted]


def _pools_in(tx: Tx, subnet_id: str) -> list[str]:
    """The keys of the pools whose nodes are in a subnet."""
    wanted = subnet_id.lower()
    return [one.key for one in tx.pools.every() if text_at(one.properties, _POOL_SUBNET).lower() == wanted]


def _show_subnet(tx: Tx, subnet: Resource) -> Values:
    found = endpoints_in(tx, subnet.id)
    return {"privateEndpoints": [{"id": one.id} for one in found]} if found else {}


def _check_unused(tx: Tx, subnet: Resource) -> None:
    for user in (*(one.id for one in endpoints_in(tx, subnet.id)), *_pools_in(tx, subnet.id)):
        raise SubnetInUse(subnet.name, user)


def _check_all_unused(tx: Tx, network: Resource) -> None:
    for subnet in _subnets(tx, network):
        _check_unused(tx, subnet)


SUBNET = KeptType(
    SUBNET_TYPE,
    "Subnets",
    envelope=("name", "id", "etag", "type", "properties"),
    shape=_SUBNET_SHAPE,
    references=("properties.networkSecurityGroup.id", "properties.routeTable.id", "properties.natGateway.id"),
    defaults=_SUBNET_DEFAULTS,
    drawn=_born_subnet,
    complete=_complete_subnet,
    view=_show_subnet,
    keeps=_check_unused,
)
serve(PROVIDER, SUBNET)
serve(
    PROVIDER,
    KeptType(
        NETWORK_TYPE,
        "VirtualNetworks",
        envelope=ENVELOPE,
        shape={"addressSpace": {"addressPrefixes": [str]}, "subnets": [{"name": str, "properties": _SUBNET_SHAPE}]},
        required=("location", "properties.addressSpace.addressPrefixes"),
        references=("properties.subnets.properties.networkSecurityGroup.id",),
        defaults={"enableDdosProtection": False, "virtualNetworkPeerings": []},
        drawn=born,
        complete=_complete_network,
        view=_show_network,
        keeps=_check_all_unused,
    ),
)
