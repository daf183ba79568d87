"""The Microsoft.Batch provider: its operations, its api-versions, and what all its resources share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchlocal import specs
from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, OWN_WORDS, provider
from batchlocal.arm.fabric import group_of
from batchlocal.arm.listing import QueryParameterInvalid
from batchlocal.arm.provider import ResourceProvider
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.routing import Route
from batchlocal.store.resources import Resource

__all__ = ["ACCOUNT_TYPE", "PROVIDER", "InvalidBody", "InvalidProperty", "account_of"]

ACCOUNT_TYPE = "Microsoft.Batch/batchAccounts"
_ACCOUNT = (
    f"/subscriptions/{{subscriptionId}}/resourceGroups/{{resourceGroupName}}/providers/{ACCOUNT_TYPE}/{{accountName}}"
)
_LOCATION = "/subscriptions/{subscriptionId}/providers/Microsoft.Batch/locations/{locationName}"


@dataclass(eq=False)
class AccountNotFound(Refusal):
    """The Batch account of the path does not exist."""


@dataclass(eq=False)
class InvalidProperty(Refusal):
    """A property's value is not taken."""

    name: str
    reason: str
    target: str = "BatchAccount"


@dataclass(eq=False)
class InvalidBody(Refusal):
    """The body as a whole is not taken."""

    reason: str


CATALOGUE.update(
    {
        AccountNotFound: provider(404, "AccountNotFound", "The specified account does not exist."),
        InvalidProperty: provider(
            400,
            "InvalidPropertyValue",
            "The value provided for one of the properties in the request body is invalid.",
            PropertyName="{name}",
            Reason="{reason}",
        ),
        InvalidBody: provider(
            400,
            "InvalidRequestBody",
            "The specified Request Body is not syntactically valid.",
            Reason="{reason}",
        ),
    }
)


# as the Batch service words it, whose provider answers here ("Batch Status and Error Codes")
OWN_WORDS["microsoft.batch", QueryParameterInvalid] = provider(
    400,
    "InvalidQueryParameterValue",
    "Value for one of the query parameters specified in the request URI is invalid",
    QueryParameterName="{name}",
    QueryParameterValue="{value}",
    Reason="{reason}",
)


def _refuse(problem: specs.Problem) -> Refusal:
    """What Batch says of a body: values that are out of bounds by property, anything else as a broken body (F3)."""
    if problem.kind in ("enum", "pattern", "length", "range"):
        return InvalidProperty(problem.path.removeprefix("properties."), problem.reason)
    return InvalidBody(problem.reason)


PROVIDER = ResourceProvider(
    "Microsoft.Batch",
    [
        Route(
            "BatchAccount_OperationResults", "GET", f"{_ACCOUNT}/operationResults/{{operationId}}", "BatchAccount_Get"
        ),
        Route("BatchAccount_DeletionResults", "GET", f"{_LOCATION}/accountOperationResults/{{operationId}}"),
        Route("Certificate_OperationResults", "GET", f"{_ACCOUNT}/certificateOperationResults/{{operationId}}"),
        Route("Pool_OperationResults", "GET", f"{_ACCOUNT}/poolOperationResults/{{operationId}}"),
        Route(
            "PrivateEndpointConnection_OperationResults",
            "GET",
            f"{_ACCOUNT}/privateEndpointConnectionResults/{{operationId}}",
        ),
        Route(
            "NetworkSecurityPerimeter_OperationResults",
            "GET",
            f"{_ACCOUNT}/networkSecurityPerimeterConfigurationOperationResults/{{operationId}}",
        ),
    ],
    refuse_body=_refuse,
)


def account_of(call: ArmCall) -> Resource:
    """The Batch account that the path names.

    Raises:
        SubscriptionNotFound, ResourceGroupNotFound, AccountNotFound
    """
    group = group_of(call)
    account = call.tx.resources.find(f"{group.id}/providers/{ACCOUNT_TYPE}/{call.parameters['accountName']}")
    if account is None:
        raise AccountNotFound
    return account


def properties_of(body: Any) -> dict[str, Any]:
    """``properties`` of a body, {} when absent.

    Raises:
        InvalidBody: it is not an object.
    """
    properties = (body or {}).get("properties")
    if properties is None:
        return {}
    if not isinstance(properties, dict):
        raise InvalidBody("'properties' must be an object")
    return properties
