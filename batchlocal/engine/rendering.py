"""What a step changes, in words: property by property, down to the parts that differ; secrets masked."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any, Final

from batchlocal.engine.display import Shown
from batchlocal.engine.paths import contains, parsed, spelt, value_at
from batchlocal.engine.plan import Change, changed_parts
from batchlocal.engine.values import masked

__all__ = ["created_lines", "difference_lines", "shown_value", "summary_of"]

_SIGNS: Final = {"add": "+", "delete": "-", "update": "~"}
_UNKNOWN: Final = "output<unknown>"


def difference_lines(shown: Shown) -> list[str]:
    """The changed paths of a step; the ones that force a replacement say so."""
    lines: list[str] = []
    visible, hidden = _by_visibility(shown)
    for path, change in visible.items():
        before, after = (masked(value_at(values, parsed(path))) for values in (shown.old_inputs, shown.new_inputs))
        forced = "  [forces replacement]" if change.replaces else ""
        lines += [f"      {line}" for line in _change_lines(path, change, before, after, forced)]
    return [*lines, f"      hidden: {', '.join(hidden)}"] if hidden else lines


def _by_visibility(shown: Shown) -> tuple[dict[str, Change], list[str]]:
    """The changes to show by path, and the paths of ``hideDiffs`` that others lie within."""
    visible: dict[str, Change] = {}
    hidden: set[str] = set()
    for path, change in sorted(shown.difference.by_path().items()):
        around = [one for one in shown.hidden if contains(parsed(one), parsed(path))]
        hidden.update(around)
        if not around:
            visible[path] = change
    return visible, sorted(hidden)


def _change_lines(path: str, change: Change, before: Any, after: Any, forced: str) -> Iterator[str]:
    both = isinstance(before, dict | list) and type(before) is type(after)
    if change.kind == "update" and both:
        for part, kind in changed_parts(before, after):
            place = spelt((*parsed(path), *part))
            yield from _lines_of(place, kind, value_at(before, part), value_at(after, part), forced)
    else:
        yield from _lines_of(path, change.kind, before, after, forced)


def _lines_of(path: str, kind: str, before: Any, after: Any, forced: str) -> Iterator[str]:
    sign = _SIGNS[kind]
    if kind == "update" and _is_text(before) and _is_text(after):
        yield f"{sign} {path}: (text){forced}"
        yield from _text_lines(before, after)
    else:
        old, new = shown_value(before), shown_value(after)
        yield f"{sign} {path}: " + {"+": new, "-": old, "~": f"{old} => {new}"}[sign] + forced


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\n" in value


def _text_lines(before: str, after: str) -> Iterator[str]:
    """The lines that differ, with one line around them."""
    compared = difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")
    for line in list(compared)[2:]:
        yield "      ..." if line.startswith("@@") else f"    {line[0]} {line[1:]}"


def created_lines(shown: Shown) -> list[str]:
    """Every input of what is made."""
    return [f"      + {name}: {shown_value(value)}" for name, value in sorted(masked(shown.new_inputs).items())]


def summary_of(shown: Shown) -> str:
    """The properties that change, in a line: ``[diff: ~size,+zone]``."""
    tops: dict[str, str] = {}
    for path, change in _by_visibility(shown)[0].items():
        top = str((parsed(path) or (path,))[0])
        tops[top] = "~" if top in tops or path != top else _SIGNS[change.kind]
    return f"[diff: {','.join(f'{sign}{name}' for name, sign in tops.items())}]" if tops else ""


def shown_value(value: Any) -> str:
    """A masked value as text; what is not known yet without quotes."""
    return json.dumps(value, ensure_ascii=False).replace(f'"{_UNKNOWN}"', _UNKNOWN)
