"""The journal of requests, read and emptied."""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

from batchlocal.control.call import ControlCall, NotTaken, endpoint
from batchlocal.journal import KEPT, Entry
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer

_FILTERS = ("plane", "operation", "method", "status", "caller")


@endpoint("GET", "/journal")
def read_journal(call: ControlCall) -> Answer:
    """The last requests, newest first; the query filters by globs, ``limit`` says how many (100)."""
    query = call.request.query
    if unknown := query.keys() - {*_FILTERS, "limit"}:
        raise NotTaken(f"The journal is not filtered by {', '.join(unknown)}; by: {', '.join(_FILTERS)}, limit.")
    limit = query.get("limit", "100")
    if not limit.isdecimal():
        raise NotTaken(f"'limit' is {limit!r}, but it must be a number up to {KEPT}.")
    wanted = {name: query[name] for name in _FILTERS if name in query}
    found = (entry for entry in call.platform.journal.newest() if _fits(entry, wanted))
    return Answer(200, {"value": [_shown(entry) for entry in islice(found, int(limit))]})


@endpoint("DELETE", "/journal")
def clear_journal(call: ControlCall) -> Answer:
    """Forget the requests so far."""
    call.platform.journal.clear()
    return Answer(204)


def _fits(entry: Entry, wanted: dict[str, str]) -> bool:
    return all(fnmatchcase(str(getattr(entry, name)).lower(), pattern.lower()) for name, pattern in wanted.items())


def _shown(entry: Entry) -> dict[str, Any]:
    return {
        "time": moments.iso(entry.at),
        "plane": entry.plane,
        "method": entry.method,
        "path": entry.path,
        "operation": entry.operation,
        "status": entry.status,
        "milliseconds": round(entry.milliseconds, 3),
        "caller": entry.caller,
        "requestId": entry.request_id,
    }
