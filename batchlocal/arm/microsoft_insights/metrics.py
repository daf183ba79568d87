"""Metrics of Batch accounts: which there are, and what they were, minute by minute.

Sources: Microsoft's REST reference "Metric Definitions - List" and "Metrics - List"; "Supported metrics with Azure
Monitor", Microsoft.Batch/batchaccounts. All count, and all have the aggregation Total; counts of nodes and cores are
sampled once a minute, so other aggregations of them are the same figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.fabric import ResourceNotFound, group_of
from batchlocal.arm.microsoft_insights.provider import PROVIDER
from batchlocal.domain import durations
from batchlocal.domain.refusals import Refusal
from batchlocal.domain.service_events import COUNTED_EVENTS, NODE_STATES
from batchlocal.metrics import gauges
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__: list[str] = []

_ACCOUNT: Final = "Microsoft.Batch/batchAccounts"
_METRICS: Final = (
    *(*COUNTED_EVENTS, *NODE_STATES, "CoreCount", "LowPriorityCoreCount", "TotalNodeCount"),
    "TotalLowPriorityNodeCount",
)
_NAMES: Final = {name.lower(): name for name in sorted(_METRICS)}
_MINUTE: Final = 60 * moments.TICKS_PER_SECOND
_GRAINS: Final = ("PT1M", "PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D")
_AGGREGATIONS: Final = ("Total", "Count", "Average", "Minimum", "Maximum")
_LONGEST: Final = 30 * 24 * 60  # minutes that are kept


@dataclass(eq=False)
class MetricUnknown(Refusal):
    """The account has no such metric."""

    names: str
    known: str


@dataclass(eq=False)
class MetricQueryInvalid(Refusal):
    """A parameter of the query has a value that is not taken."""

    name: str
    value: str
    reason: str


CATALOGUE.update(
    {
        MetricUnknown: gateway(
            400,
            "BadRequest",
            "Failed to find metric configuration for provider: Microsoft.Batch, resource Type: batchAccounts,"
            " metric: {names}, Valid metrics: {known}",
        ),
        MetricQueryInvalid: gateway(400, "BadRequest", "The value '{value}' of {name} is not taken: {reason}"),
    }
)


def _account(call: ArmCall) -> Resource:
    group = group_of(call)
    name = call.parameters["accountName"]
    account = call.tx.resources.find(f"{group.id}/providers/{_ACCOUNT}/{name}")
    if account is None:
        raise ResourceNotFound(_ACCOUNT, name, call.id.resource_group)
    return account


@PROVIDER.operation("MetricDefinitions_List")
def list_definitions(call: ArmCall) -> Answer:
    """The metrics that a Batch account has."""
    account = _account(call)
    return Answer(200, {"value": [_definition(account, name) for name in _NAMES.values()]})


def _definition(account: Resource, name: str) -> dict[str, Any]:
    return {
        "id": f"{account.id}/providers/microsoft.insights/metricdefinitions/{name}",
        "resourceId": account.id,
        "namespace": _ACCOUNT,
        "name": _localized(name),
        "unit": "Count",
        "primaryAggregationType": "Total",
        "supportedAggregationTypes": list(_AGGREGATIONS),
        "metricAvailabilities": [{"timeGrain": grain, "retention": "P30D"} for grain in _GRAINS],
        "isDimensionRequired": False,
    }


def _localized(name: str) -> dict[str, str]:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return {"value": name, "localizedValue": f"{words}s" if name in COUNTED_EVENTS else words}


@PROVIDER.operation("Metrics_List")
def list_metrics(call: ArmCall) -> Answer:
    """Values of the named metrics over a time span (the last hour), a point an ``interval`` (one minute)."""
    account, query = _account(call), call.request.query
    names = _named(query.get("metricnames", ""))
    start, end = _span(call, query.get("timespan", ""))
    grain = _grain(query.get("interval", "PT1M"))
    wanted = [_aggregation(one) for one in (query.get("aggregation") or "Total").split(",")]
    values = call.tx.service_events.counts(account.key, names, start, end)
    now = call.now // _MINUTE - moments.UNIX_EPOCH // _MINUTE
    if start <= now < end:  # this minute has not been sampled yet
        values |= {(name, now): count for name, count in gauges(call.tx, account.key).items() if name in names}
    series = [_series(account, name, values, range(start, end, grain), wanted) for name in names]
    span = f"{_spelt(start)}/{_spelt(end)}"
    body = {"cost": (end - start) * len(names), "timespan": span, "interval": query.get("interval", "PT1M")}
    region = account.body["location"]
    return Answer(200, {**body, "value": series, "namespace": _ACCOUNT, "resourceregion": region})


def _named(text: str) -> list[str]:
    asked = [name.strip() for name in text.split(",") if name.strip()] or [_NAMES["corecount"]]
    if unknown := [name for name in asked if name.lower() not in _NAMES]:
        raise MetricUnknown(",".join(unknown), ",".join(_NAMES.values()))
    return [_NAMES[name.lower()] for name in asked]


def _span(call: ArmCall, text: str) -> tuple[int, int]:
    """Minutes since 1970, ``[start, end)``; by default the last hour with the present minute."""
    now = (call.now - moments.UNIX_EPOCH) // _MINUTE
    if not text:
        return now - 59, now + 1
    first, _, last = text.partition("/")
    try:
        start = (moments.parse_iso(first) - moments.UNIX_EPOCH) // _MINUTE
        end = -(-(moments.parse_iso(last) - moments.UNIX_EPOCH) // _MINUTE)
    except ValueError:
        raise MetricQueryInvalid("timespan", text, "it is two ISO 8601 moments with a slash between") from None
    if not 0 < end - start <= _LONGEST:
        raise MetricQueryInvalid("timespan", text, "it is of more than nothing and at most 30 days")
    return start, end


def _grain(text: str) -> int:
    if text.upper() not in _GRAINS:
        raise MetricQueryInvalid("interval", text, f"it is one of {', '.join(_GRAINS)}")
    return round((durations.seconds(text.upper()) or 60) / 60)


def _aggregation(text: str) -> str:
    known = {name.lower(): name.lower() for name in _AGGREGATIONS}
    if text.strip().lower() not in known:
        raise MetricQueryInvalid("aggregation", text, f"it is one of {', '.join(_AGGREGATIONS)}")
    return known[text.strip().lower()]


def _series(
    account: Resource, name: str, values: dict[tuple[str, int], int], points: range, wanted: Iterable[str]
) -> dict[str, Any]:
    data = [
        {"timeStamp": _spelt(at), **_aggregated(name, [values.get((name, m)) for m in _minutes(at, points)], wanted)}
        for at in points
    ]
    return {
        "id": f"{account.id}/providers/Microsoft.Insights/metrics/{name}",
        "type": "Microsoft.Insights/metrics",
        "name": _localized(name),
        "unit": "Count",
        "timeseries": [{"metadatavalues": [], "data": data}],
        "errorCode": "Success",
    }


def _minutes(at: int, points: range) -> range:
    return range(at, min(at + points.step, points.stop))


def _aggregated(name: str, found: list[int | None], wanted: Iterable[str]) -> dict[str, float]:
    """One point: what was never sampled is absent, events that did not happen are 0."""
    known = [value for value in found if value is not None]
    if name in COUNTED_EVENTS:
        known = known or [0]
    if not known:
        return {}
    total = sum(known)
    every = {"count": len(known), "average": total / len(known), "minimum": min(known), "maximum": max(known)}
    figures = {"total": total if name in COUNTED_EVENTS else known[-1], **every}
    return {one: float(figures[one]) for one in wanted}


def _spelt(minute: int) -> str:
    return moments.iso(minute * _MINUTE + moments.UNIX_EPOCH)
