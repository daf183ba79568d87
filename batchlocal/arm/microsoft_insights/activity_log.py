"""The activity log, read (the events are written by ``arm/activity.py``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.arm.fabric import check_subscription
from batchlocal.arm.microsoft_insights.provider import PROVIDER
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer

__all__: list[str] = []

_KEPT_DAYS = 90  # Azure Monitor documentation, "Azure Monitor activity log": events are kept for 90 days
_DAY = 86_400 * moments.TICKS_PER_SECOND
_CONDITION = re.compile(r"(\w+(?:/\w+)?)\s+(eq|ge|le|gt|lt)\s+'?([^']*?)'?\s*(?:$|\band\b\s*)", re.IGNORECASE)
_FIELDS = {
    "resourcegroupname": lambda event: event["resourceGroupName"],
    "resourceuri": lambda event: event["resourceId"],
    "resourceid": lambda event: event["resourceId"],
    "resourceprovider": lambda event: event["resourceProviderName"]["value"],
    "correlationid": lambda event: event["correlationId"],
    "caller": lambda event: event["caller"],
    "status": lambda event: event["status"]["value"],
}


@dataclass(eq=False)
class FilterNotUnderstood(Refusal):
    """The $filter has a field or form that the activity log does not know."""

    filter: str


CATALOGUE[FilterNotUnderstood] = gateway(
    400, "BadRequest", "The filter '{filter}' is not supported by the activity log."
)


@PROVIDER.operation("ActivityLogs_List")
def list_events(call: ArmCall) -> Answer:
    """Events newest first, filtered by ``eventTimestamp`` and one of the documented fields."""
    subscription = check_subscription(call)
    text = call.request.query.get("$filter", "")
    start, end, wanted = _conditions(text, call.now)
    events = call.tx.activity.between(subscription, start, end)
    chosen = call.request.query.get("$select")
    return Answer(200, {"value": [_selected(event, chosen) for event in events if _matches(event, wanted)]})


def _conditions(text: str, now: int) -> tuple[int, int, dict[str, str]]:
    start, end, wanted = now - _KEPT_DAYS * _DAY, now + 1, dict[str, str]()
    if text.strip() and "".join(part.group(0) for part in _CONDITION.finditer(text)).strip() != text.strip():
        raise FilterNotUnderstood(text)
    for name, operator, value in _CONDITION.findall(text):
        if name.lower() == "eventtimestamp":
            moment = moments.parse_iso(value)
            if operator.lower() in ("ge", "gt"):
                start = moment
            else:
                end = moment + 1
        elif name.lower() in _FIELDS and operator.lower() == "eq":
            wanted[name.lower()] = value.lower()
        elif name.lower() not in ("eventchannels", "levels"):
            raise FilterNotUnderstood(text)
    return start, end, wanted


def _matches(event: dict[str, Any], wanted: dict[str, str]) -> bool:
    return all(str(_FIELDS[name](event)).lower() == value for name, value in wanted.items())


def _selected(event: dict[str, Any], chosen: str | None) -> dict[str, Any]:
    if not chosen:
        return event
    names = {name.strip().lower() for name in chosen.split(",")}
    return {name: value for name, value in event.items() if name.lower() in names}
