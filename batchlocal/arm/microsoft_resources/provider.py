"""The Microsoft.Resources provider: its operations, which stand in no description of ours."""

from __future__ import annotations

from batchlocal.arm.provider import ResourceProvider
from batchlocal.protocol.routing import Route

__all__ = ["PROVIDER"]

_SUBSCRIPTION = "/subscriptions/{subscriptionId}"
_GROUP = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
_RESOURCE = f"{_GROUP}/providers/{{namespace}}/{{type}}/{{name}}"
_TAGS = "providers/Microsoft.Resources/tags/default"
_DEPLOYMENTS = "providers/Microsoft.Resources/deployments"


def _routes(*lines: str) -> list[Route]:
    """``id method path`` a line."""
    return [Route(*line.split()) for line in lines]


PROVIDER = ResourceProvider(
    "Microsoft.Resources",
    _routes(
        "Tenants_List GET /tenants",
        "Subscriptions_List GET /subscriptions",
        f"Subscriptions_Get GET {_SUBSCRIPTION}",
        f"Subscriptions_ListLocations GET {_SUBSCRIPTION}/locations",
        f"Providers_List GET {_SUBSCRIPTION}/providers",
        f"Providers_Get GET {_SUBSCRIPTION}/providers/{{namespace}}",
        "Providers_GetAtTenantScope GET /providers/{namespace}",
        "Providers_ListAtTenantScope GET /providers",
        f"Providers_Register POST {_SUBSCRIPTION}/providers/{{namespace}}/register",
        f"Resources_List GET {_SUBSCRIPTION}/resources",
        f"Resources_ListByResourceGroup GET {_GROUP}/resources",
        f"ResourceGroups_List GET {_SUBSCRIPTION}/resourceGroups",
        f"ResourceGroups_CreateOrUpdate PUT {_GROUP}",
        f"ResourceGroups_Update PATCH {_GROUP}",
        f"ResourceGroups_Get GET {_GROUP}",
        f"ResourceGroups_CheckExistence HEAD {_GROUP}",
        f"ResourceGroups_Delete DELETE {_GROUP}",
        f"ResourceGroups_ExportTemplate POST {_GROUP}/exportTemplate",
        f"OperationResults_Get GET {_SUBSCRIPTION}/operationresults/{{operationId}}",
        f"Tags_List GET {_SUBSCRIPTION}/tagNames",
        f"Tags_CreateOrUpdate PUT {_SUBSCRIPTION}/tagNames/{{tagName}}",
        f"Tags_Delete DELETE {_SUBSCRIPTION}/tagNames/{{tagName}}",
        f"Tags_CreateOrUpdateValue PUT {_SUBSCRIPTION}/tagNames/{{tagName}}/tagValues/{{tagValue}}",
        f"Tags_DeleteValue DELETE {_SUBSCRIPTION}/tagNames/{{tagName}}/tagValues/{{tagValue}}",
        f"Resources_MoveResources POST {_GROUP}/moveResources",
        f"Resources_ValidateMoveResources POST {_GROUP}/validateMoveResources",
        *(
            f"Tags_{verb}{scope} {method} {path}/{_TAGS}"
            for verb, method in (
                ("GetAtScope", "GET"),
                ("CreateOrUpdateAtScope", "PUT"),
                ("UpdateAtScope", "PATCH"),
                ("DeleteAtScope", "DELETE"),
            )
            for scope, path in (("Subscription", _SUBSCRIPTION), ("Group", _GROUP), ("Resource", _RESOURCE))
        ),
        *(
            f"Deployments_{verb}{scope} {method} {path}/{_DEPLOYMENTS}/{{deploymentName}}{action}"
            for verb, method, action in (
                ("CreateOrUpdate", "PUT", ""),
                ("Validate", "POST", "/validate"),
                ("WhatIf", "POST", "/whatIf"),
                ("Get", "GET", ""),
            )
            for scope, path in (("AtSubscriptionScope", _SUBSCRIPTION), ("", _GROUP))
        ),
        f"Deployments_ListByResourceGroup GET {_GROUP}/{_DEPLOYMENTS}",
        f"Deployments_ListAtSubscriptionScope GET {_SUBSCRIPTION}/{_DEPLOYMENTS}",
    ),
)
