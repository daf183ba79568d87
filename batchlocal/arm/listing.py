"""Lists of ARM: filtered, cut to pages, and cut to chosen properties."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, gateway
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.filters import Filterable, FilterInvalid, Predicate, compiled
from batchlocal.protocol.messages import Answer
from batchlocal.store.resources import Resource

__all__ = [
    "_LARGEST_PAGE",
    "QueryParameterInvalid",
    "filter_of",
    "listed",
    "listed_by_key",
    "listed_whole",
    "page_size",
    "position",
    "selected",
]

_LARGEST_PAGE = 1000  # entries; Azure documentation, "Throttling and pagination" gives no figure for Batch's own lists
T = TypeVar("T")


@dataclass(eq=False)
class QueryParameterInvalid(Refusal):
    """A query parameter of a list has no value that the list takes."""

    name: str
    value: str
    reason: str


CATALOGUE[QueryParameterInvalid] = gateway(
    400, "InvalidQueryParameterValue", "The value of the query parameter '{name}' is invalid: {reason}."
)


def filter_of(call: ArmCall, filterable: Mapping[str, Filterable]) -> Predicate | None:
    """The request's ``$filter`` as a test of what the list shows; None without one.

    Raises:
        QueryParameterInvalid
    """
    text = call.request.query.get("$filter", "").strip()
    if not text:
        return None
    try:
        return compiled(text, filterable, fold=True)
    except FilterInvalid as invalid:
        raise QueryParameterInvalid("$filter", text[:200], str(invalid)) from None


def page_size(call: ArmCall, name: str) -> int:
    """How many entries a page may have: the query parameter ``name`` (``$top``, ``maxresults``), at most 1000.

    Raises:
        QueryParameterInvalid
    """
    text = call.request.query.get(name)
    if text is None:
        return _LARGEST_PAGE
    if not text.isdecimal() or not int(text[:9]) > 0:
        raise QueryParameterInvalid(name, text[:200], "it is a whole number of at least 1")
    return min(int(text[:9]), _LARGEST_PAGE)


def position(call: ArmCall) -> str:
    """The key after which the page begins, from ``$skiptoken``; empty for the first page.

    Raises:
        QueryParameterInvalid
    """
    token = call.request.query.get("$skiptoken", "")
    try:
        return base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise QueryParameterInvalid("$skiptoken", token[:200], "it is none of this list's") from None


def listed(call: ArmCall, entries: Iterable[T], key: Callable[[T], str], show: Callable[[T], Any], size: int) -> Answer:
    """A page of up to ``size`` entries, and a ``nextLink`` when there are more.

    ``entries`` are those after the request's position, in the order of their keys; they are taken one by one, so what
    comes after the page is not looked at.
    """
    shown: list[Any] = []
    last = ""
    for entry in entries:
        if len(shown) == size:
            return Answer(200, {"value": shown, "nextLink": _next_link(call, last)})
        shown.append(show(entry))
        last = key(entry)
    return Answer(200, {"value": shown})


def listed_by_key(call: ArmCall, resources: Iterable[Resource], show: Callable[[Resource], Any]) -> Answer:
    """A page of stored resources, as many as ``maxresults`` asks for."""
    after = position(call)
    rest = (one for one in resources if one.key > after)
    return listed(call, rest, lambda one: one.key, show, page_size(call, "maxresults"))


def listed_whole(call: ArmCall, shown: Sequence[Any]) -> Answer:
    """A page, as many entries as ``maxresults`` asks for, of a list that is at hand as it is shown.

    Raises:
        QueryParameterInvalid
    """
    after = position(call) or "0"
    if not after.isdecimal():
        raise QueryParameterInvalid("$skiptoken", after[:200], "it is none of this list's")
    rest = list(enumerate(shown, 1))[int(after[:9]) :]
    return listed(call, rest, lambda one: str(one[0]), lambda one: one[1], page_size(call, "maxresults"))


def _next_link(call: ArmCall, last: str) -> str:
    token = base64.urlsafe_b64encode(last.encode()).decode().rstrip("=")
    kept = [(name, value) for name, value in parse_qsl(call.request.raw_query) if name.lower() != "$skiptoken"]
    query = urlencode([*kept, ("$skiptoken", token)], safe="$", quote_via=quote)
    return f"{call.platform.origin}{call.request.raw_path}?{query}"


_ALWAYS = ("id", "name", "type", "etag")  # specification, CertificateListWithFilter


def selected(call: ArmCall, shown: dict[str, Any]) -> dict[str, Any]:
    """What ``$select`` leaves of an entry: ``properties/format`` names a property of its properties."""
    text = call.request.query.get("$select", "").strip()
    if not text:
        return shown
    chosen = {name.strip().lower() for name in text.split(",")}
    kept = {name: value for name, value in shown.items() if name in _ALWAYS or name.lower() in chosen}
    inner = shown.get("properties") or {}
    some = {name: value for name, value in inner.items() if f"properties/{name}".lower() in chosen}
    return {**kept, "properties": some} if some and "properties" not in kept else kept
