"""Log queries: the part of the Kusto query language that simple reads of a workspace's tables need.

A table, then operators: ``where``, ``project``, ``take`` (``limit``), ``top``, ``sort by`` (``order by``),
``distinct``, ``count`` and ``summarize count() by``. Anything else is refused by name. Source: Microsoft's Kusto
documentation, tabular operators and string operators (``has`` compares words, ``==`` case, ``=~`` not; sorting is
descending unless told).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

__all__ = ["Query", "QueryNotTaken", "Table", "parse"]

Item = TypeVar("Item")
Row = Mapping[str, Any]
Predicate = Callable[[Row], bool]

_TOKEN: Final = re.compile(
    r"""\s*(?://[^\n]*\s*)*(?:
    (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<moment>\d{4}-\d\d-\d\d[\dT:.Z]*)
    |(?P<span>\d+(?:\.\d+)?(?:ms|[dhms])\b)
    |(?P<number>-?\d+(?:\.\d+)?)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<sign>==|!=|=~|!~|<=|>=|[|(),=<>])
    )""",
    re.VERBOSE,
)
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=~": lambda a, b: str(a).lower() == str(b).lower(),
    "!~": lambda a, b: str(a).lower() != str(b).lower(),
    "contains": lambda a, b: str(b).lower() in str(a).lower(),
    "startswith": lambda a, b: str(a).lower().startswith(str(b).lower()),
    "endswith": lambda a, b: str(a).lower().endswith(str(b).lower()),
    "has": lambda a, b: bool(re.search(rf"(?<!\w){re.escape(str(b))}(?!\w)", str(a), re.IGNORECASE)),
}


class QueryNotTaken(Exception):
    """The query has a mistake, or something that is not understood here; ``reason`` is one sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Table:
    """A result: names of columns, and rows of values in their order."""

    columns: tuple[str, ...]
    rows: list[list[Any]]


Step = Callable[[list[Row], Sequence[str]], tuple[list[Row], Sequence[str]]]


@dataclass(frozen=True)
class Query:
    """A query that was understood: the table that it reads, and what it does with its rows."""

    table: str
    steps: tuple[Step, ...]

    def run(self, rows: Iterable[Row]) -> Table:
        """The result over the table's rows; columns are those that any row has."""
        found = list(rows)
        columns: Sequence[str] = tuple(dict.fromkeys(name for row in found for name in row))
        for step in self.steps:
            found, columns = step(found, columns)
        return Table(tuple(columns), [[row.get(name) for name in columns] for row in found])


def parse(text: str, iso_ago: Callable[[float], str]) -> Query:
    """Read a query; ``iso_ago`` spells the instant so many seconds before now as ``TimeGenerated`` is spelt.

    Raises:
        QueryNotTaken
    """
    return _Parser(text, iso_ago).query()


