"""Versions of plugins, ordered as semantic versioning does (semver.org, 2.0.0)."""

from __future__ import annotations

__all__ = ["is_older"]


def is_older(version: str, wanted: str) -> bool:
    """Whether a version comes before the wanted one; what is no version is older than any."""
    return _order(version) < _order(wanted)


def _order(version: str) -> tuple[object, ...]:
    """A key: numbers, then releases after their pre-releases, whose parts are numbers before words."""
    core, _, tag = version.removeprefix("v").partition("+")[0].partition("-")
    numbers = core.split(".")
    if not all(number.isdigit() for number in numbers):
        return ()
    parts = tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in tag.split("."))
    return tuple(map(int, numbers)), not tag, parts
