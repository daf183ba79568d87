"""How a step is decided: from a goal, the old state and the provider's word. Nothing here changes anything."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2 as pb

from batchlocal.engine.goals import Goal
from batchlocal.engine.paths import Path, contains, parsed, reset, spelt
from batchlocal.engine.state import Resource
from batchlocal.engine.values import unwrapped

__all__ = [
    "Change",
    "Difference",
    "changed_parts",
    "condemned_layers",
    "condemned_needs",
    "difference_of",
    "forced_by_option",
    "inverted",
    "local_difference",
    "with_all_needs",
    "with_ignored",
]

Values = dict[str, Any]
_INIT_ERROR: Final = "#initerror"


@dataclass(frozen=True)
class Change:
    """What happens to one property: ``add``, ``delete`` or ``update``, and whether that forces a replacement."""

    kind: str
    replaces: bool = False
    of_inputs: bool = True

    @property
    def word(self) -> str:
        """Pulumi's name for it, as events have it."""
        return f"{self.kind}-replace" if self.replaces else self.kind


@dataclass(frozen=True)
class Difference:
    """What differs between a resource and its goal.

    ``keys`` are the top-level properties that force a replacement, ``names`` those that differ, ``paths`` the changes
    property path by property path, where the provider tells them (``detailed``).
    """

    changed: bool = False
    keys: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    paths: dict[str, Change] = field(default_factory=dict)
    delete_first: bool = False
    detailed: bool = False

    @property
    def replaces(self) -> bool:
        return bool(self.keys) or any(one.replaces for one in self.paths.values())

    def by_path(self) -> dict[str, Change]:
        """The changes to show: by path, or by name where the provider tells no more."""
        return self.paths or {name: Change("update", name in self.keys) for name in self.names}


def with_ignored(goal: Goal, old: Values) -> tuple[Values, list[str]]:
    """The goal's inputs with what ``ignoreChanges`` names set back to the old values; the paths that cannot be."""
    if not goal.ignore_changes:
        return goal.inputs, []
    inputs = copy.deepcopy(goal.inputs)
    parts = {path: parsed(path) for path in goal.ignore_changes}
    return inputs, [path for path, split in parts.items() if split and not reset(split, old, inputs)]


def difference_of(answer: Any, old: Values, new: Values) -> Difference:
    """A provider's DiffResponse; where it does not know, the engine compares the inputs itself."""
    first, detailed = answer.deleteBeforeReplace, answer.hasDetailedDiff
    if answer.changes == pb.DiffResponse.DIFF_UNKNOWN:
        return replace(local_difference(old, new), delete_first=first)
    if answer.changes == pb.DiffResponse.DIFF_NONE:  # what waits for its replacement is replaced all the same
        return Difference(delete_first=first, detailed=detailed)
    paths = {path: _change(one) for path, one in answer.detailedDiff.items()}
    return Difference(True, tuple(answer.replaces), tuple(answer.diffs), paths, first, detailed)


def _change(one: Any) -> Change:
    kind, _, forced = pb.PropertyDiff.Kind.Name(one.kind).lower().partition("_")
    return Change(kind, bool(forced), one.inputDiff)


def local_difference(old: Values, new: Values) -> Difference:
    """The engine's own comparison of inputs; whether they are secret does not count."""
    before, after = unwrapped(old), unwrapped(new)
    paths = {spelt(path): Change(kind) for path, kind in changed_parts(before, after)}
    names = tuple(name for name in sorted({*before, *after}) if before.get(name) != after.get(name))
    return Difference(bool(paths), (), names, paths)


def changed_parts(old: Any, new: Any, place: Path = ()) -> Iterator[tuple[Path, str]]:
    """Paths of what differs and how: ``add``, ``delete`` or ``update``."""
    pairs: Iterable[tuple[str | int, Any, Any]]
    if isinstance(old, dict) and isinstance(new, dict):
        pairs = ((name, old.get(name), new.get(name)) for name in sorted({*old, *new}))
    elif isinstance(old, list) and isinstance(new, list):
        pairs = ((at, *both) for at, both in enumerate(zip_longest(old, new)))
    else:
        if old != new:
            yield place, "add" if old is None else "delete" if new is None else "update"
        return
    for part, before, after in pairs:
        yield from changed_parts(before, after, (*place, part))


def forced_by_option(difference: Difference, replace_on_changes: Iterable[str], *, init_errors: bool) -> Difference:
    """The difference with what ``replaceOnChanges`` names turned into replacements; ``#initerror`` is such a path."""
    wanted = [parsed(path) for path in replace_on_changes]
    if not wanted or not (difference.changed or init_errors):
        return difference

    def named(path: str) -> bool:
        return any(contains(one, parsed(path)) for one in wanted)

    keys = {*difference.keys, *(name for name in difference.names if named(name))}
    paths = {path: replace(one, replaces=one.replaces or named(path)) for path, one in difference.paths.items()}
    if init_errors and named(_INIT_ERROR):
        keys.add(_INIT_ERROR)
        if paths or difference.detailed:
            paths[_INIT_ERROR] = Change("update", replaces=True, of_inputs=False)
    changed = difference.changed or _INIT_ERROR in keys
    return replace(difference, changed=changed, keys=tuple(sorted(keys)), paths=paths)


def condemned_needs(condemned: list[Resource]) -> dict[int, set[int]]:
    """Which of the entries each of them depends on, by identity.

    What waits for deletion depends on its like, what is live on what is live, where there is such.
    """
    live = {one.urn: one for one in condemned if not one.delete}
    replaced = {one.urn: one for one in condemned if one.delete}
    needs: dict[int, set[int]] = {}
    for one in condemned:
        first, second = (replaced, live) if one.delete else (live, replaced)
        found = [first.get(urn) or second.get(urn) for urn in one.needs() - {one.urn}]
        needs[id(one)] = {id(other) for other in found if other is not None}
    return needs


def with_all_needs(needs: dict[int, set[int]], found: set[int]) -> set[int]:
    """The found and all that they need, by identity, however far away; ``needs`` is what ``condemned_needs`` tells."""
    found, left = set(found), list(found)
    while left:
        more = needs.get(left.pop(), set()) - found
        found |= more
        left += more
    return found


def condemned_layers(condemned: list[Resource]) -> list[list[Resource]]:
    """Deletions in layers, dependants before what they depend on; the members of a layer may go together."""
    needs = condemned_needs(condemned)
    layers: list[list[Resource]] = []
    left = list(condemned)
    while left:
        waiting = {id(one) for one in left}
        layer = [one for one in left if not needs[id(one)] & waiting] or left
        taken = {id(one) for one in layer}
        layers.insert(0, layer)
        left = [one for one in left if id(one) not in taken]
    return layers


def inverted(difference: Difference) -> Difference:
    """The same difference seen from the other side."""
    turned = {"add": "delete", "delete": "add"}
    paths = {path: replace(one, kind=turned.get(one.kind, one.kind)) for path, one in difference.paths.items()}
    return replace(difference, keys=(), paths=paths)
