"""Check and Diff: what a program's inputs become, and what a change of them means."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from batchlocal.plugin.types import ResourceType
from batchlocal.plugin.values import has_unknown, is_unknown

__all__ = ["Change", "changes", "named", "problems"]

Values = dict[str, Any]
Kind = Literal["ADD", "DELETE", "UPDATE"]

RANDOM_MARK = "__createBeforeDelete"
"""Set by Check when a name was drawn at random: the replacement may then exist beside the old resource."""


def named(kind: ResourceType, logical: str, olds: Values, news: Values, seed: bytes) -> Values:
    """The inputs with their name: given, kept from before, or made from the logical name (and the seed)."""
    name = kind.name_input
    if name in news or kind.naming == "given":
        return news
    if name in olds:
        mark = {RANDOM_MARK: True} if olds.get(RANDOM_MARK) else {}
        return {**news, name: olds[name], **mark}
    if kind.naming == "random":
        return {**news, name: logical + seed.hex()[:8], RANDOM_MARK: True}
    return {**news, name: logical}


def problems(kind: ResourceType, inputs: Values) -> list[tuple[str, str]]:
    """What is wrong with some inputs: (property, reason) pairs; unknown values are taken as right."""
    needed = [*kind.path_parameters, *kind.required]
    found = [(name, f"missing required property '{name}'") for name in needed if inputs.get(name) is None]
    name = inputs.get(kind.name_input)
    is_known = isinstance(name, str) and not has_unknown(name)
    if kind.name_pattern and is_known and not re.fullmatch(kind.name_pattern, str(name)):
        found.append((kind.name_input, f"'{name}' is not a valid name: {kind.name_rule}"))
    return found


@dataclass(frozen=True)
class Change:
    """Differences between old and new inputs by property path; ``replaces`` are the top-level names that force it."""

    paths: dict[str, Kind] = field(default_factory=dict)
    replaces: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The top-level properties that differ."""
        return list(dict.fromkeys(re.split(r"[.\[]", path, maxsplit=1)[0] for path in self.paths))


def changes(kind: ResourceType, old: Values, new: Values) -> Change:
    """What differs, and what of it needs a new resource. ``location`` compares without case and blanks."""
    paths: dict[str, Kind] = {}
    for name in sorted({*old, *new} - {RANDOM_MARK, "azureApiVersion", "__defaults"}):
        if name == "location" and _place(old.get(name)) == _place(new.get(name)):
            continue
        _compare(name, old.get(name), new.get(name), paths)
    forcing = {*kind.path_parameters, *kind.create_only}
    found = Change(paths)
    return Change(paths, tuple(name for name in found.names if name in forcing))


def _place(location: Any) -> str:
    return str(location or "").replace(" ", "").lower()


def _compare(path: str, old: Any, new: Any, paths: dict[str, Kind]) -> None:
    if old == new:
        return
    if old is None or new is None:
        paths[path] = "ADD" if old is None else "DELETE"
    elif isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            _compare(f"{path}.{name}", old.get(name), new.get(name), paths)
    elif isinstance(old, list) and isinstance(new, list) and not is_unknown(new):
        for number in range(max(len(old), len(new))):
            before, after = (values[number] if number < len(values) else None for values in (old, new))
            _compare(f"{path}[{number}]", before, after, paths)
    else:
        paths[path] = "UPDATE"
