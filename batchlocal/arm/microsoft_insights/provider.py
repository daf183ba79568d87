"""The Microsoft.Insights provider: its operations."""

from __future__ import annotations

from batchlocal.arm.provider import ResourceProvider
from batchlocal.protocol.routing import Route

__all__ = ["PROVIDER"]

_BATCH_ACCOUNT = (
    "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
    "/providers/Microsoft.Batch/batchAccounts/{accountName}"
)

_SCOPE = "/{scope}/providers/Microsoft.Insights"

PROVIDER = ResourceProvider(
    "Microsoft.Insights",
    [
        Route(
            "ActivityLogs_List",
            "GET",
            "/subscriptions/{subscriptionId}/providers/Microsoft.Insights/eventtypes/management/values",
        ),
        Route("EventCategories_List", "GET", "/providers/Microsoft.Insights/eventcategories"),
        Route("DiagnosticSettingsCategory_List", "GET", f"{_SCOPE}/diagnosticSettingsCategories"),
        Route("DiagnosticSettingsCategory_Get", "GET", f"{_SCOPE}/diagnosticSettingsCategories/{{name}}"),
        Route("MetricDefinitions_List", "GET", f"{_BATCH_ACCOUNT}/providers/Microsoft.Insights/metricDefinitions"),
        Route("Metrics_List", "GET", f"{_BATCH_ACCOUNT}/providers/Microsoft.Insights/metrics"),
    ],
)
