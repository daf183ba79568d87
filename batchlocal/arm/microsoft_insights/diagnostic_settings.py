"""Diagnostic settings: which logs and metrics of a resource go where.

Sources: the type of pulumi_azure_native 3.29 (monitor, api-version 2021-05-01-preview), Microsoft's REST reference
"Diagnostic Settings", and Azure documentation: "Diagnostic settings in Azure Monitor" (at most five a resource, a
destination at least) and "Monitor Azure Batch" (categories).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.fabric import ResourceNotFound
from batchlocal.arm.kept import KeptType, Values, serve
from batchlocal.arm.microsoft_insights.provider import PROVIDER
from batchlocal.arm.resource_id import ResourceId
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__ = ["SETTING_TYPE"]

SETTING_TYPE = "Microsoft.Insights/diagnosticSettings"
_SINKS = ("storageAccountId", "workspaceId", "eventHubAuthorizationRuleId", "marketplacePartnerId", "serviceBusRuleId")
_MOST = 5
_NO_RETENTION = {"enabled": False, "days": 0}
_CATEGORIES = {"microsoft.batch/batchaccounts": {"logs": ("ServiceLog", "AuditLog"), "metrics": ("AllMetrics",)}}
_GROUPS = ("allLogs", "audit")
_NOT_HERE = {
    "eventHubAuthorizationRuleId": "Nothing is delivered to Event Hubs here",
    "marketplacePartnerId": "Nothing is delivered to partner solutions here",
    "serviceBusRuleId": "Nothing is delivered to Service Bus here",
}
"""Destinations that are kept and get nothing."""
_NO_AUDIT = "No audit log is delivered here: no document tells what Azure Batch writes into it"


@dataclass(eq=False)
class NoDestination(Refusal):
    """The setting sends to nowhere."""


@dataclass(eq=False)
class CategoryUnknown(Refusal):
    """The resource has no such logs or metrics."""

    category: str


@dataclass(eq=False)
class TooManySettings(Refusal):
    """The resource has as many settings as it may."""

    most: int


CATALOGUE.update(
    {
        NoDestination: gateway(400, "BadRequest", "At least one data sink needs to be specified."),
        CategoryUnknown: gateway(400, "BadRequest", "Category '{category}' is not supported."),
        TooManySettings: gateway(
            409, "Conflict", "The limit of {most} diagnostic settings was reached. To create one, delete another."
        ),
    }
)


def _complete(call: ArmCall, setting: Resource, before: Values | None) -> None:
    properties = setting.body["properties"]
    if not any(properties.get(sink) for sink in _SINKS):
        raise NoDestination
    siblings = list(call.tx.resources.children(setting.parent, SETTING_TYPE))
    if before is None and len(siblings) > _MOST:
        raise TooManySettings(_MOST)
    extended = call.tx.resources.find(setting.parent)
    known = _CATEGORIES.get(extended.type.lower(), {}) if extended else {}
    for kind in ("logs", "metrics"):
        for entry in properties[kind]:
            _check_category(entry, known.get(kind))
            entry.setdefault("retentionPolicy", dict(_NO_RETENTION))
    _warn(call, properties)


def _warn(call: ArmCall, properties: Values) -> None:
    """Say what is kept without effect."""
    for sink, text in _NOT_HERE.items():
        if properties.get(sink):
            call.warn(text)
    asked = [entry for entry in properties["logs"] if entry.get("enabled")]
    if any(entry.get("category") == "AuditLog" or entry.get("categoryGroup") == "audit" for entry in asked):
        call.warn(_NO_AUDIT)


def _check_category(entry: dict[str, Any], known: tuple[str, ...] | None) -> None:
    group, category = entry.get("categoryGroup"), entry.get("category")
    if group and group not in _GROUPS:
        raise CategoryUnknown(group)
    if category and known is not None and category not in known:
        raise CategoryUnknown(category)


serve(
    PROVIDER,
    KeptType(
        SETTING_TYPE,
        "DiagnosticSettings",
        extends=True,
        created=200,
        envelope=("id", "type", "name", "properties"),
        shape={
            **dict.fromkeys(_SINKS, str),
            **{kind: [{"category": str, "categoryGroup": str, "enabled": bool}] for kind in ("logs", "metrics")},
        },
        references=("properties.storageAccountId", "properties.workspaceId"),
        defaults={"logs": [], "metrics": []},
        complete=_complete,
    ),
)


_CATEGORY = "Microsoft.Insights/diagnosticSettingsCategories"


def _categories(call: ArmCall) -> list[dict[str, Any]]:
    """What the resource of the scope can send, REST reference "Diagnostic Settings Category"."""
    scope = call.parameters["scope"]
    extended = call.tx.resources.find(scope)
    if extended is None:
        where = ResourceId.parse(scope)
        raise ResourceNotFound(where.type, "/".join(where.names), where.resource_group)
    known = _CATEGORIES.get(extended.type.lower(), {})
    return [
        {
            "id": f"{extended.id}/providers/{_CATEGORY}/{name}",
            "type": _CATEGORY,
            "name": name,
            "properties": {
                "categoryType": kind.title(),
                **({"categoryGroups": list(_GROUPS)} if kind == "logs" else {}),
            },
        }
        for kind, names in known.items()
        for name in names
    ]


@PROVIDER.operation("DiagnosticSettingsCategory_List")
def list_categories(call: ArmCall) -> Answer:
    """The logs and metrics that a setting may name; none for what batchlocal knows no logs of."""
    return Answer(200, {"value": _categories(call)})


@PROVIDER.operation("DiagnosticSettingsCategory_Get")
def get_category(call: ArmCall) -> Answer:
    """One of them."""
    wanted = call.parameters["name"]
    for one in _categories(call):
        if one["name"].lower() == wanted.lower():
            return Answer(200, one)
    raise CategoryUnknown(wanted[:100])
