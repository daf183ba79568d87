"""Everything that can be said about a formula before it runs: all mistakes at once, each with its place and mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from batchmgmt.autoscale import functions, vocabulary
from batchmgmt.autoscale.errors import FormulaError, Position
from batchmgmt.autoscale.evaluator import MEMBERS
from batchmgmt.autoscale.operations import BINARY, UNARY
from batchmgmt.autoscale.syntax import (
    Binary,
    Call,
    Choice,
    Expression,
    Formula,
    Member,
    Method,
    Name,
    Number,
    Statement,
    Text,
    Unary,
    VectorLiteral,
    parse,
)
from batchmgmt.autoscale.values import Kind, timestamp

__all__ = ["Finding", "Severity", "check", "errors"]

METHODS = {
    "GetSample": Kind.VECTOR,
    "GetSamplePercent": Kind.DOUBLE,
    "GetSamplePeriod": Kind.INTERVAL,
    "Count": Kind.DOUBLE,
    "HistoryBeginTime": Kind.TIMESTAMP,
}
"""Methods of a metric and what they give (article batch-automatic-scaling, Obtain sample data)."""

_SPANS = (Kind.TIMESTAMP, Kind.INTERVAL)


class Severity(StrEnum):
    """Whether the service refuses it, or a person should look at it."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a formula: where, what, and what to write instead (empty where nothing can be said)."""

    severity: Severity
    at: Position
    message: str
    mend: str = ""


def check(text: str) -> list[Finding]:
    """All findings about a formula, in the order of their places; an empty list means that it can be evaluated."""
    try:
        formula = parse(text)
    except FormulaError as error:
        return [Finding(Severity.ERROR, error.at, error.reason, error.mend)]
    checker = _Checker()
    checker.run(formula)
    return sorted(checker.findings, key=lambda finding: finding.at)


