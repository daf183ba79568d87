"""Conditional requests: If-Match and its kin, against what an entity is now.

Sources: RFC 9110, Conditional Requests; the Batch service's codes: 304 for a read, 412 ConditionNotMet for a change.
"""

from __future__ import annotations

from collections.abc import Mapping

from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.service.call import ServiceCall
from batchlocal.service.errors import CATALOGUE, worded

__all__ = ["check_conditions"]


class ConditionNotMet(Refusal):
    """A change was asked for under a condition that does not hold."""


class NotModified(Refusal):
    """A read was asked for only if something had changed."""


CATALOGUE.update(
    {
        ConditionNotMet: worded(
            412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."
        ),
        NotModified: worded(
            304, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."
        ),
    }
)


def check_conditions(call: ServiceCall, modified: int) -> None:
    """Hold the request's conditional headers against an entity that was last changed at ``modified`` (ticks).

    Raises:
        ConditionNotMet, NotModified
    """
    headers = call.request.headers
    if _fails_for_changes(headers, modified):
        raise ConditionNotMet
    if _is_unchanged(headers, modified):
        raise NotModified if call.request.method in ("GET", "HEAD") else ConditionNotMet


def _fails_for_changes(headers: Mapping[str, str], modified: int) -> bool:
    if wanted := headers.get("if-match"):
        return not _names(wanted, modified)
    since = _moment(headers.get("if-unmodified-since"))
    return since is not None and _seconds(modified) > _seconds(since)


def _is_unchanged(headers: Mapping[str, str], modified: int) -> bool:
    if unwanted := headers.get("if-none-match"):
        return _names(unwanted, modified)
    since = _moment(headers.get("if-modified-since"))
    return since is not None and _seconds(modified) <= _seconds(since)


def _names(tags: str, modified: int) -> bool:
    """Whether a list of ETags has the entity's; Batch's own are unquoted, some clients quote them."""
    known = (tag.strip().removeprefix("W/").strip('"') for tag in tags.split(","))
    return any(tag in ("*", moments.etag(modified)) for tag in known)


def _moment(text: str | None) -> int | None:
    """An HTTP date; one that cannot be read is no condition (RFC 9110, If-Modified-Since)."""
    try:
        return moments.parse_http_date(text) if text else None
    except (ValueError, TypeError):
        return None


def _seconds(ticks: int) -> int:
    return ticks // moments.TICKS_PER_SECOND
