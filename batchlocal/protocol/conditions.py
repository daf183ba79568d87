"""Conditional requests: If-Match and its kin, against what an entity is now (RFC 9110, Conditional Requests)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from batchlocal.protocol import moments

__all__ = ["Verdict", "verdict"]

Verdict = Literal["go", "failed", "unchanged"]


def verdict(headers: Mapping[str, str], modified: int | None) -> Verdict:
    """What a request's conditions say.

    Args:
        headers: by lower-case name.
        modified: when the entity was last changed (ticks); None when there is none.

    Returns:
        ``failed`` when If-Match or If-Unmodified-Since does not hold, ``unchanged`` when If-None-Match or
        If-Modified-Since does not.
    """
    if _fails(headers, modified):
        return "failed"
    return "unchanged" if _is_unchanged(headers, modified) else "go"


def _fails(headers: Mapping[str, str], modified: int | None) -> bool:
    if wanted := headers.get("if-match"):
        return not _names(wanted, modified)
    since = _moment(headers.get("if-unmodified-since"))
    return since is not None and modified is not None and _seconds(modified) > _seconds(since)


def _is_unchanged(headers: Mapping[str, str], modified: int | None) -> bool:
    if unwanted := headers.get("if-none-match"):
        return _names(unwanted, modified)
    since = _moment(headers.get("if-modified-since"))
    return since is not None and modified is not None and _seconds(modified) <= _seconds(since)


def _names(tags: str, modified: int | None) -> bool:
    """Whether a list of ETags has the entity's; the Batch service's own are unquoted, some clients quote them."""
    if modified is None:
        return False
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
