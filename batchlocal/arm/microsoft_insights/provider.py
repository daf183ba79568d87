"""The Microsoft.Insights provider: its operations."""

from __future__ import annotations

from batchlocal.arm.provider import ResourceProvider
from batchlocal.protocol.routing import Route

__all__ = ["PROVIDER"]

PROVIDER = ResourceProvider(
    "Microsoft.Insights",
    [
        Route(
            "ActivityLogs_List",
            "GET",
            "/subscriptions/{subscriptionId}/providers/Microsoft.Insights/eventtypes/management/values",
        )
    ],
)
