"""How the service answers: entities, lists and pages, and the headers of a change (F10)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.service.call import ServiceCall
from batchlocal.service.errors import CATALOGUE, worded

__all__ = ["changed", "entity", "page", "page_of", "page_size", "selected"]

_MOST_RESULTS = 1000

T = TypeVar("T")


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


def entity(call: ServiceCall, kind: str, body: dict[str, Any], modified: int) -> Answer:
    """One entity with its ETag; ``kind`` as in ``$metadata#pools``. ``$select`` leaves only what it names."""
    headers = {"ETag": moments.etag(modified), "Last-Modified": moments.http_date(modified)}
    whole = {"odata.metadata": f"{call.url}/$metadata#{kind}/@Element", **selected(call, body)}
    return Answer(200, whole, headers)


def selected(call: ServiceCall, body: dict[str, Any]) -> dict[str, Any]:
    """The properties that ``$select`` names, all without it."""
    names = call.request.query.get("$select")
    if not names:
        return body
    wanted = {name.strip() for name in names.split(",")}
    return {name: value for name, value in body.items() if name in wanted}


def changed(call: ServiceCall, status: int, path: str, modified: int, *, created: bool = False) -> Answer:
    """The empty answer to a change: DataServiceId, ETag, Last-Modified, and Location for what is new (F10)."""
    url = f"{call.url}/{path}"
    headers = {"DataServiceId": url, "ETag": moments.etag(modified), "Last-Modified": moments.http_date(modified)}
    if created:
        headers["Location"] = url
    return Answer(status, headers=headers)


def page_size(call: ServiceCall, most: int = _MOST_RESULTS) -> int:
    """``maxresults``: from 1 to the documented most, which is also the default."""
    text = call.request.query.get("maxresults", str(most))
    if not text.isdigit() or int(text) < 1:
        raise QueryParameterInvalid("maxresults", text, "MaxResults cannot be less than 1")
    if int(text) > most:
        raise QueryParameterInvalid("maxresults", text, f"MaxResults cannot be greater than {most}")
    return int(text)


def page_token(call: ServiceCall) -> str:
    """Where the last page ended: the key in its ``$skiptoken``, '' for the first page."""
    token = call.request.query.get("$skiptoken", "")
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
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
    size = page_size(call)
    found = read(page_token(call), size + 1)
    body: dict[str, Any] = {"odata.metadata": f"{call.url}/$metadata#{kind}"}
    body["value"] = [selected(call, show(item)) for item in found[:size]]
    if len(found) > size:
        body["odata.nextLink"] = _next_link(call, key(found[size - 1]))
    return Answer(200, body)


def page_of(
    call: ServiceCall, kind: str, items: Sequence[T], key: Callable[[T], str], show: Callable[[T], Any]
) -> Answer:
    """``page`` over a list that is at hand, ordered by ``key``."""
    return page(call, kind, lambda after, limit: [item for item in items if key(item) > after][:limit], key, show)


def _next_link(call: ServiceCall, last: str) -> str:
    token = base64.urlsafe_b64encode(last.encode()).decode()
    kept = {name: value for name, value in call.request.query.items() if name != "$skiptoken"}
    query = "&".join(f"{name}={quote(value)}" for name, value in {**kept, "$skiptoken": token}.items())
    path = call.request.raw_path.split("/", 2)[-1] if call.request.raw_path.count("/") > 1 else ""
    return f"{call.url}/{path}?{query}"
