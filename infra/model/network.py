"""Networks. Source: Microsoft's "Use private endpoints with Azure Batch accounts" and Microsoft.Network 2024-05-01."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Literal

from infra.model.base import ArmId, Fault, Model, rule

__all__ = ["ExistingNetwork", "Network", "PrivateEndpointTarget"]

PrivateEndpointTarget = Literal["batchAccount", "nodeManagement", "blob"]


class ExistingNetwork(Model):
    """A network that someone else manages."""

    id: ArmId
    """The virtual network; private DNS zones are linked to it."""
    pool_subnet: ArmId
    """The subnet for nodes."""
    endpoint_subnet: ArmId | None = None
    """The subnet for private endpoints; required with privateEndpoints."""


class Network(Model):
    """Where nodes and private endpoints live."""

    address_space: IPv4Network = IPv4Network("10.0.0.0/16")
    """Addresses of a network of its own."""
    pool_subnet: IPv4Network = IPv4Network("10.0.0.0/20")
    """The part of it for nodes."""
    endpoint_subnet: IPv4Network = IPv4Network("10.0.255.0/24")
    """The part of it for private endpoints."""
    existing: ExistingNetwork | None = None
    """A network that is there already, instead of one of its own."""
    private_endpoints: tuple[PrivateEndpointTarget, ...] = ()
    """What is reached by private addresses: the account, its node management, the linked storage's blobs."""

    @rule
    def _endpoints_have_a_subnet(self) -> Iterator[Fault]:
        if self.existing is not None and self.private_endpoints and self.existing.endpoint_subnet is None:
            yield "existing.endpointSubnet", "is needed by privateEndpoints"

    @rule
    def _subnets_fit(self) -> Iterator[Fault]:
        if self.existing is not None:
            return
        for name, subnet in (("poolSubnet", self.pool_subnet), ("endpointSubnet", self.endpoint_subnet)):
            if not subnet.subnet_of(self.address_space):
                yield name, f"{subnet} is not within addressSpace {self.address_space}"
        if self.pool_subnet.overlaps(self.endpoint_subnet):
            yield "endpointSubnet", f"{self.endpoint_subnet} overlaps poolSubnet {self.pool_subnet}"
