"""How a step is decided: from a goal, the old state and the provider's word. Nothing here changes anything."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from pulumi.runtime.proto import provider_pb2 as pb

from batchlocal.engine.goals import Goal
from batchlocal.engine.state import Resource
from batchlocal.engine.values import unwrapped

__all__ = [
    "Difference",
    "Op",
    "condemned_layers",
    "condemned_needs",
    "difference_of",
    "inverted",
    "local_difference",
    "with_ignored",
]

Values = dict[str, Any]
Op = Literal[
    "same", "create", "update", "replace", "create-replacement", "delete-replaced", "delete", "read", "refresh"
]


@dataclass(frozen=True)
class Difference:
    """What differs between a resource and its goal.

    ``paths`` maps property paths to ``add``, ``delete`` or ``update``, with ``-replace`` where the path forces a
    replacement; ``keys`` are the top-level properties that do.
    """

    changed: bool = False
    keys: tuple[str, ...] = ()
    paths: dict[str, str] = field(default_factory=dict)
    delete_first: bool = False

    @property
    def replaces(self) -> bool:
        return bool(self.keys)


def with_ignored(goal: Goal, old: Values) -> Values:
    """The goal's inputs with what ``ignoreChanges`` names set back to the old values."""
    inputs = dict(goal.inputs)
    if "*" in goal.ignore_changes:
        return dict(old)
    for path in goal.ignore_changes:
        if path == "*":
            return dict(old)
        _reset(inputs, old, _parts(path))
    return inputs


def _parts(path: str) -> list[str]:
    return [part for part in re.split(r"[.\[\]\"']+", path) if part]


def _reset(new: Values, old: Values, parts: list[str]) -> None:
    head, *rest = parts
    if rest and isinstance(new.get(head), dict) and isinstance(old.get(head), dict):
        new[head] = dict(new[head])
        _reset(new[head], old[head], rest)
    elif head in old:
        new[head] = old[head]
    else:
        new.pop(head, None)


def difference_of(answer: Any, goal: Goal, old: Values, new: Values) -> Difference:
    """A provider's DiffResponse, with the goal's own options laid over it."""
    if answer.changes == pb.DiffResponse.DIFF_UNKNOWN:
        return local_difference(goal, old, new)
    if answer.changes == pb.DiffResponse.DIFF_NONE:
        return Difference()
    kinds = {path: pb.PropertyDiff.Kind.Name(one.kind).lower() for path, one in answer.detailedDiff.items()}
    paths = {path: kind.replace("_", "-") for path, kind in kinds.items()} or dict.fromkeys(answer.diffs, "update")
    forced = set(answer.replaces) | _forced_by_option(goal, [*paths, *answer.diffs])
    forced |= {_top(path) for path, kind in paths.items() if kind.endswith("-replace")}
    marked = {
        path: kind if kind.endswith("-replace") or _top(path) not in forced else f"{kind}-replace"
        for path, kind in paths.items()
    }
    return Difference(True, tuple(sorted(forced)), marked, answer.deleteBeforeReplace)


def local_difference(goal: Goal, old: Values, new: Values) -> Difference:
    """The engine's own comparison, for components and for providers that do not say."""
    before, after = unwrapped(old), unwrapped(new)
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    paths = {name: "add" if name not in before else "delete" if name not in after else "update" for name in names}
    return Difference(bool(paths), tuple(sorted(_forced_by_option(goal, names))), paths)


def _forced_by_option(goal: Goal, paths: Iterable[str]) -> set[str]:
    """Top-level names of the paths that ``replaceOnChanges`` turns into replacements."""
    wanted = [_parts(path) for path in goal.replace_on_changes]
    return {_top(path) for path in paths for want in wanted if want == ["*"] or _parts(path)[: len(want)] == want}


def _top(path: str) -> str:
    return _parts(path)[0]


def condemned_needs(condemned: list[Resource]) -> dict[int, set[int]]:
    """Which of the condemned each of them depends on, by identity.

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
    paths = {path: turned.get(kind.split("-")[0], kind.split("-")[0]) for path, kind in difference.paths.items()}
    return Difference(difference.changed, (), paths)
