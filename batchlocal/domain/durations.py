"""ISO 8601 durations as the Batch service reads and writes them."""

from __future__ import annotations

import re

__all__ = ["UNLIMITED", "DurationInvalid", "normalised", "seconds", "spelt"]

UNLIMITED = "P10675199DT2H48M5.4775807S"
"""The largest .NET time span: the service's word for "no limit" (F11)."""


_FORM = re.compile(
    r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_SECONDS = {
    "years": 365 * 86_400,  # recorded: P3Y6M4D... is normalised to P1279D... (F11)
    "months": 30 * 86_400,
    "weeks": 7 * 86_400,
    "days": 86_400,
    "hours": 3_600,
    "minutes": 60,
    "seconds": 1,
}
_UNLIMITED_SECONDS = 1_000_000 * 86_400
_TICKS = 10_000_000


class DurationInvalid(ValueError):
    """The text is no ISO 8601 duration."""


def seconds(text: str) -> float | None:
    """Seconds of a duration such as ``PT15M``; None for the service's "unlimited" and other spans of that size.

    Raises:
        DurationInvalid: the text is no duration.
    """
    found = _FORM.fullmatch(text)
    if found is None or text.endswith(("P", "T")):
        raise DurationInvalid(text)
    total = sum(float(value) * _SECONDS[unit] for unit, value in found.groupdict().items() if value)
    return None if total > _UNLIMITED_SECONDS else total


def normalised(text: str) -> str:
    """The spelling in which the service gives a duration back: days, hours, minutes, seconds (F11).

    Raises:
        DurationInvalid: the text is no duration.
    """
    if text == UNLIMITED:
        return text
    found = _FORM.fullmatch(text)
    if found is None or text.endswith(("P", "T")):
        raise DurationInvalid(text)
    parts = {unit: value for unit, value in found.groupdict().items() if value}
    whole, _, fraction = parts.pop("seconds", "0").partition(".")
    ticks = int(whole) * _TICKS + int(fraction[:7].ljust(7, "0"))
    return spelt(ticks + sum(int(value) * _SECONDS[unit] for unit, value in parts.items()) * _TICKS)


def spelt(ticks: int) -> str:
    """A span of ticks (100 ns) as the service spells it, such as ``PT1H30M``."""
    rest, fraction = divmod(ticks, _TICKS)
    minutes, seconds_ = divmod(rest, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    digits = f".{fraction:07d}".rstrip("0") if fraction else ""
    units = ((hours, "H"), (minutes, "M"), (f"{seconds_}{digits}" if seconds_ or fraction else 0, "S"))
    time = "".join(f"{value}{unit}" for value, unit in units if value)
    return f"P{days}D" * bool(days) + ("P" if not days and time else "") + (f"T{time}" if time else "") or "PT0S"
