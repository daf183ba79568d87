"""The Microsoft.Insights provider: its operations."""

from __future__ import annotations

from batchlocal.arm.provider import ResourceProvider
from batchlocal.protocol.routing import Route

__all__ = ["PROVIDER"]

_BATCH_ACCOUNT = (
    "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
    "/providers/Microsoft.Batch/batchAccounts/{accountName}"
)

PROVIDER = ResourceProvider(
    "Microsoft.Insights",
    [
        Route(
            "ActivityLogs_List",
            "GET",
            "/subscriptions/{subscriptionId}/providers/Microsoft.Insights/eventtypes/management/values",
        ),
        Route("MetricDefinitions_List", "GET", f"{_BATCH_ACCOUNT}/providers/Microsoft.Insights/metricDefinitions"),
        Route("Metrics_List", "GET", f"{_BATCH_ACCOUNT}/providers/Microsoft.Insights/metrics"),
    ],
)
