"""The activity log, read (the events are written by ``arm/activity.py``)."""

from __future__ import annotations

from typing import Any, Final

from batchlocal.arm.call import ArmCall
from batchlocal.arm.fabric import check_subscription
from batchlocal.arm.listing import QueryParameterInvalid, filter_of, listed, position
from batchlocal.arm.microsoft_insights.provider import PROVIDER
from batchlocal.protocol import moments
from batchlocal.protocol.filters import Filterable, Predicate, bounds, equalities
from batchlocal.protocol.messages import Answer

__all__: list[str] = []

_KEPT_DAYS = 90  # Azure Monitor documentation, "Azure Monitor activity log": events are kept for 90 days
_DAY = 86_400 * moments.TICKS_PER_SECOND
_PAGE = 200  # events
_EQUAL: Final = ("eq",)
# REST reference, "Activity Logs - List": the fields that a filter may name.
_FILTERABLE: Final = {
    "eventTimestamp": Filterable("time", ("ge", "le", "gt", "lt")),
    "resourceGroupName": Filterable("string", _EQUAL),
    "resourceUri": Filterable("string", _EQUAL, shown="resourceId"),
    "resourceId": Filterable("string", _EQUAL),
    "resourceProvider": Filterable("string", _EQUAL, shown="resourceProviderName/value"),
    "resourceType": Filterable("string", _EQUAL, shown="resourceType/value"),
    "correlationId": Filterable("string", _EQUAL),
    "caller": Filterable("string", _EQUAL),
    "status": Filterable("string", _EQUAL, shown="status/value"),
    "eventChannels": Filterable("string", _EQUAL),
    "levels": Filterable("string", _EQUAL),
}


@PROVIDER.operation("ActivityLogs_List")
def list_events(call: ArmCall) -> Answer:
    """Events newest first, filtered by time and the documented fields, a page at a time."""
    subscription = check_subscription(call)
    wanted = filter_of(call, _FILTERABLE)
    low, high = bounds(wanted, "eventTimestamp") if wanted else (None, None)
    start = call.now - _KEPT_DAYS * _DAY if low is None else low
    found = call.tx.activity.between(subscription, start, call.now if high is None else high, _place(call))
    chosen = call.request.query.get("$select")
    events = ((place, event) for place, event in found if _matches(event, wanted))
    return listed(call, events, lambda one: "{}.{}".format(*one[0]), lambda one: _selected(one[1], chosen), _PAGE)


# REST reference, "Event Categories - List"
_EVENT_CATEGORIES: Final = (
    *("Administrative", "Security", "ServiceHealth", "Alert", "Recommendation", "Policy", "Autoscale"),
    "ResourceHealth",
)


@PROVIDER.operation("EventCategories_List")
def list_event_categories(_: ArmCall) -> Answer:
    """What kinds of events a log may have; here all are administrative."""
    return Answer(200, {"value": [{"value": name, "localizedValue": name} for name in _EVENT_CATEGORIES]})


def _place(call: ArmCall) -> tuple[int, int] | None:
    text = position(call)
    at, _, number = text.partition(".")
    if text and not (at.isdecimal() and number.isdecimal()):
        raise QueryParameterInvalid("$skiptoken", text[:200], "it is none of this list's")
    return (int(at[:18]), int(number[:18])) if text else None


def _matches(event: dict[str, Any], wanted: Predicate | None) -> bool:
    """``levels`` and ``eventChannels`` are asked for as lists of words, any of which may be the event's."""
    if wanted is None:
        return True
    return wanted(
        {
            **event,
            "levels": _listing(equalities(wanted, "levels"), event["level"]),
            "eventChannels": _listing(equalities(wanted, "eventChannels"), "Admin", event["channels"]),
        }
    )


def _listing(asked: list[str], *words: str) -> str:
    """The first of the lists asked for that has one of the words; empty when none has."""
    known = {word.lower() for word in words}
    return next((text for text in asked if known & {word.strip() for word in text.split(",")}), "")


def _selected(event: dict[str, Any], chosen: str | None) -> dict[str, Any]:
    if not chosen:
        return event
    names = {name.strip().lower() for name in chosen.split(",")}
    return {name: value for name, value in event.items() if name.lower() in names}
