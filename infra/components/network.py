"""The network of an environment: subnets, private endpoints and the DNS zones that make them found."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_azure_native import network, privatedns

from infra.clouds import current, private_zones
from infra.model import Network
from infra.model.network import PrivateEndpointTarget

__all__ = ["BatchNetwork", "PrivateEndpoints"]


class BatchNetwork(pulumi.ComponentResource):
    """A virtual network with a subnet for nodes and one for private endpoints, or references to existing ones.

    Attributes:
        network_id: the network's ARM id. pool_subnet_id: ARM id of the nodes' subnet.
        endpoint_subnet_id: ARM id of the private endpoints' subnet; None in an existing network that has none.
    """

    network_id: pulumi.Output[str]
    pool_subnet_id: pulumi.Output[str]
    endpoint_subnet_id: pulumi.Output[str | None]

    def __init__(
        self,
        name: str,
        settings: Network,
        *,
        resource_group_name: pulumi.Input[str],
        location: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("batchenv:index:BatchNetwork", name, None, opts)
        existing = settings.existing
        if existing is not None:
            self.network_id = pulumi.Output.from_input(existing.id)
            self.pool_subnet_id = pulumi.Output.from_input(existing.pool_subnet)
            self.endpoint_subnet_id = pulumi.Output.from_input(existing.endpoint_subnet)
        else:
            made = network.VirtualNetwork(
                name,
                virtual_network_name=f"{name}-vnet",
                resource_group_name=resource_group_name,
                location=location,
                address_space={"address_prefixes": [str(settings.address_space)]},
                subnets=[
                    {"name": "pools", "address_prefix": str(settings.pool_subnet)},
                    {"name": "endpoints", "address_prefix": str(settings.endpoint_subnet)},
                ],
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.network_id = made.id
            self.pool_subnet_id = pulumi.Output.concat(made.id, "/subnets/pools")
            self.endpoint_subnet_id = pulumi.Output.concat(made.id, "/subnets/endpoints")
        self.register_outputs({"networkId": self.network_id, "poolSubnetId": self.pool_subnet_id})


class PrivateEndpoints(pulumi.ComponentResource):
    """Private endpoints, each registered in its private DNS zone; endpoints of one zone share it."""

    def __init__(
        self,
        name: str,
        targets: Mapping[PrivateEndpointTarget, pulumi.Input[str]],
        *,
        place: BatchNetwork,
        resource_group_name: pulumi.Input[str],
        location: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare them.

        Args:
            targets: ARM ids of the resources, by sub-resource (batchAccount, nodeManagement, blob).
            place: the network they are in.
        """
        super().__init__("batchenv:index:PrivateEndpoints", name, None, opts)
        self._group = resource_group_name
        self._child = pulumi.ResourceOptions(parent=self)
        names = {target: zone for target, zone in private_zones(current()).items() if target in targets}
        zones = {zone: self._zone(zone, place) for zone in dict.fromkeys(names.values())}
        for target, resource_id in targets.items():
            endpoint = network.PrivateEndpoint(
                f"{name}-{target}",
                private_endpoint_name=f"{name}-{target}",
                resource_group_name=resource_group_name,
                location=location,
                subnet={"id": place.endpoint_subnet_id},
                private_link_service_connections=[
                    {"name": target, "private_link_service_id": resource_id, "group_ids": [target]}
                ],
                opts=self._child,
            )
            network.PrivateDnsZoneGroup(
                f"{name}-{target}",
                private_dns_zone_group_name="default",
                private_endpoint_name=endpoint.name,
                resource_group_name=resource_group_name,
                private_dns_zone_configs=[{"name": target, "private_dns_zone_id": zones[names[target]].id}],
                opts=self._child,
            )
        self.register_outputs({})

    def _zone(self, zone: str, place: BatchNetwork) -> privatedns.PrivateZone:
        made = privatedns.PrivateZone(
            zone, private_zone_name=zone, resource_group_name=self._group, location="Global", opts=self._child
        )
        privatedns.VirtualNetworkLink(
            zone,
            virtual_network_link_name="environment",
            private_zone_name=made.name,
            resource_group_name=self._group,
            location="Global",
            registration_enabled=False,
            virtual_network={"id": place.network_id},
            opts=self._child,
        )
        return made
