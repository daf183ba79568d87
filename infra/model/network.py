"""Networks. Source: Microsoft's "Use private endpoints with Azure Batch accounts" and Microsoft.Network 2024-05-01."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Literal, Self

from pydantic import model_validator

from infra.model.base import ArmId, Model

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

    @model_validator(mode="after")
    def _subnets_fit(self) -> Self:
        if self.existing is not None:
            if self.private_endpoints and self.existing.endpoint_subnet is None:
                raise ValueError("privateEndpoints need existing.endpointSubnet")
            return self
        for name, subnet in (("poolSubnet", self.pool_subnet), ("endpointSubnet", self.endpoint_subnet)):
            if not subnet.subnet_of(self.address_space):
                raise ValueError(f"{name} {subnet} is not within addressSpace {self.address_space}")
        if self.pool_subnet.overlaps(self.endpoint_subnet):
            raise ValueError(f"poolSubnet {self.pool_subnet} and endpointSubnet {self.endpoint_subnet} overlap")
        return self
