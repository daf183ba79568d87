"""Microsoft.Insights: a module a subject; importing it registers every handler."""

from batchlocal.arm.microsoft_insights import activity_log, alerts, components, diagnostic_settings, metrics
from batchlocal.arm.microsoft_insights.provider import PROVIDER

__all__ = ["PROVIDER", "activity_log", "alerts", "components", "diagnostic_settings", "metrics"]
