"""Alert rules and whom they tell. They are kept and shown; nothing watches them.

Sources: the types of pulumi_azure_native 3.29 (monitor) and Microsoft's REST reference "Action Groups", "Metric
Alerts", "Scheduled Query Rules" and "Activity Log Alerts".
"""

from __future__ import annotations

from batchlocal.arm.call import ArmCall
from batchlocal.arm.kept import KeptType, Values, serve
from batchlocal.arm.microsoft_insights.provider import PROVIDER
from batchlocal.arm.shapes import InvalidValue
from batchlocal.store.resources import Resource

__all__: list[str] = []

_ENVELOPE = ("id", "name", "type", "location", "kind", "identity", "tags", "properties")
_RECEIVERS = (
    *("emailReceivers", "smsReceivers", "webhookReceivers", "eventHubReceivers", "itsmReceivers", "armRoleReceivers"),
    *("azureAppPushReceivers", "automationRunbookReceivers", "voiceReceivers", "logicAppReceivers"),
    "azureFunctionReceivers",
)
_LONGEST_SHORT_NAME = 12  # characters
_SEVERITIES = range(5)
_RULE_SHAPE = {"enabled": bool, "scopes": [str], "severity": int, "criteria": {}}
# Metric Alerts - Create Or Update: evaluationFrequency and windowSize
_FREQUENCIES = ("PT1M", "PT5M", "PT15M", "PT30M", "PT1H")
_WINDOWS = (*_FREQUENCIES, "PT6H", "PT12H", "P1D")


def _complete_group(_: ArmCall, group: Resource, __: Values | None) -> None:
    properties = group.body["properties"]
    if len(properties["groupShortName"]) > _LONGEST_SHORT_NAME:
        raise InvalidValue("properties.groupShortName", f"It has at most {_LONGEST_SHORT_NAME} characters.")
    for receiver in (*properties["emailReceivers"], *properties["smsReceivers"]):
        receiver["status"] = "Enabled"


def _complete_rule(_: ArmCall, rule: Resource, __: Values | None) -> None:
    if rule.body["properties"].get("severity") not in _SEVERITIES:
        raise InvalidValue("properties.severity", "It must be 0 to 4.")


def _complete_metric_alert(call: ArmCall, alert: Resource, before: Values | None) -> None:
    _complete_rule(call, alert, before)
    properties = alert.body["properties"]
    for name, known in (("evaluationFrequency", _FREQUENCIES), ("windowSize", _WINDOWS)):
        if properties[name] not in known:
            raise InvalidValue(f"properties.{name}", f"It must be one of {', '.join(known)}.")
    if _WINDOWS.index(properties["evaluationFrequency"]) > _WINDOWS.index(properties["windowSize"]):
        raise InvalidValue("properties.evaluationFrequency", "It cannot be longer than the window.")


serve(
    PROVIDER,
    KeptType(
        "Microsoft.Insights/actionGroups",
        "ActionGroups",
        envelope=_ENVELOPE,
        shape={"groupShortName": str, "enabled": bool, **{name: [{}] for name in _RECEIVERS}},
        required=("location", "properties.groupShortName"),
        defaults={"enabled": True, **{name: [] for name in _RECEIVERS}},
        patches_properties=True,
        complete=_complete_group,
    ),
)
serve(
    PROVIDER,
    KeptType(
        "Microsoft.Insights/metricAlerts",
        "MetricAlerts",
        envelope=_ENVELOPE,
        created=200,
        shape={
            **_RULE_SHAPE,
            "evaluationFrequency": str,
            "windowSize": str,
            "actions": [{"actionGroupId": str}],
        },
        required=(
            *("location", "properties.criteria", "properties.evaluationFrequency", "properties.scopes"),
            "properties.windowSize",
        ),
        references=("properties.scopes", "properties.actions.actionGroupId"),
        defaults={"enabled": True, "autoMitigate": True, "actions": []},
        patches_properties=True,
        complete=_complete_metric_alert,
    ),
)
serve(
    PROVIDER,
    KeptType(
        "Microsoft.Insights/scheduledQueryRules",
        "ScheduledQueryRules",
        envelope=(*_ENVELOPE, "etag"),
        shape={**_RULE_SHAPE, "actions": {"actionGroups": [str]}},
        required=("location", "properties.criteria", "properties.scopes"),
        references=("properties.scopes", "properties.actions.actionGroups"),
        defaults={"enabled": True, "severity": 3},
        patches_properties=True,
        complete=_complete_rule,
    ),
)
serve(
    PROVIDER,
    KeptType(
        "Microsoft.Insights/activityLogAlerts",
        "ActivityLogAlerts",
        envelope=_ENVELOPE,
        shape={"enabled": bool, "scopes": [str], "condition": {}, "actions": {"actionGroups": [{}]}},
        required=("location", "properties.scopes", "properties.condition", "properties.actions"),
        references=("properties.actions.actionGroups.actionGroupId",),
        defaults={"enabled": True},
        patches_properties=True,
    ),
)
