"""What ARM's front door refuses before any resource provider sees the request."""

from __future__ import annotations

import re
from dataclasses import dataclass

from batchlocal.arm.actions import action_of
from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.fabric import check_subscription
from batchlocal.arm.locations import LOCATIONS, LocationRefused, location_of
from batchlocal.arm.provider import ResourceProvider
from batchlocal.arm.resource_id import ResourceId
from batchlocal.domain.refusals import Fault, Refusal
from batchlocal.identity.tokens import TokenRefused
from batchlocal.platform import Platform
from batchlocal.protocol.messages import Request

__all__ = [
    "ApiVersionMissing",
    "BodyNotReadable",
    "MethodNotAllowed",
    "NotRegistered",
    "OperationNotImplemented",
    "ResourceTypeUnknown",
    "RouteNotFound",
    "refuse_operation",
    "refuse_token",
    "refuse_version",
    "region_of",
]


@dataclass(eq=False)
class TokenMissing(Refusal):
    """No bearer token came with the request."""

    authority: str


@dataclass(eq=False)
class TokenMalformed(Refusal):
    """The token is not one of ours, or was changed."""

    authority: str


@dataclass(eq=False)
class TokenExpired(Refusal):
    """The token's time is over."""

    authority: str


@dataclass(eq=False)
class TokenForAnotherTenant(Refusal):
    """The token was issued by another tenant."""

    authority: str


@dataclass(eq=False)
class TokenForAnotherAudience(Refusal):
    """The token was asked for something that is not ARM."""

    authority: str


@dataclass(eq=False)
class ApiVersionMissing(Refusal):
    """The request names no api-version."""


@dataclass(eq=False)
class NotRegistered(Refusal):
    """The provider does not answer this api-version, or not in this region."""

    type: str
    location: str
    version: str
    supported: str
    locations: str


@dataclass(eq=False)
class RouteNotFound(Refusal):
    """Nothing stands under the path."""

    path: str


@dataclass(eq=False)
class ResourceTypeUnknown(Refusal):
    """The namespace has no such type, or the type has no such action."""

    type: str
    namespace: str
    version: str


@dataclass(eq=False)
class MethodNotAllowed(Refusal):
    """The path exists, but not for this method."""

    method: str


@dataclass(eq=False)
class BodyNotReadable(Refusal):
    """The body is not JSON."""


@dataclass(eq=False)
class OperationNotImplemented(Refusal):
    """Azure has the operation, batchlocal does not yet."""

    operation: str


def refuse_token(refused: TokenRefused, platform: Platform) -> Refusal:
    """The refusal for a token that did not verify."""
    kinds = {
        "missing": TokenMissing,
        "malformed": TokenMalformed,
        "expired": TokenExpired,
        "tenant": TokenForAnotherTenant,
        "audience": TokenForAnotherAudience,
    }
    return kinds[refused.reason](f"{platform.origin}/{platform.tokens.tenant_id}")


def refuse_version(request: Request, provider: ResourceProvider) -> Refusal:
    """The refusal for an api-version that the provider does not have, or a region that it is not in."""
    found = re.search(r"/locations/([^/]+)(?:/([^/]+))?", request.path, re.IGNORECASE)
    location, inner = (found[1], found[2]) if found else ("", None)
    types = "/".join(ResourceId.parse(request.path).types) or request.path.rpartition("/")[2]
    types = f"locations/{inner}" if inner else types
    supported = ", ".join(provider.versions or (request.api_version,))
    return NotRegistered(types, location[:100], request.api_version, supported, ", ".join(LOCATIONS))


def region_of(call: ArmCall, provider: ResourceProvider) -> str:
    """The region that the path names, which must be one of Azure's; ``West Europe`` is ``westeurope``.

    Raises:
        SubscriptionNotFound
        NotRegistered: there is no such region (seen in azure-cli issue 30613, MigAz issue 246).
    """
    check_subscription(call)
    try:
        return location_of(call.parameters.get("location") or call.parameters["locationName"], "locations")
    except LocationRefused:
        raise refuse_version(call.request, provider) from None


def refuse_operation(request: Request, provider: ResourceProvider) -> Refusal:
    """The refusal for what another api-version of the provider has, and the request's has not."""
    types = "/".join(action_of(request.method, request.path).split("/")[1:-1])
    return ResourceTypeUnknown(types, provider.namespace, request.api_version)


_BEARER = {"WWW_Authenticate": 'Bearer authorization_uri="{authority}", error="invalid_token"'}

CATALOGUE.update(
    {
        TokenMissing: gateway(
            401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.", **_BEARER
        ),
        TokenMalformed: gateway(401, "InvalidAuthenticationToken", "The access token is invalid.", **_BEARER),
        TokenExpired: gateway(401, "ExpiredAuthenticationToken", "The access token has expired.", **_BEARER),
        TokenForAnotherTenant: gateway(
            401, "InvalidAuthenticationTokenTenant", "The access token is from the wrong issuer.", **_BEARER
        ),
        TokenForAnotherAudience: gateway(
            401,
            "InvalidAuthenticationTokenAudience",
            "The access token has been obtained for wrong audience or resource.",
            **_BEARER,
        ),
        ApiVersionMissing: gateway(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ),
        NotRegistered: gateway(
            400,
            "NoRegisteredProviderFound",
            "No registered resource provider found for location '{location}' and API version '{version}' for type"
            " '{type}'. The supported api-versions are '{supported}'. The supported locations are '{locations}'.",
        ),
        RouteNotFound: gateway(404, "NotFound", "No resource of ARM has the path '{path}'."),
        ResourceTypeUnknown: gateway(
            404,
            "InvalidResourceType",
            "The resource type '{type}' could not be found in the namespace '{namespace}' for api version '{version}'.",
        ),
        MethodNotAllowed: gateway(
            405, "MethodNotAllowed", "The requested HTTP method '{method}' is not supported on this resource."
        ),
        BodyNotReadable: gateway(
            400, "InvalidRequestContent", "The request content was invalid and could not be deserialized."
        ),
        Fault: gateway(500, "InternalServerError", "The server encountered an internal error; its log says more."),
        OperationNotImplemented: gateway(
            501, "NotImplemented", "batchlocal does not have the operation {operation} yet; Azure does."
        ),
    }
)
