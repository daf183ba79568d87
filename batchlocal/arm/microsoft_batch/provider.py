"""The Microsoft.Batch provider: its operations, its api-versions, and what all its resources share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, provider
from batchlocal.arm.fabric import group_of
from batchlocal.arm.provider import ResourceProvider
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.routing import Route
from batchlocal.store.resources import Resource

__all__ = ["ACCOUNT_TYPE", "PROVIDER", "InvalidBody", "InvalidProperty", "account_of"]

ACCOUNT_TYPE = "Microsoft.Batch/batchAccounts"
_SUBSCRIPTION = "/subscriptions/{subscriptionId}/providers/Microsoft.Batch"
_GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Batch"
_ACCOUNT = f"{_GROUP}/batchAccounts/{{accountName}}"
_APPLICATION = f"{_ACCOUNT}/applications/{{applicationName}}"
_VERSION = f"{_APPLICATION}/versions/{{versionName}}"
_POOL = f"{_ACCOUNT}/pools/{{poolName}}"
_LOCATION = f"{_SUBSCRIPTION}/locations/{{locationName}}"

PROVIDER = ResourceProvider(
    "Microsoft.Batch",
    [
        Route("BatchAccount_Create", "PUT", _ACCOUNT),
        Route("BatchAccount_Update", "PATCH", _ACCOUNT),
        Route("BatchAccount_Get", "GET", _ACCOUNT),
        Route("BatchAccount_Delete", "DELETE", _ACCOUNT),
        Route("BatchAccount_List", "GET", f"{_SUBSCRIPTION}/batchAccounts"),
        Route("BatchAccount_ListByResourceGroup", "GET", f"{_GROUP}/batchAccounts"),
        Route("BatchAccount_GetKeys", "POST", f"{_ACCOUNT}/listKeys"),
        Route("BatchAccount_RegenerateKey", "POST", f"{_ACCOUNT}/regenerateKeys"),
        Route("BatchAccount_SynchronizeAutoStorageKeys", "POST", f"{_ACCOUNT}/syncAutoStorageKeys"),
        Route("BatchAccount_OperationResults", "GET", f"{_ACCOUNT}/operationResults/{{operationId}}"),
        Route("BatchAccount_DeletionResults", "GET", f"{_LOCATION}/accountOperationResults/{{operationId}}"),
        Route("Application_Create", "PUT", _APPLICATION),
        Route("Application_Update", "PATCH", _APPLICATION),
        Route("Application_Get", "GET", _APPLICATION),
        Route("Application_Delete", "DELETE", _APPLICATION),
        Route("Application_List", "GET", f"{_ACCOUNT}/applications"),
        Route("ApplicationPackage_Create", "PUT", _VERSION),
        Route("ApplicationPackage_Get", "GET", _VERSION),
        Route("ApplicationPackage_Delete", "DELETE", _VERSION),
        Route("ApplicationPackage_List", "GET", f"{_APPLICATION}/versions"),
        Route("ApplicationPackage_Activate", "POST", f"{_VERSION}/activate"),
        Route("Pool_Create", "PUT", _POOL),
        Route("Pool_Update", "PATCH", _POOL),
        Route("Pool_Get", "GET", _POOL),
        Route("Pool_Delete", "DELETE", _POOL),
        Route("Pool_ListByBatchAccount", "GET", f"{_ACCOUNT}/pools"),
        Route("Pool_StopResize", "POST", f"{_POOL}/stopResize"),
        Route("Pool_DisableAutoScale", "POST", f"{_POOL}/disableAutoScale"),
        Route("Pool_OperationResults", "GET", f"{_ACCOUNT}/poolOperationResults/{{operationId}}"),
        Route("Location_GetQuotas", "GET", f"{_LOCATION}/quotas"),
        Route("Location_CheckNameAvailability", "POST", f"{_LOCATION}/checkNameAvailability"),
        Route("Location_ListSupportedVirtualMachineSkus", "GET", f"{_LOCATION}/virtualMachineSkus"),
    ],
    versions=("2025-06-01", "2024-07-01", "2024-02-01", "2023-11-01", "2023-05-01", "2022-10-01"),
)


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