class _Checker:
    """Infers the type of every expression; None is a type that a mistake has made unknown."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._kinds: dict[str, Kind | None] = {}

    def run(self, formula: Formula) -> None:
        for statement in formula.statements:
            self._statement(statement)
        targets = {*vocabulary.TARGETS, *vocabulary.ALIASES}
        if not targets & self._kinds.keys():
            self._warn(Position(1, 1), "The formula sets no target", f"assign ${vocabulary.DEDICATED}")

    def _error(self, at: Position, message: str, mend: str = "") -> None:
        self.findings.append(Finding(Severity.ERROR, at, message, mend))

    def _warn(self, at: Position, message: str, mend: str = "") -> None:
        self.findings.append(Finding(Severity.WARNING, at, message, mend))

    def _statement(self, statement: Statement) -> None:
        kind = self._kind(statement.value)
        target = statement.target
        if target is None:
            return
        name = self._word(target)
        if name in vocabulary.METRICS or name in vocabulary.CONSTANTS or name in vocabulary.DEALLOCATION_OPTIONS:
            self._error(target.at, f"{target.symbol} is read-only", "choose another name for the variable")
            return
        if name in vocabulary.TARGETS and kind not in (Kind.DOUBLE, None):
            self._error(statement.value.at, f"${name} takes a double, found {kind}", "use avg, max or min of it")
        if name == vocabulary.DEALLOCATION:
            self._option(statement.value, kind)
        self._kinds[name] = kind

    def _option(self, value: Expression, kind: Kind | None) -> None:
        allowed = ", ".join(vocabulary.DEALLOCATION_OPTIONS)
        known = not isinstance(value, Text) or value.value in vocabulary.DEALLOCATION_OPTIONS
        if kind not in (Kind.STRING, None) or not known:
            self._error(value.at, f"${vocabulary.DEALLOCATION} must be one of {allowed}")

    def _word(self, name: Name) -> str:
        """The name in Batch's spelling; another spelling of it is worth a warning."""
        word = vocabulary.canonical(name.symbol)
        if word != name.symbol and name.symbol not in self._kinds:
            self._warn(name.at, f"{name.symbol} is spelled {word} in Azure's documentation", f"write {word}")
        return word

    def _kind(self, expression: Expression) -> Kind | None:
        match expression:
            case Number():
                return Kind.DOUBLE
            case Text():
                return Kind.STRING
            case Name():
                return self._named(expression)
            case VectorLiteral():
                return self._list(expression.items)
            case Unary():
                return self._unary(expression)
            case Binary():
                return self._binary(expression)
            case Choice():
                return self._choice(expression)
            case Call():
                return self._call(expression)
            case Member():
                return self._member(expression)
            case Method():
                return self._method(expression)

    def _named(self, name: Name) -> Kind | None:
        word = self._word(name)
        if word in self._kinds:
            return self._kinds[word]
        word = vocabulary.ALIASES.get(word, word)
        if word in vocabulary.CONSTANTS:
            return Kind.INTERVAL
        if word in vocabulary.DEALLOCATION_OPTIONS or word == vocabulary.DEALLOCATION:
            return Kind.STRING
        if word in vocabulary.TARGETS or word in vocabulary.METRICS:
            if word in vocabulary.METRICS and word not in vocabulary.NODE_COUNTS:
                mend = f"take samples, as in avg(${word}.GetSample(5 * TimeInterval_Minute))"
                self._warn(name.at, f"${word} alone is its newest sample, however old", mend)
            return Kind.DOUBLE
        self._undefined(name.at, name.symbol, [*self._kinds, *_WORDS])
        return None

    def _undefined(self, at: Position, symbol: str, known: list[str]) -> None:
        close = difflib.get_close_matches(symbol, known, n=1)
        self._error(at, f"Undefined symbol: {symbol}", f"did you mean {close[0]}?" if close else "")

    def _unary(self, expression: Unary) -> Kind | None:
        kind = self._kind(expression.operand)
        if kind is None:
            return None
        operation = UNARY.get((expression.operator, kind))
        if operation is None:
            self._error(expression.at, f"Operator '{expression.operator}' does not take {kind}")
            return None
        return operation[0]

    def _binary(self, expression: Binary) -> Kind | None:
        spine = [expression]
        while isinstance(left := spine[-1].left, Binary):
            spine.append(left)
        kind = self._kind(left)
        for step in reversed(spine):
            kind = self._combined(step, kind, self._kind(step.right))
        return kind

    def _combined(self, step: Binary, left: Kind | None, right: Kind | None) -> Kind | None:
        if left is None or right is None:
            return None
        operation = BINARY.get((step.operator, left, right))
        if operation is None:
            mend = _OPERATOR_MENDS.get((step.operator, left, right), "")
            self._error(step.at, f"Operator '{step.operator}' does not take {left} and {right}", mend)
            return None
        return operation[0]

    def _choice(self, choice: Choice) -> Kind | None:
        self._expect(choice.condition, Kind.DOUBLE)
        yes, no = self._kind(choice.yes), self._kind(choice.no)
        if yes and no and yes is not no:
            self._warn(choice.at, f"The branches are {yes} and {no}", "give both the same type")
            return None
        return yes or no  # a branch without a kind is stop(), which never has a value, or was told already

    def _expect(self, expression: Expression, *kinds: Kind) -> Kind | None:
        kind = self._kind(expression)
        if kind is not None and kind not in kinds:
            mend = "use avg, max or min of it" if kind is Kind.VECTOR and Kind.DOUBLE in kinds else ""
            self._error(expression.at, f"Expected {' or '.join(kinds)}, found {kind}", mend)
        return kind

    def _list(self, items: tuple[Expression, ...]) -> Kind:
        for item in items:
            self._expect(item, Kind.DOUBLE, Kind.VECTOR)
        return Kind.VECTOR

    def _call(self, call: Call) -> Kind | None:
        if call.function in functions.REDUCTIONS:
            self._list(call.arguments)
            return Kind.DOUBLE
        if call.function in functions.COMPONENTWISE or call.function == "vec":
            kinds = [self._expect(argument, Kind.DOUBLE, Kind.VECTOR) for argument in call.arguments]
            return Kind.DOUBLE if kinds == [Kind.DOUBLE] and call.function != "vec" else Kind.VECTOR
        signature = functions.FIXED.get(call.function)
        if signature is None:
            for argument in call.arguments:
                self._kind(argument)
            self._undefined(call.at, call.function.removeprefix("$"), [*functions.names()])
            return None
        self._arguments(call, signature)
        return signature.result

    def _arguments(self, call: Call, signature: functions.Signature) -> None:
        count, most = len(call.arguments), len(signature.parameters)
        if not signature.required <= count <= most:
            wanted = f"{signature.required}" if signature.required == most else f"{signature.required} to {most}"
            self._error(call.at, f"{call.function} takes {wanted} arguments, found {count}")
        for argument, kind in zip(call.arguments, signature.parameters, strict=False):
            self._expect(argument, kind)
            if call.function == "time" and isinstance(argument, Text):
                self._date(argument)

    def _date(self, text: Text) -> None:
        try:
            timestamp(text.value)
        except ValueError:
            mend = "write it as 2026-01-31T08:00:00Z, with at most seven digits after the second"
            self._error(text.at, f"{text.value!r} is neither W3C-DTF nor RFC 1123", mend)

    def _member(self, member: Member) -> Kind | None:
        kind = self._kind(member.of)
        if kind not in (Kind.TIMESTAMP, None) or member.name not in MEMBERS:
            close = difflib.get_close_matches(member.name, MEMBERS, n=1)
            mend = f"did you mean {close[0]}?" if close else f"a timestamp has {', '.join(MEMBERS)}"
            self._error(member.at, f"{kind or 'timestamp'} has no member {member.name}", mend)
        return Kind.DOUBLE

    def _method(self, method: Method) -> Kind | None:
        kinds = [self._kind(argument) for argument in method.arguments]
        word = self._word(method.of) if isinstance(method.of, Name) else ""
        if vocabulary.ALIASES.get(word, word) not in vocabulary.METRICS:
            self._error(method.at, f"Only Batch's metrics have the method {method.name}")
            return METHODS.get(method.name)
        if method.name not in METHODS:
            self._undefined(method.at, method.name, [*METHODS])
            return None
        self._method_arguments(method, kinds)
        return METHODS[method.name]

    def _method_arguments(self, method: Method, kinds: list[Kind | None]) -> None:
        if None in kinds:
            return
        if not _takes(method.name, kinds):
            given = ", ".join(str(kind) for kind in kinds)
            self._error(
                method.at, f"There is no {method.name}({given})", _METHOD_MENDS.get(method.name, "give nothing")
            )
        elif method.name == "GetSample" and method.arguments == (Number(method.arguments[0].at, 1.0),):
            mend = "use it beside samples of a time frame"
            self._warn(method.at, "GetSample(1) is the newest sample, however old", mend)


