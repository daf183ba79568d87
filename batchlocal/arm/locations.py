"""Azure's public regions, and where a resource may be (Azure documentation, "List of Azure regions")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.domain.refusals import Refusal
from batchlocal.store.resources import Resource

__all__ = ["LOCATIONS", "LocationRefused", "ResourceElsewhere", "location_of", "placed"]

_DISPLAYED = (
    "East US, East US 2, East US 3, South Central US, West US, West US 2, West US 3, Central US, North Central US,"
    " West Central US, Canada Central, Canada East, Mexico Central, Brazil South, Brazil Southeast, Chile Central,"
    " North Europe, West Europe, UK South, UK West, France Central, France South, Germany West Central, Germany North,"
    " Switzerland North, Switzerland West, Norway East, Norway West, Sweden Central, Sweden South, Poland Central,"
    " Italy North, Spain Central, Austria East, Israel Central, UAE North, UAE Central, Qatar Central,"
    " South Africa North, South Africa West, Australia East, Australia Southeast, Australia Central,"
    " Australia Central 2, New Zealand North, East Asia, Southeast Asia, Japan East, Japan West, Korea Central,"
    " Korea South, Central India, South India, West India, Jio India West, Jio India Central, Indonesia Central,"
    " Malaysia West, Malaysia South, Taiwan North, Taiwan Northwest, Central US EUAP, East US 2 EUAP"
)
LOCATIONS: Final = {name.replace(" ", "").lower(): name for name in _DISPLAYED.split(", ")}
"""Display names by name."""


@dataclass(eq=False)
class LocationRefused(Refusal):
    """There is no such region for resources of the type."""

    location: str
    type: str
    known: str


@dataclass(eq=False)
class ResourceElsewhere(Refusal):
    """The resource is there already, in another region."""

    name: str
    location: str
    asked: str


CATALOGUE.update(
    {
        LocationRefused: gateway(
            400,
            "LocationNotAvailableForResourceType",
            "The provided location '{location}' is not available for resource type '{type}'. List of available regions"
            " for the resource type is '{known}'.",
        ),
        ResourceElsewhere: gateway(
            409,
            "InvalidResourceLocation",
            "The resource '{name}' already exists in location '{location}'. A resource with the same name cannot be"
            " created in location '{asked}'. Please select a new resource name.",
        ),
    }
)


def location_of(sent: object, resource_type: str) -> str:
    """A region's name, however it is spelt: ``West Europe`` is ``westeurope``.

    Raises:
        LocationRefused
    """
    name = str(sent).replace(" ", "").lower()
    if name not in LOCATIONS:
        raise LocationRefused(str(sent)[:100], resource_type, ",".join(LOCATIONS))
    return name


def placed(existing: Resource | None, sent: object, default: str, resource_type: str) -> str:
    """Where a resource is: where it was, else where it was sent, else where its group is.

    Raises:
        LocationRefused, ResourceElsewhere
    """
    asked = location_of(sent or default, resource_type)
    if existing is None:
        return asked
    location = str(existing.body["location"])
    if sent and asked != location:
        raise ResourceElsewhere(existing.name, location, asked)
    return location
