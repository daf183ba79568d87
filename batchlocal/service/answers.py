"""How the service answers: entities, lists and pages, and the headers of a change (F10).

``$filter`` holds for every list that has an entry in ``filters.FILTERABLE``; ``$select`` and ``maxresults`` for all.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.protocol.descriptions import most_results, selectable
from batchlocal.protocol.filters import FilterInvalid, Predicate, compiled
from batchlocal.protocol.messages import Answer
from batchlocal.service.call import ServiceCall
from batchlocal.service.errors import CATALOGUE, worded
from batchlocal.service.filters import FILTERABLE

__all__ = [
    "QueryParameterInvalid",
    "account_page",
    "changed",
    "entity",
    "expands_stats",
    "filter_of",
    "head_shown",
    "page",
    "page_of",
    "page_size",
    "selected",
    "stamps",
]

_MOST_RESULTS = 1000
_LOOKED_AT_ONCE = 500
_MOST_LOOKED_AT = 10_000
"""Items that one request looks at for a filter: a page may come back short, or empty, with a link to go on."""

T = TypeVar("T")


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


K = TypeVar("K", bound=_Keyed)


@dataclass(eq=False)
class QueryParameterInvalid(Refusal):
    """A query parameter has a value that the service does not take."""

    name: str
    value: str
    reason: str


CATALOGUE[QueryParameterInvalid] = worded(
    400,
    "InvalidQueryParameterValue",
    "Value for one of the query parameters specified in the request URI is invalid",
    QueryParameterName="{name}",
    QueryParameterValue="{value}",
    Reason="{reason}",
)


class Stateful(Protocol):
    """A job, a job schedule, a task: what the service shows of each of them first. Moments are ticks."""

    @property
    def id(self) -> str: ...
    @property
    def created(self) -> int: ...
    @property
    def modified(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def state_since(self) -> int: ...
    @property
    def previous_state(self) -> str: ...
    @property
    def previous_since(self) -> int: ...


def head_shown(found: Stateful, url: str) -> dict[str, Any]:
    """What an entity's JSON begins with: names, moments, the state and the one before."""
    body: dict[str, Any] = {
        "id": found.id,
        "url": url,
        "eTag": moments.etag(found.modified),
        "lastModified": moments.iso(found.modified),
        "creationTime": moments.iso(found.created),
        "state": found.state,
        "stateTransitionTime": moments.iso(found.state_since),
    }
    if found.previous_state:
        body["previousState"] = found.previous_state
        body["previousStateTransitionTime"] = moments.iso(found.previous_since)
    return body


def stamps(modified: int) -> dict[str, str]:
    """The headers ETag and Last-Modified."""
    return {"ETag": moments.etag(modified), "Last-Modified": moments.http_date(modified)}


def entity(call: ServiceCall, kind: str, body: dict[str, Any], modified: int) -> Answer:
    """One entity with its ETag; ``kind`` as in ``$metadata#pools``. ``$select`` leaves only what it names."""
    whole = {"odata.metadata": f"{call.url}/$metadata#{kind}/@Element", **selected(call, body)}
    return Answer(200, whole, stamps(modified))


def selected(call: ServiceCall, body: dict[str, Any]) -> dict[str, Any]:
    """The properties that ``$select`` names, all without it.

    Raises:
        QueryParameterInvalid: what is answered has no such property.
    """
    names = call.request.query.get("$select")
    if not names:
        return body
    wanted = {name.strip() for name in names.split(",")}
    known = selectable("service", call.request.operation, call.request.api_version)
    if unknown := sorted(wanted - known) if known else []:
        raise QueryParameterInvalid("$select", names, f"There is no property '{unknown[0]}'")
    return {name: value for name, value in body.items() if name in wanted}


def expands_stats(call: ServiceCall) -> bool:
    """Whether ``$expand`` or ``$select`` asks for statistics.

    Raises:
        QueryParameterInvalid: ``$expand`` asks for anything else.
    """
    expanded = call.request.query.get("$expand", "")
    for name in filter(None, (name.strip() for name in expanded.split(","))):
        if name != "stats":
            raise QueryParameterInvalid("$expand", expanded, "Only stats can be expanded")
    wanted = (name.strip() for name in call.request.query.get("$select", "").split(","))
    return bool(expanded.strip()) or "stats" in wanted