_WORDS = [
    *vocabulary.TARGETS,
    *vocabulary.METRICS,
    *vocabulary.CONSTANTS,
    *vocabulary.DEALLOCATION_OPTIONS,
    vocabulary.DEALLOCATION,
]
_OPERATOR_MENDS = {
    ("-", Kind.TIMESTAMP, Kind.INTERVAL): "add the negative interval: time + (-1 * interval)",
    ("+", Kind.DOUBLE, Kind.VECTOR): "write the vector first",
    ("*", Kind.DOUBLE, Kind.VECTOR): "write the vector first",
}
_METHOD_MENDS = {
    "GetSample": "give a count, or a start and an end, and then a percentage",
    "GetSamplePercent": "give a start, and an end",
}


def _takes(method: str, kinds: list[Kind | None]) -> bool:
    spans = [kind in _SPANS for kind in kinds]
    match method:
        case "GetSample":
            has_percent = len(kinds) > 1 and kinds[-1] is Kind.DOUBLE
            frame = spans[:-1] if has_percent else spans
            return kinds == [Kind.DOUBLE] or (1 <= len(frame) <= 2 and all(frame))
        case "GetSamplePercent":
            return 1 <= len(spans) <= 2 and all(spans)
    return not kinds


def errors(findings: list[Finding]) -> Iterator[Finding]:
    """Those for which the service would refuse the formula or its run."""
    return (finding for finding in findings if finding.severity is Severity.ERROR)
