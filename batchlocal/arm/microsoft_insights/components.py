"""Application Insights components: kept and shown. Nothing takes telemetry, so their endpoints lead back here.

Source: the type of pulumi_azure_native 3.29 (applicationinsights, api-version 2020-02-02) and Microsoft's REST
reference "Components". Names are this provider's own: some properties begin with a capital.
"""

from __future__ import annotations

from batchlocal.arm.call import ArmCall
from batchlocal.arm.fabric import new_guid
from batchlocal.arm.kept import KeptType, Values, serve
from batchlocal.arm.microsoft_insights.provider import PROVIDER
from batchlocal.arm.shapes import InvalidValue
from batchlocal.protocol import moments
from batchlocal.store.resources import Resource

__all__: list[str] = []

_RETENTIONS = (30, 60, 90, 120, 180, 270, 365, 550, 730)  # days; Components: RetentionInDays
_KINDS = ("web", "other")


def _born(call: ArmCall, component: Resource) -> Values:
    key, app = new_guid(), new_guid()
    origin = call.platform.origin
    connection = f"InstrumentationKey={key};IngestionEndpoint={origin}/;LiveEndpoint={origin}/;ApplicationId={app}"
    return {
        "AppId": app,
        "ApplicationId": component.name,
        "Name": component.name,
        "CreationDate": moments.iso(call.now),
        "TenantId": component.subscription,
        "InstrumentationKey": key,
        "ConnectionString": connection,
        "provisioningState": "Succeeded",
        "Ver": "v2",
    }


def _complete(_: ArmCall, component: Resource, __: Values | None) -> None:
    properties = component.body["properties"]
    if properties["RetentionInDays"] not in _RETENTIONS:
        raise InvalidValue("properties.RetentionInDays", f"It must be one of {', '.join(map(str, _RETENTIONS))}.")
    if properties["Application_Type"] not in _KINDS:
        raise InvalidValue("properties.Application_Type", f"It must be one of {', '.join(_KINDS)}.")


serve(
    PROVIDER,
    KeptType(
        "Microsoft.Insights/components",
        "Components",
        created=200,
        envelope=("id", "name", "type", "location", "tags", "kind", "etag", "properties"),
        shape={
            **dict.fromkeys(("Application_Type", "Flow_Type", "Request_Source", "WorkspaceResourceId"), str),
            **dict.fromkeys(("DisableIpMasking", "DisableLocalAuth", "ForceCustomerStorageForProfiler"), bool),
            "RetentionInDays": int,
            "IngestionMode": str,
        },
        required=("location", "kind", "properties.Application_Type"),
        references=("properties.WorkspaceResourceId",),
        defaults={
            "Flow_Type": "Bluefield",
            "Request_Source": "rest",
            "RetentionInDays": 90,
            "IngestionMode": "LogAnalytics",
            "DisableIpMasking": False,
            "publicNetworkAccessForIngestion": "Enabled",
            "publicNetworkAccessForQuery": "Enabled",
        },
        drawn=_born,
        complete=_complete,
    ),
)
