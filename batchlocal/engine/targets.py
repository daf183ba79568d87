"""Which resources an operation may touch: ``--target``, ``--exclude`` and their dependents."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from batchlocal.engine.errors import EngineError
from batchlocal.engine.state import Resource
from batchlocal.engine.urns import name_of

__all__ = ["Targets", "destroyed"]


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


def destroyed(targets: Targets, resources: list[Resource]) -> list[Resource]:
    """The resources that a destroy takes away.

    Raises:
        EngineError: something outside the targets depends on one of them.
    """
    if targets.all:
        return resources
    if targets.excluded:
        return _not_excluded(targets, resources)
    chosen = [one for one in resources if targets.names(one.urn)]
    urns = {one.urn for one in chosen}
    for one in resources:
        if one.urn in urns or not one.needs() & urns:
            continue
        if not targets.dependents:
            raise EngineError(
                f"resource '{name_of(one.urn)}' ({one.urn}) would be destroyed too but was not specified in the"
                " --target list; include it there or pass --target-dependents"
            )
        urns.add(one.urn)
    return [one for one in resources if one.urn in urns]


def _not_excluded(targets: Targets, resources: list[Resource]) -> list[Resource]:
    """Everything but the excluded, what they need and, if asked for, what needs them."""
    kept = {one.urn for one in resources if not targets.names(one.urn)}
    for one in resources if targets.exclude_dependents else ():
        if one.needs() & kept:
            kept.add(one.urn)
    for one in reversed(resources):
        if one.urn in kept:
            kept |= one.needs()
    return [one for one in resources if one.urn not in kept]
