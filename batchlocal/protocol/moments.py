"""One instant, spelt the four ways Azure spells it.

An instant is an ``int``: .NET ticks, 100 ns since 0001-01-01 UTC. Azure Batch draws ETags from it
(recorded-facts F1: 929 of 929 recorded bodies), so keeping ticks keeps every spelling exact.
"""

from __future__ import annotations

import functools
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

TICKS_PER_SECOND = 10_000_000
UNIX_EPOCH = 621_355_968_000_000_000  # ticks

__all__ = [
    "TICKS_PER_SECOND",
    "UNIX_EPOCH",
    "after",
    "etag",
    "from_datetime",
    "http_date",
    "iso",
    "now",
    "parse_http_date",
    "parse_iso",
    "to_datetime",
    "weak_etag",
]


def now() -> int:
    """The present instant in ticks; successive calls in one process never return the same value twice."""
    global _latest
    present = UNIX_EPOCH + time.time_ns() // 100
    _latest = present if present > _latest else _latest + 1
    return _latest


_latest = 0


def after(ticks: int, seconds: float) -> int:
    """The instant ``seconds`` later than ``ticks``."""
    return ticks + round(seconds * TICKS_PER_SECOND)


def iso(ticks: int) -> str:
    """ISO 8601 with up to seven fractional digits, trailing zeros dropped: ``2024-04-18T19:13:10.4556305Z`` (F1)."""
    seconds, fraction = divmod(ticks, TICKS_PER_SECOND)
    moment = datetime(1, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    digits = f"{fraction:07d}".rstrip("0")
    return f"{text}.{digits}Z" if digits else f"{text}Z"


def parse_iso(text: str) -> int:
    """Ticks of an ISO 8601 moment; a moment without zone is UTC.

    Raises:
        ValueError: the text is not such a moment.
    """
    head, _, tail = text.strip().partition(".")
    digits = ""
    if tail:
        digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
        head += tail[len(digits) :]
    moment = datetime.fromisoformat(head)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return from_datetime(moment) + int(digits[:7].ljust(7, "0") or 0)


def from_datetime(moment: datetime) -> int:
    """Ticks of an aware ``datetime`` (microseconds kept)."""
    span = moment - datetime(1, 1, 1, tzinfo=UTC)
    return (span.days * 86_400 + span.seconds) * TICKS_PER_SECOND + span.microseconds * 10


def to_datetime(ticks: int) -> datetime:
    """The aware UTC ``datetime`` of an instant, cut to microseconds."""
    return datetime(1, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)


def http_date(ticks: int) -> str:
    """The ``Last-Modified`` spelling: the instant cut to the second (F1)."""
    return _date_of_second(ticks // TICKS_PER_SECOND)


@functools.lru_cache(maxsize=256)  # every answer has a date, and most have the same
def _date_of_second(second: int) -> str:
    return format_datetime(to_datetime(second * TICKS_PER_SECOND), usegmt=True)


def parse_http_date(text: str) -> int:
    """Ticks of an HTTP date.

    Raises:
        ValueError: the text is not an HTTP date.
    """
    return from_datetime(parsedate_to_datetime(text).astimezone(UTC))


def etag(ticks: int) -> str:
    """The service plane's ETag, header and body: unquoted ``0x8DC5FDB96576D11`` (F1)."""
    return f"0x{ticks:X}"


def weak_etag(ticks: int) -> str:
    """ARM's ETag of pools, applications and packages: ``W/"0x8DC5FDB96576D11"`` (F1)."""
    return f'W/"0x{ticks:X}"'
