"""The values of the formula language, and how results spell them.

Source: article batch-automatic-scaling, Types, and the results that it and recordings show.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

__all__ = ["TICKS_PER_SECOND", "Interval", "Kind", "Timestamp", "Value", "kind_of", "spelled", "timestamp"]

TICKS_PER_SECOND: Final = 10_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Kind(StrEnum):
    """A type of the language, by the article's name."""

    DOUBLE = "double"
    VECTOR = "doubleVec"
    STRING = "string"
    TIMESTAMP = "timestamp"
    INTERVAL = "timeinterval"


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A length of time, in units of 100 ns."""

    ticks: int

    @property
    def seconds(self) -> float:
        return self.ticks / TICKS_PER_SECOND


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """A moment, in units of 100 ns since 1970-01-01 UTC."""

    ticks: int

    @classmethod
    def of(cls, moment: datetime) -> Timestamp:
        """From an aware datetime."""
        return cls((moment - _EPOCH) // timedelta(microseconds=1) * 10)

    @property
    def moment(self) -> datetime:
        """As a datetime in UTC, to the microsecond."""
        return _EPOCH + timedelta(microseconds=self.ticks // 10)


Value = float | str | tuple[float, ...] | Timestamp | Interval

_KINDS: Final[dict[type, Kind]] = {
    float: Kind.DOUBLE,
    tuple: Kind.VECTOR,
    str: Kind.STRING,
    Timestamp: Kind.TIMESTAMP,
    Interval: Kind.INTERVAL,
}


def kind_of(value: Value) -> Kind:
    """The value's type in the language."""
    return _KINDS[type(value)]


def spelled(value: Value) -> str:
    """As a run's results spell it: ``3``, ``0.5``, ``[1,2]``, ``2016-10-13T19:18:47.805Z``, ``00:10:00``."""
    match value:
        case float():
            return _spelled_double(value)
        case tuple():
            return "[" + ",".join(_spelled_double(item) for item in value) + "]"
        case Timestamp():
            return value.moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case Interval():
            return _spelled_interval(value)
    return value


def _spelled_double(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return format(value, ".15g").replace("e", "E")


def _spelled_interval(value: Interval) -> str:
    whole, fraction = divmod(abs(value.ticks), TICKS_PER_SECOND)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    text = f"{hours:02}:{minutes:02}:{seconds:02}"
    text = f"{days}.{text}" if days else text
    text = f"{text}.{fraction:07}" if fraction else text
    return f"-{text}" if value.ticks < 0 else text


_W3C = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?(Z|[+-]\d\d:\d\d))?)?)?", re.ASCII
)


def timestamp(text: str) -> Timestamp:
    """Read W3C-DTF or RFC 1123, the two forms that ``time`` takes.

    A fraction of a second has at most seven digits, .NET's limit: more is what made Nextflow's formula fail
    (nextflow-io/nextflow#3866).

    Raises:
        ValueError: neither form.
    """
    if found := _W3C.fullmatch(text):
        year, month, day, hour, minute, second, fraction, zone = found.groups()
        date = f"{year}-{month or '01'}-{day or '01'}T{hour or '00'}:{minute or '00'}:{second or '00'}"
        moment = datetime.fromisoformat(date + ("+00:00" if zone in (None, "Z") else zone))
        return Timestamp(Timestamp.of(moment).ticks + int((fraction or "0").ljust(7, "0")))
    moment = parsedate_to_datetime(text)
    return Timestamp.of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
