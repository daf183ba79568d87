"""What is a difference and what only another spelling: for Diff, and for the inputs after a refresh."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, Literal

from batchlocal.plugin.bodies import Values, inputs_of, request_form, without_assumed
from batchlocal.plugin.types import ResourceType

__all__ = ["Kind", "differences", "refreshed", "same"]

Kind = Literal["ADD", "DELETE", "UPDATE"]

_EXACT: Final = frozenset({"metadata", "resourceTags", "tags"})
"""Words of a user's own, which nobody normalises."""

_ABSENT: Final = object()


def same(kind: ResourceType, path: str, one: Any, other: Any, *, loosely: bool = False) -> bool:
    """Whether two values at a path mean the same.

    The services spell places, sizes and ids their own way and keep no order of sets. ``loosely`` is for an answer
    beside what was asked: there enumerations come back in another case as well.
    """
    if one == other:
        return isinstance(one, bool) == isinstance(other, bool)
    if isinstance(one, str) and isinstance(other, str):
        return _folded(path, one, loosely) == _folded(path, other, loosely)
    if isinstance(one, dict) and isinstance(other, dict):
        names = {*one, *other}
        return all(same(kind, f"{path}.{name}", one.get(name), other.get(name), loosely=loosely) for name in names)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        if path in kind.traits.sets or loosely:
            return all(any(same(kind, path, item, its, loosely=loosely) for its in other) for item in one)
        return all(same(kind, path, item, its) for item, its in zip(one, other, strict=True))
    return False


def _folded(path: str, text: str, loosely: bool) -> str:
    if path.split(".")[0] in _EXACT:
        return text
    name = path.rsplit(".", 1)[-1]
    if name == "location":
        return text.replace(" ", "").lower()
    return text.lower() if loosely or name == "vmSize" or text.startswith("/subscriptions/") else text


def differences(kind: ResourceType, old: Values, new: Values) -> dict[str, Kind]:
    """Property paths that differ between old and new inputs, in Pulumi's spelling (``startTask.env[0].name``)."""
    found: dict[str, Kind] = {}
    before, after = without_assumed(kind, old), without_assumed(kind, new)
    for name in sorted({*before, *after}):
        if not name.startswith("__") and name != "azureApiVersion":
            _compare(kind, name, name, before.get(name), after.get(name), found)
    return found


def _compare(kind: ResourceType, shown: str, path: str, old: Any, new: Any, found: dict[str, Kind]) -> None:
    if same(kind, path, old, new):
        return
    if old is None or new is None:
        found[shown] = "ADD" if old is None else "DELETE"
    elif isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            _compare(kind, f"{shown}.{name}", f"{path}.{name}", old.get(name), new.get(name), found)
    elif isinstance(old, list) and isinstance(new, list):
        if path in kind.traits.sets:
            new, old = _aligned(kind, path, new, old)
        for number in range(max(len(old), len(new))):
            before, after = (values[number] if number < len(values) else None for values in (old, new))
            _compare(kind, f"{shown}[{number}]", path, before, after, found)
    else:
        found[shown] = "UPDATE"


def _aligned(kind: ResourceType, path: str, new: list[Any], old: list[Any]) -> tuple[list[Any], list[Any]]:
    """Both lists with what they share at the same places."""
    rest = list(old)
    shared, added = [], []
    for item in new:
        match = next((one for one in rest if same(kind, path, one, item)), _ABSENT)
        if match is _ABSENT:
            added.append(item)
        else:
            rest.remove(match)
            shared.append((item, match))
    return [item for item, _ in shared] + added, [item for _, item in shared] + rest


def refreshed(kind: ResourceType, given: Values, before: Values, resource_id: str, body: Values) -> Values:
    """The inputs after a refresh: as the program gave them, but for what has changed in the cloud since.

    ``before`` are the state's outputs. What the service never shows stays as it was given; what it filled in at the
    start is no change; what somebody added, altered or took away is.
    """
    old, now = request_form(kind, before), request_form(kind, body)
    body_inputs = {name: value for name, value in given.items() if name in kind.inputs}
    path = {name: value for name, value in inputs_of(kind, resource_id, {}).items() if name not in kind.inputs}
    merged = _merged(kind, "", body_inputs, old, now)
    kept = {name: value for name, value in given.items() if name not in kind.inputs}
    respelt = {name: kept.get(name, value) for name, value in path.items()}
    return {**merged, **kept, **respelt}


def _merged(kind: ResourceType, path: str, given: Any, before: Any, now: Any) -> Any:
    if same(kind, path, before, now) or same(kind, path, given, now, loosely=True):
        return given
    if isinstance(given, dict) and isinstance(now, dict):
        return _merged_members(kind, path, given, before if isinstance(before, dict) else {}, now)
    if isinstance(given, list) and isinstance(now, list):
        keyed = [_keyed(values) for values in (given, before if isinstance(before, list) else [], now)]
        return list(_merged_members(kind, path, *keyed, in_list=True).values())
    return now


def _merged_members(
    kind: ResourceType, path: str, given: Values, before: Values, now: Values, *, in_list: bool = False
) -> Values:
    made: Values = {}
    others = kind.traits.served | kind.traits.kept
    for name in (*given, *(one for one in now if one not in given)):
        inner = path if in_list else f"{path}.{name}" if path else name
        if name not in given:
            if inner not in others and not same(kind, inner, before.get(name), now[name]):
                made[name] = now[name]
        elif name in now:
            made[name] = _merged(kind, inner, given[name], before.get(name), now[name])
        elif name not in before:
            made[name] = given[name]
    return made


def _keyed(items: list[Any]) -> Values:
    """A list's items by what names them, else by their place."""
    seen: Counter[str] = Counter()
    keyed: Values = {}
    for number, item in enumerate(items):
        if isinstance(item, dict):
            name = str(item.get("name") or item.get("id") or number).lower()
        else:
            name = str(item).lower()
        seen[name] += 1
        keyed[name if seen[name] == 1 else f"{name} {seen[name]}"] = item
    return keyed
