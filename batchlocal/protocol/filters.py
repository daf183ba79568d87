"""``$filter``: the part of OData that Azure's lists take: a property against a value; and, or, not, parentheses.

Sources: Microsoft's articles "OData filters in Azure Batch" and "Resources - List" (functions startswith, substringof).
String values compare without regard to case.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from batchlocal.protocol import moments

__all__ = ["EQUALITY", "ORDER", "FilterInvalid", "Filterable", "Predicate", "Test", "bounds", "compiled", "equalities"]

Shown = Mapping[str, Any]
Predicate = Callable[[Shown], bool]

EQUALITY: Final = ("eq", "ne")
ORDER: Final = (*EQUALITY, "ge", "gt", "le", "lt")


@dataclass(frozen=True, slots=True)
class Filterable:
    """How a property may be asked for; ``kind`` is string, time, integer or boolean.

    ``operators`` are comparisons and functions; ``shown`` is the property's name in what is tested, where it differs.
    """

    kind: str
    operators: tuple[str, ...]
    shown: str = ""


_TOKEN = re.compile(
    r"\s*(?:(?P<paren>[(),])|(?P<time>datetime'[^']*')|(?P<text>'(?:[^']|'')*')"
    r"|(?P<moment>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)"  # so az monitor activity-log list writes it
    r"|(?P<number>-?\d+(?:\.\d+)?)(?![\w/])|(?P<word>[A-Za-z_][\w/]*))",
    re.IGNORECASE,
)
_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
    "startswith": lambda value, start: str(value).startswith(start),
    "substringof": lambda value, part: part in str(value),
}


class FilterInvalid(ValueError):
    """The filter cannot be read, or names what the list cannot be filtered by; the text says which."""


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison; ``value`` is lower case for strings, ticks for times."""

    name: str
    operator: str
    value: str | int | float | bool

    def __call__(self, shown: Shown) -> bool:
        found: Any = shown
        for part in self.name.split("/"):
            found = found.get(part) if isinstance(found, Mapping) else None
        if found is None:
            return self.operator == "ne"
        return _COMPARISONS[self.operator](_comparable(found, self.value), self.value)


def _comparable(found: Any, value: Any) -> Any:
    if isinstance(found, str):
        return moments.parse_iso(found) if isinstance(value, int) and not isinstance(value, bool) else found.lower()
    return found


