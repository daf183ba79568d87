"""Check and Diff: what a program's inputs become, and what a change of them means."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from batchlocal.plugin.bodies import to_body
from batchlocal.plugin.comparison import Kind, differences
from batchlocal.plugin.types import ResourceType
from batchlocal.plugin.values import has_unknown, is_unknown

__all__ = ["RANDOM_MARK", "Change", "NameWanted", "changes", "named", "problems"]

Values = dict[str, Any]

RANDOM_MARK = "__createBeforeDelete"
"""Set by Check when a name was drawn at random: the replacement may then exist beside the old resource."""


@dataclass(frozen=True)
class NameWanted:
    """What is known when a name must be made: the logical name, the engine's seed, its proposal if it has one."""

    logical: str
    seed: bytes
    proposed: str = ""
    is_enforced: bool = False
    is_disabled: bool = False


def named(kind: ResourceType, olds: Values, news: Values, wanted: NameWanted) -> Values:
    """The inputs with their name: given, kept from before, or made as the type's names are."""
    name = kind.name_input
    if news.get(name) is not None:
        return news
    if olds.get(name) is not None:
        mark = {RANDOM_MARK: True} if olds.get(RANDOM_MARK) else {}
        return {**news, name: olds[name], **mark}
    if kind.name_rule.only:
        return {**news, name: kind.name_rule.only[0]}
    if kind.traits.naming == "given" or wanted.is_disabled:
        return news
    if wanted.proposed:
        mark = {} if wanted.is_enforced else {RANDOM_MARK: True}
        return {**news, name: wanted.proposed, **mark}
    if kind.traits.naming == "uuid":
        return {**news, name: str(uuid.UUID(bytes=wanted.seed[:16], version=4)), RANDOM_MARK: True}
    if kind.traits.naming == "random":
        return {**news, name: wanted.logical + wanted.seed.hex()[:8], RANDOM_MARK: True}
    return {**news, name: wanted.logical}


def problems(kind: ResourceType, inputs: Values) -> list[tuple[str, str]]:
    """What is wrong with some inputs: (property, reason) pairs; unknown values are taken as right."""
    needed = [*kind.path_parameters, *kind.required]
    found = [(name, f"missing required property '{name}'") for name in needed if inputs.get(name) is None]
    name = inputs.get(kind.name_input)
    if isinstance(name, str) and not is_unknown(name) and (fault := kind.name_rule.fault(name)):
        found.append((kind.name_input, fault))
    return found + [(path, reason) for path, reason in _in_body(kind, inputs) if path not in dict(found)]


def _in_body(kind: ResourceType, inputs: Values) -> Iterator[tuple[str, str]]:
    """What Microsoft's description of the body has against it."""
    if not kind.schema:
        return
    from batchlocal import specs  # 20 ms that a plugin without such resources need not spend

    table = specs.table_for(kind.namespace, kind.api_version)
    for problem in specs.check(table, kind.schema, to_body(kind, inputs)):
        if not has_unknown(problem.value):
            yield problem.path.removeprefix("properties."), problem.reason.replace("'properties.", "'")


@dataclass(frozen=True)
class Change:
    """Differences between old and new inputs by property path; ``replaces`` are the paths of them that force it."""

    paths: dict[str, Kind] = field(default_factory=dict)
    replaces: frozenset[str] = frozenset()

    @property
    def names(self) -> list[str]:
        """The top-level properties that differ."""
        return _top_level(self.paths)

    @property
    def replacing_names(self) -> list[str]:
        """The top-level properties that force a replacement."""
        return _top_level([path for path in self.paths if path in self.replaces])

    def without(self, ignored: Iterable[str]) -> Change:
        """The differences that are not at or below a path of ``ignoreChanges``; ``*`` stands for any name."""
        wanted = [_split(path) for path in ignored]
        kept = {
            path: kind for path, kind in self.paths.items() if not any(_starts(_split(path), one) for one in wanted)
        }
        return Change(kept, self.replaces & kept.keys())


def _split(path: str) -> list[str]:
    return [part for part in re.split(r"[.\[\]\"]+", path) if part]


def _starts(path: list[str], start: list[str]) -> bool:
    return len(path) >= len(start) and all(want in ("*", part) for part, want in zip(path, start, strict=False))


def _top_level(paths: Any) -> list[str]:
    return list(dict.fromkeys(re.split(r"[.\[]", path, maxsplit=1)[0] for path in paths))


def changes(kind: ResourceType, old: Values, new: Values) -> Change:
    """What differs, and what of it needs a new resource."""
    paths = differences(kind, old, new)
    forcing = {*kind.path_parameters, *kind.traits.create_only}
    return Change(paths, frozenset(path for path in paths if _is_at_or_below(path, forcing)))


def _is_at_or_below(path: str, tops: set[str]) -> bool:
    """Whether a change at a path concerns one of the properties: itself, a part of it, or what it is a part of."""
    plain = re.sub(r"\[\d+\]", "", path)
    return any(f"{plain}.".startswith(f"{top}.") or f"{top}.".startswith(f"{plain}.") for top in tops)