def filter_of(call: ServiceCall) -> Predicate | None:
    """The request's ``$filter`` as a test of shown items, None without one.

    Raises:
        QueryParameterInvalid
    """
    text = call.request.query.get("$filter", "")
    if not text.strip():
        return None
    if call.request.operation not in FILTERABLE:
        raise QueryParameterInvalid("$filter", text, "The list cannot be filtered")
    try:
        return compiled(text, FILTERABLE[call.request.operation])
    except FilterInvalid as trouble:
        raise QueryParameterInvalid("$filter", text, str(trouble)) from None


def changed(call: ServiceCall, status: int, path: str, modified: int, *, created: bool = False) -> Answer:
    """The empty answer to a change: DataServiceId, ETag, Last-Modified, and Location for what is new (F10)."""
    url = f"{call.url}/{path}"
    headers = {"DataServiceId": url, **stamps(modified)}
    if created:
        headers["Location"] = url
    return Answer(status, headers=headers)


def page_size(call: ServiceCall) -> int:
    """``maxresults``: from 1 to the operation's documented most, which is also the default."""
    most = most_results("service", call.request.operation, call.request.api_version) or _MOST_RESULTS
    text = call.request.query.get("maxresults", str(most))
    if not text.isdecimal() or int(text) < 1:
        raise QueryParameterInvalid("maxresults", text, "MaxResults cannot be less than 1")
    if int(text) > most:
        raise QueryParameterInvalid("maxresults", text, f"MaxResults cannot be greater than {most}")
    return int(text)


def page_token(call: ServiceCall) -> str:
    """Where the last page ended: the key in its ``$skiptoken``, '' for the first page."""
    token = call.request.query.get("$skiptoken", "")
    try:
        return base64.b64decode(token, altchars="-_", validate=True).decode()
    except ValueError:
        raise QueryParameterInvalid("$skiptoken", token, "The token was not issued by this service") from None


def page(
    call: ServiceCall,
    kind: str,
    read: Callable[[str, int], Sequence[T]],
    key: Callable[[T], str],
    show: Callable[[T], Any],
) -> Answer:
    """One page of a list and, when there is more, the link to the next one.

    ``read(after, limit)`` returns items beyond a key; ``key`` is an item's.
    """
    selected(call, {})  # a wrong $select is refused in an empty list too
    size, wanted = page_size(call), filter_of(call)
    limit = size
    found: list[Any] = []
    after, looked_at, more = page_token(call), 0, True
    while more and len(found) < size and looked_at < _MOST_LOOKED_AT:
        items = read(after, limit + 1)
        for item in items[:limit]:
            shown = show(item)
            if wanted is None or wanted(shown):
                found.append(selected(call, shown))
            after = key(item)
            if len(found) == size:
                break
        looked_at, limit = looked_at + limit, max(limit, _LOOKED_AT_ONCE)
        more = bool(items) and after < key(items[-1])
    body: dict[str, Any] = {"odata.metadata": f"{call.url}/$metadata#{kind}", "value": found}
    if more:
        body["odata.nextLink"] = _next_link(call, after)
    return Answer(200, body)


def page_of(
    call: ServiceCall, kind: str, items: Sequence[T], key: Callable[[T], str], show: Callable[[T], Any]
) -> Answer:
    """``page`` over a list that is at hand, ordered by ``key``."""
    return page(call, kind, lambda after, limit: [item for item in items if key(item) > after][:limit], key, show)


def account_page(
    call: ServiceCall, kind: str, read: Callable[[str, str, int], Sequence[K]], show: Callable[[ServiceCall, K], Any]
) -> Answer:
    """``page`` over what the account has of a kind, by id; ``read(account, after, limit)`` is its repository's."""
    account = call.account.key
    return page(
        call, kind, lambda after, limit: read(account, after, limit), lambda one: one.key, lambda one: show(call, one)
    )


def _next_link(call: ServiceCall, last: str) -> str:
    token = base64.urlsafe_b64encode(last.encode()).decode()
    kept = {name: value for name, value in call.request.query.items() if name != "$skiptoken"}
    query = "&".join(f"{name}={quote(value)}" for name, value in {**kept, "$skiptoken": token}.items())
    return f"{call.platform.origin}{call.request.raw_path}?{query}"  # with or without the account, as it was asked
