"""ISO 8601 durations as the Batch service reads and writes them."""

from __future__ import annotations

import re

__all__ = ["DurationInvalid", "seconds"]

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
