"""Microsoft.Network, as far as Batch and its private endpoints need it; importing it registers every handler."""

from batchlocal.arm.microsoft_network import addresses, perimeters, private_dns, private_endpoints, virtual_networks
from batchlocal.arm.microsoft_network.provider import PROVIDER

__all__ = ["PROVIDER", "addresses", "perimeters", "private_dns", "private_endpoints", "virtual_networks"]