class _Parser:
    def __init__(self, text: str, iso_ago: Callable[[float], str]) -> None:
        self._tokens = list(_tokens(text))
        self._iso_ago = iso_ago

    def query(self) -> Query:
        table, steps = self._name("the name of a table"), []
        while self._tokens:
            self._expect("|")
            steps.append(self._step())
        return Query(table, tuple(steps))

    def _step(self) -> Step:
        name = self._name("an operator").lower()
        known: dict[str, Callable[[], Step]] = {
            "where": self._where,
            "project": self._project,
            "take": self._take,
            "limit": self._take,
            "top": self._top,
            "sort": self._sort,
            "order": self._sort,
            "distinct": self._distinct,
            "count": lambda: lambda rows, _: ([{"Count": len(rows)}], ("Count",)),
            "summarize": self._summarize,
        }
        if name not in known:
            raise QueryNotTaken(f"'{name}' is not understood here; operators are: {', '.join(known)}.")
        return known[name]()

    def _where(self) -> Step:
        holds = self._either()
        return lambda rows, columns: ([row for row in rows if holds(row)], columns)

    def _either(self) -> Predicate:
        parts = [self._both()]
        while self._take_word("or"):
            parts.append(self._both())
        return lambda row: any(part(row) for part in parts)

    def _both(self) -> Predicate:
        parts = [self._single()]
        while self._take_word("and"):
            parts.append(self._single())
        return lambda row: all(part(row) for part in parts)

    def _single(self) -> Predicate:
        if self._take_sign("("):
            inner = self._either()
            self._expect(")")
            return inner
        column = self._name("a column")
        sign = self._next("a comparison")[1].lower()
        if sign == "in":
            self._expect("(")
            wanted = [self._value(), *self._more(self._value)]
            self._expect(")")
            return lambda row: row.get(column) in wanted
        if sign not in _COMPARISONS:
            raise QueryNotTaken(f"'{sign}' is no comparison here; there are: {', '.join((*_COMPARISONS, 'in'))}.")
        compare, value = _COMPARISONS[sign], self._value()
        return lambda row: _holds(compare, row.get(column), value)

    def _value(self) -> Any:
        kind, text = self._next("a value")
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            return float(text)
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        if text.lower() in ("ago", "datetime"):
            self._expect("(")
            kind, inner = self._next("a time")
            self._expect(")")
            return self._iso_ago(_span(kind, inner)) if text.lower() == "ago" else inner.strip("\"'")
        raise QueryNotTaken(f"'{text}' is no value: texts stand in quotes.")

    def _project(self) -> Step:
        pairs = [self._projected(), *self._more(self._projected)]
        names = tuple(name for name, _ in pairs)
        return lambda rows, _: ([{name: row.get(source) for name, source in pairs} for row in rows], names)

    def _projected(self) -> tuple[str, str]:
        name = self._name("a column")
        return (name, self._name("a column")) if self._take_sign("=") else (name, name)

    def _take(self) -> Step:
        most = self._count()
        return lambda rows, columns: (rows[:most], columns)

    def _top(self) -> Step:
        most = self._count()
        ordered = self._sort()
        return lambda rows, columns: (ordered(rows, columns)[0][:most], columns)

    def _sort(self) -> Step:
        if not self._take_word("by"):
            raise QueryNotTaken("'by' and a column must follow.")
        keys = [self._key(), *self._more(self._key)]

        def step(rows: list[Row], columns: Sequence[str]) -> tuple[list[Row], Sequence[str]]:
            for column, ascending in reversed(keys):
                rows = sorted(rows, key=lambda row: _rank(row.get(column)), reverse=not ascending)
            return rows, columns

        return step

    def _key(self) -> tuple[str, bool]:
        column = self._name("a column")
        ascending = self._take_word("asc")
        if not ascending:
            self._take_word("desc")
        return column, ascending

    def _distinct(self) -> Step:
        names = (self._name("a column"), *self._more(lambda: self._name("a column")))

        def step(rows: list[Row], _: Sequence[str]) -> tuple[list[Row], Sequence[str]]:
            found = dict.fromkeys(tuple(row.get(name) for name in names) for row in rows)
            return [dict(zip(names, values, strict=True)) for values in found], names

        return step

    def _summarize(self) -> Step:
        name = self._name("count()")
        name, function = (name, self._name("count()")) if self._take_sign("=") else ("count_", name)
        if function.lower() != "count":
            raise QueryNotTaken(f"'{function}' is not understood here: summarize has count() only.")
        self._expect("(")
        self._expect(")")
        by = (self._name("a column"), *self._more(lambda: self._name("a column"))) if self._take_word("by") else ()

        def step(rows: list[Row], _: Sequence[str]) -> tuple[list[Row], Sequence[str]]:
            counts = Counter(tuple(row.get(one) for one in by) for row in rows)
            if not by:
                counts = Counter({(): len(rows)})
            found: list[Row] = [{**dict(zip(by, values, strict=True)), name: count} for values, count in counts.items()]
            return found, (*by, name)

        return step

    def _more(self, read: Callable[[], Item]) -> list[Item]:
        found = []
        while self._take_sign(","):
            found.append(read())
        return found

    def _count(self) -> int:
        kind, text = self._next("a number")
        if kind != "number" or not text.isdigit():
            raise QueryNotTaken(f"'{text}' is no number of rows.")
        return int(text)

    def _next(self, wanted: str) -> tuple[str, str]:
        if not self._tokens:
            raise QueryNotTaken(f"The query ends where {wanted} must follow.")
        return self._tokens.pop(0)

    def _name(self, wanted: str) -> str:
        kind, text = self._next(wanted)
        if kind != "name":
            raise QueryNotTaken(f"'{text}' stands where {wanted} must.")
        return text

    def _expect(self, sign: str) -> None:
        text = self._next(f"'{sign}'")[1]
        if text != sign:
            raise QueryNotTaken(f"'{text}' stands where '{sign}' must.")

    def _take_sign(self, sign: str) -> bool:
        return self._take_if(lambda kind, text: kind == "sign" and text == sign)

    def _take_word(self, word: str) -> bool:
        return self._take_if(lambda kind, text: kind == "name" and text.lower() == word)

    def _take_if(self, fits: Callable[[str, str], bool]) -> bool:
        if self._tokens and fits(*self._tokens[0]):
            self._tokens.pop(0)
            return True
        return False


def _tokens(text: str) -> Iterable[tuple[str, str]]:
    place, text = 0, re.sub(r"(?:\s|//[^\n]*)*;?\s*$", "", text)
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise QueryNotTaken(f"'{text[place:].split()[0]}' is not understood.")
        yield found.lastgroup, found[found.lastgroup]
        place = found.end()


def _span(kind: str, text: str) -> float:
    if kind != "span":
        raise QueryNotTaken(f"'{text}' is no span of time such as 1h or 30m.")
    unit = text.lstrip("0123456789.")
    return float(text.removesuffix(unit)) * _SECONDS[unit]


def _holds(compare: Callable[[Any, Any], bool], value: Any, wanted: Any) -> bool:
    """What a row has not, equals nothing, and differs from everything; what cannot be compared does not hold."""
    if value is None:
        value = "" if isinstance(wanted, str) else None
    try:
        return compare(value, wanted)
    except TypeError:
        return False


def _rank(value: Any) -> tuple[int, Any]:
    """Numbers before texts, what is absent before all."""
    if value is None:
        return 0, 0
    return (1, value) if isinstance(value, int | float) else (2, str(value))
