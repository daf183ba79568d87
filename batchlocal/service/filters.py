"""``$filter``: the service's part of OData, one property against one value, joined by and, or, not and parentheses.

Source: Microsoft's article "OData filters in Azure Batch": which list takes which properties, of which type, with
which operators. Values compare without case, property names do not (article batch-efficient-list-queries).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from batchlocal.protocol import moments

__all__ = ["FILTERABLE", "FilterInvalid", "Predicate", "Test", "compiled", "equalities"]

Shown = Mapping[str, Any]
Predicate = Callable[[Shown], bool]

_EQUALITY = ("eq", "ne")
_ORDER = (*_EQUALITY, "ge", "gt", "le", "lt")
_TEXT = (*_ORDER, "startswith")


@dataclass(frozen=True, slots=True)
class _Filterable:
    """How a property may be asked for; ``kind`` is string, time, integer or boolean."""

    kind: str
    operators: tuple[str, ...]


def _times(*names: str) -> dict[str, _Filterable]:
    return {name: _Filterable("time", _ORDER) for name in names}


def _words(*names: str) -> dict[str, _Filterable]:
    return {name: _Filterable("string", _EQUALITY) for name in names}


def _run(prefix: str) -> dict[str, _Filterable]:
    return {
        **_words(f"{prefix}/state", f"{prefix}/result"),
        **_times(f"{prefix}/startTime", f"{prefix}/endTime"),
        f"{prefix}/exitCode": _Filterable("integer", _ORDER),
    }


_CHANGES = _times("stateTransitionTime", "creationTime", "lastModified")
_ID = {"id": _Filterable("string", _TEXT)}
_JOBS = {
    **_words("state"),
    **_CHANGES,
    **_times("executionInfo/startTime", "executionInfo/endTime"),
    "executionInfo/poolId": _Filterable("string", _TEXT),
}

FILTERABLE: Final[Mapping[str, Mapping[str, _Filterable]]] = {
    "Account_ListSupportedImages": _words("osType", "verificationType", "nodeAgentSKUId"),
    "Account_ListPoolNodeCounts": {"poolId": _Filterable("string", ("eq",))},
    "Certificate_List": {**_words("state"), **_times("stateTransitionTime")},
    "ComputeNode_List": {
        **_words("state"),
        **_times("stateTransitionTime", "lastBootTime", "allocationTime"),
        **_run("startTaskInfo"),
    },
    "File_ListFromTask": {"name": _Filterable("string", ("startswith",))},
    "File_ListFromComputeNode": {"name": _Filterable("string", ("startswith",))},
    "Job_List": {**_ID, **_JOBS},
    "Job_ListFromJobSchedule": _JOBS,
    "Job_ListPreparationAndReleaseTaskStatus": {
        **_words("poolId", "nodeId"),
        **_run("jobPreparationTaskExecutionInfo"),
        **_run("jobReleaseTaskExecutionInfo"),
    },
    "JobSchedule_List": {
        **_ID,
        **_words("state"),
        **_CHANGES,
        **_times("executionInfo/endTime", "schedule/doNotRunUntil", "schedule/doNotRunAfter"),
    },
    "Pool_List": {
        **_ID,
        **_words("state", "allocationState", "vmSize"),
        **_CHANGES,
        **_times("allocationStateTransitionTime"),
        "enableAutoScale": _Filterable("boolean", _EQUALITY),
        "enableInterNodeCommunication": _Filterable("boolean", _EQUALITY),
    },
    "Task_List": {
        **_ID,
        **_words("state"),
        **_CHANGES,
        **_times("lastModifiedTime"),
        **_run("executionInfo"),
    },
}
"""By operationId: the properties that a list can be filtered by."""

_TOKEN = re.compile(
    r"\s*(?:(?P<paren>[(),])|(?P<time>datetime'[^']*')|(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)(?![\w/])"
    r"|(?P<word>[A-Za-z_][\w/]*))",
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


def compiled(text: str, filterable: Mapping[str, _Filterable]) -> Predicate:
    """A test of shown entities.

    Raises:
        FilterInvalid
    """
    reading = _Reading(list(_tokens(text)), filterable)
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

    def __init__(self, tokens: list[tuple[str, str]], filterable: Mapping[str, _Filterable]) -> None:
        self.tokens = tokens
        self._filterable = filterable

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
        if self._skip("not"):
            return _Not(self._one())
        if self._skip("("):
            inner = self.either()
            self._expect(")")
            return inner
        if self._skip("startswith"):
            return self._startswith()
        name = self._next("word")
        return self._test(name, self._next("word").lower())

    def _startswith(self) -> Predicate:
        self._expect("(")
        name = self._next("word")
        self._expect(",")
        made = self._test(name, "startswith")
        self._expect(")")
        return made

    def _test(self, name: str, comparison: str) -> Test:
        known = self._filterable.get(name)
        if known is None:
            raise FilterInvalid(f"the list cannot be filtered by '{name}'")
        if comparison not in known.operators:
            raise FilterInvalid(f"'{name}' takes {', '.join(known.operators)}, not '{comparison}'")
        # the article calls it lastModifiedTime in the list of tasks, where the property is lastModified
        shown = "lastModified" if name == "lastModifiedTime" else name
        return Test(shown, comparison, self._value(name, known.kind))

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
    if kind == "time" and form == "time":
        return _time(text[len("datetime'") : -1])
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
