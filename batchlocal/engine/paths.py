"""Property paths as options and differences spell them: ``tags.x``, ``a[0]["b.c"]``.

``*`` stands for every key or element. Source: Pulumi's resource options and its engine (CLI 3.260).
"""

from __future__ import annotations

import re
from typing import Any, Final

from batchlocal.engine.values import is_secret, make_secret

__all__ = ["Path", "contains", "parsed", "reset", "spelt", "value_at"]

Path = tuple[str | int, ...]

_EVERY: Final = "*"
_PART: Final = re.compile(r"""\.?\[\s*(?:"((?:\\"|[^"])*)"|(\d+)|(\*))\s*\]|\.?([^.\[]+)""")


def parsed(path: str) -> Path:
    """The parts of a path; an empty tuple when it is none."""
    parts: list[str | int] = []
    place = 0
    while place < len(path):
        found = _PART.match(path, place)
        if found is None:
            return ()
        quoted, index, every, name = found.groups()
        parts.append(int(index) if index is not None else every or name or (quoted or "").replace('\\"', '"'))
        place = found.end()
    return tuple(parts)


def spelt(path: Path) -> str:
    """A path as text."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"\w+", part, re.ASCII):
            text += f".{part}" if text else part
        else:
            text += '["' + part.replace('"', '\\"') + '"]'
    return text


def contains(outer: Path, inner: Path) -> bool:
    """Whether a path names another one or something around it."""
    return len(inner) >= len(outer) > 0 and all(
        wanted in (_EVERY, given) for wanted, given in zip(outer, inner, strict=False)
    )


def value_at(values: Any, path: Path) -> Any:
    """The value at a path, None where there is nothing; what lies within a secret is the secret itself."""
    found = values
    for part in path:
        if is_secret(found):
            return found
        if isinstance(found, list) and isinstance(part, int):
            found = found[part] if part < len(found) else None
        elif isinstance(found, dict):
            found = found.get(str(part))
        else:
            return None
    return found


def reset(path: Path, old: Any, new: Any) -> bool:
    """Set what a path names in ``new``, in place, back to what it is in ``old``; False where that cannot be done.

    No level and no array element is made or taken away: a path into something that was added or removed fails.
    """
    return bool(path) and _reset(path, old, new, guarded=False)


def _reset(path: Path, old: Any, new: Any, *, guarded: bool | None) -> bool:
    """``guarded``: the old value lies within a secret; None: the new one does, where nothing need be marked."""
    guarded = None if guarded is None or is_secret(new) else guarded or is_secret(old)
    old, new = (value["value"] if is_secret(value) else value for value in (old, new))
    part, rest = path[0], path[1:]
    if part == _EVERY:
        return _reset_every(rest, old, new, guarded=guarded)
    if isinstance(part, int):
        return _reset_element(part, rest, old, new, guarded=guarded)
    return _reset_key(part, rest, old, new, guarded=guarded)


def _kept(value: Any, *, guarded: bool | None) -> Any:
    return make_secret(value) if guarded else value


def _reset_key(part: str, rest: Path, old: Any, new: Any, *, guarded: bool | None) -> bool:
    before, after = isinstance(old, dict), isinstance(new, dict)
    if rest:
        if not (before and after):
            return not (before or after)
        if part not in new:
            return part not in old
        return _reset(rest, old.get(part), new[part], guarded=guarded)
    if before and part in old:
        if after:
            new[part] = _kept(old[part], guarded=guarded)
        return after
    if after:
        new.pop(part, None)
    return True


def _reset_element(part: int, rest: Path, old: Any, new: Any, *, guarded: bool | None) -> bool:
    before, after = isinstance(old, list), isinstance(new, list)
    if not (before and after):
        return not (before or after)
    if part >= len(old) or part >= len(new):
        return not rest and part >= len(old) and part >= len(new)
    if rest:
        return _reset(rest, old[part], new[part], guarded=guarded)
    new[part] = _kept(old[part], guarded=guarded)
    return True


def _reset_every(rest: Path, old: Any, new: Any, *, guarded: bool | None) -> bool:
    if isinstance(new, dict) and (isinstance(old, dict) or not rest):
        return _reset_keys(rest, old, new, guarded=guarded)
    if isinstance(new, list) and (isinstance(old, list) or not rest):
        if not isinstance(old, list):
            return True
        well = [_reset_element(place, rest, old, new, guarded=guarded) for place in range(min(len(old), len(new)))]
        return all(well) and len(old) == len(new)
    return False


def _reset_keys(rest: Path, old: Any, new: dict[str, Any], *, guarded: bool | None) -> bool:
    if rest:
        return all(name in new and _reset(rest, value, new[name], guarded=guarded) for name, value in old.items())
    if isinstance(old, dict):
        new.clear()
        new.update({name: _kept(value, guarded=guarded) for name, value in old.items()})
    return True
