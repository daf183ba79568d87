"""Which resources an operation may touch: ``--target``, ``--exclude`` and their dependents."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from batchlocal.engine.state import Resource

__all__ = ["Targets", "deletable", "with_needs"]


@dataclass
class Targets:
    """URN patterns; ``*`` stands for anything but a separator, ``**`` for anything."""

    included: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    dependents: bool = False
    exclude_dependents: bool = False
    _in: set[str] = field(default_factory=set)
    _out: set[str] = field(default_factory=set)

    @property
    def all(self) -> bool:
        """Whether nothing is left out."""
        return not (self.included or self.excluded)

    def names(self, urn: str) -> bool:
        """Whether a pattern names the URN."""
        patterns = self.included or self.excluded
        named = any(_matches(pattern, urn) for pattern in patterns)
        return named if self.included else not named

    def takes(self, urn: str, needs: Iterable[str]) -> bool:
        """Whether a resource is part of the operation; asked for what it depends on first."""
        chosen = self.names(urn)
        if self.included and self.dependents and self._in & set(needs):
            chosen = True
        if self.excluded and self.exclude_dependents and self._out & set(needs):
            chosen = False
        (self._in if chosen else self._out).add(urn)
        return chosen


def _matches(pattern: str, urn: str) -> bool:
    parts = re.split(r"(\*\*|\*)", pattern)
    spelt = "".join(".*" if part == "**" else "[^:]*" if part == "*" else re.escape(part) for part in parts)
    return re.fullmatch(spelt, urn) is not None


def deletable(targets: Targets, resources: list[Resource]) -> set[str]:
    """URNs that may be deleted: the targets and what depends on them, or all but the excluded and what they need."""
    every = {one.urn for one in resources}
    if targets.all:
        return every
    if targets.included:
        return _with_dependents(resources, {one.urn for one in resources if targets.names(one.urn)})
    kept = {one.urn for one in resources if not targets.names(one.urn)}
    kept = with_needs(resources, kept)
    if targets.exclude_dependents:  # of what is needed, too: of the stack that is all that it has (CLI 3.260, seen)
        before: set[str] = set()
        while kept != before:
            before, kept = kept, with_needs(resources, _with_dependents(resources, kept))
    return every - kept


def with_needs(resources: list[Resource], urns: set[str]) -> set[str]:
    """The URNs and those of all that they depend on."""
    found = set(urns)
    for one in reversed(resources):
        if one.urn in found:
            found |= one.needs()
    return found


def _with_dependents(resources: list[Resource], urns: set[str]) -> set[str]:
    found = set(urns)
    for one in resources:
        if one.needs() & found:
            found.add(one.urn)
    return found