@dataclass(frozen=True, slots=True)
class _All:
    parts: tuple[Predicate, ...]

    def __call__(self, shown: Shown) -> bool:
        return all(part(shown) for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Any:
    parts: tuple[Predicate, ...]

    def __call__(self, shown: Shown) -> bool:
        return any(part(shown) for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Not:
    part: Predicate

    def __call__(self, shown: Shown) -> bool:
        return not self.part(shown)


def compiled(text: str, filterable: Mapping[str, Filterable], *, fold: bool = False) -> Predicate:
    """A test of shown entities; ``filterable`` by property name, which with ``fold`` may come in any case.

    Raises:
        FilterInvalid
    """
    if fold:
        filterable = {name.lower(): replace(one, shown=one.shown or name) for name, one in filterable.items()}
    reading = _Reading(list(_tokens(text)), filterable, fold=fold)
    predicate = reading.either()
    if reading.tokens:
        raise FilterInvalid(f"'{reading.tokens[0][1]}' is not expected there")
    return predicate


def equalities(predicate: Predicate, name: str) -> list[str]:
    """The values one of which a property must have for the predicate to hold; empty where none is asked for."""
    if isinstance(predicate, Test):
        return [str(predicate.value)] if (predicate.name, predicate.operator) == (name, "eq") else []
    if isinstance(predicate, _All):
        return next((found for part in predicate.parts if (found := equalities(part, name))), [])
    if isinstance(predicate, _Any):
        alternatives = [equalities(part, name) for part in predicate.parts]
        return [value for values in alternatives for value in values] if all(alternatives) else []
    return []


def bounds(predicate: Predicate, name: str) -> tuple[int | None, int | None]:
    """The least and the greatest time that a property may have for the predicate to hold, None where nothing says."""
    low = high = None
    parts = predicate.parts if isinstance(predicate, _All) else (predicate,)
    for part in parts:
        if isinstance(part, Test) and part.name == name and isinstance(part.value, int):
            if part.operator in ("ge", "gt", "eq"):
                low = part.value if low is None else max(low, part.value)
            if part.operator in ("le", "lt", "eq"):
                high = part.value if high is None else min(high, part.value)
    return low, high


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, text = 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise FilterInvalid(f"'{text[at:].strip()}' cannot be read")
        yield found.lastgroup, found.group(found.lastgroup)
        at = found.end()


class _Reading:
    """A recursive descent: or, and, not, comparison."""

    _DEEPEST = 50  # parentheses and negations within each other; a filter of a person has a few

    def __init__(
        self, tokens: list[tuple[str, str]], filterable: Mapping[str, Filterable], *, fold: bool = False
    ) -> None:
        self._fold = fold
        self.tokens = tokens
        self._filterable = filterable
        self._depth = 0

    def either(self) -> Predicate:
        parts = [self._both()]
        while self._skip("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else _Any(tuple(parts))

    def _both(self) -> Predicate:
        parts = [self._one()]
        while self._skip("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else _All(tuple(parts))

    def _one(self) -> Predicate:
        self._depth += 1
        if self._depth > self._DEEPEST:
            raise FilterInvalid("it is nested too deeply")
        try:
            return self._deeper()
        finally:
            self._depth -= 1

    def _deeper(self) -> Predicate:
        if self._skip("not"):
            return _Not(self._one())
        if self._skip("("):
            inner = self.either()
            self._expect(")")
            return inner
        if self._skip("startswith"):
            return self._startswith()
        if self._skip("substringof"):
            return self._substringof()
        name = self._next("word")
        return self._test(name, self._next("word").lower())

    def _startswith(self) -> Predicate:
        self._expect("(")
        name = self._next("word")
        self._expect(",")
        made = self._test(name, "startswith")
        self._expect(")")
        return made

    def _substringof(self) -> Predicate:
        self._expect("(")
        value = self.tokens[:1]
        del self.tokens[:1]
        self._expect(",")
        name = self._next("word")
        self.tokens[:0] = value
        made = self._test(name, "substringof")
        self._expect(")")
        return made

    def _test(self, name: str, comparison: str) -> Test:
        known = self._filterable.get(name.lower() if self._fold else name)
        if known is None:
            raise FilterInvalid(f"the list cannot be filtered by '{name}'")
        if comparison not in known.operators:
            raise FilterInvalid(f"'{name}' takes {', '.join(known.operators)}, not '{comparison}'")
        return Test(known.shown or name, comparison, self._value(name, known.kind))

    def _value(self, name: str, kind: str) -> str | int | bool:
        form, text = self.tokens.pop(0) if self.tokens else ("", "")
        try:
            return _read_value(form, text, kind)
        except ValueError:
            raise FilterInvalid(f"'{name}' is a {kind}, and '{text}' is none") from None

    def _skip(self, text: str) -> bool:
        if self.tokens and self.tokens[0][0] in ("word", "paren") and self.tokens[0][1].lower() == text:
            del self.tokens[0]
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            raise FilterInvalid(f"'{text}' is missing")

    def _next(self, kind: str) -> str:
        if not self.tokens or self.tokens[0][0] != kind:
            raise FilterInvalid("a property name or an operator is missing")
        return self.tokens.pop(0)[1]


def _read_value(form: str, text: str, kind: str) -> str | int | bool:
    if kind == "time" and form == "moment":
        return _time(text)
    if kind == "time" and form in ("time", "text"):
        return _time(text.split("'")[1])
    if kind == "string" and form == "text":
        return text[1:-1].replace("''", "'").lower()
    if kind == "integer" and form == "number":
        return int(text)
    if kind == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    raise ValueError(text)


def _time(text: str) -> int:
    """W3C-DTF or RFC 1123."""
    try:
        return moments.parse_iso(text.replace("Z", "+00:00"))
    except ValueError:
        return moments.parse_http_date(text)
