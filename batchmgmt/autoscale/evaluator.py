"""What a formula says: targets and variables, or why it says nothing.

Sources: article batch-automatic-scaling; recorded runs of evaluateautoscale and enableautoscale; the REST reference's
page Evaluate an automatic scaling formula.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Final

from batchmgmt.autoscale import functions, vocabulary
from batchmgmt.autoscale.errors import EvaluationError, FormulaError, InsufficientData, Position
from batchmgmt.autoscale.operations import BINARY, UNARY
from batchmgmt.autoscale.samples import PERIOD, Frame, Situation
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
from batchmgmt.autoscale.values import Interval, Kind, Timestamp, Value, kind_of, spelled, timestamp
from batchmgmt.autoscale.vocabulary import DEALLOCATION, DEDICATED, LOW_PRIORITY

__all__ = ["Run", "evaluate"]

DEFAULT_PERCENT: Final = 10.0
"""Samples that a time frame must have when the formula asks for no percentage: the REST reference's page shows
"wanted 10%" for a formula that gives none."""

MEMBERS: Final = {
    "year": lambda moment: moment.year,
    "month": lambda moment: moment.month,
    "day": lambda moment: moment.day,
    "weekday": lambda moment: moment.isoweekday() % 7,
    "hour": lambda moment: moment.hour,
    "minute": lambda moment: moment.minute,
    "second": lambda moment: moment.second,
}
"""Members of a timestamp. Monday is 1 (the article); Sunday is 0, as in .NET, which the article leaves open."""


@dataclass(frozen=True, slots=True)
class Run:
    """The outcome of an evaluation.

    Attributes:
        dedicated, low_priority: targets; those that the pool had, where ``error`` is set.
        deallocation_option: what happens to tasks of nodes that go.
        variables: the formula's own variables, by name without the dollar sign.
        error: why there is no result.
    """

    dedicated: int
    low_priority: int
    deallocation_option: str
    variables: dict[str, Value]
    error: FormulaError | None = None

    def results(self, *, aliases: bool = False) -> str:
        """``$TargetDedicatedNodes=2;...``: targets, option, then the formula's variables by name.

        ``aliases`` gives the form of API versions before 2017-05-01.5.0, which know no low-priority nodes (recorded
        at 2016-07-01.3.1).
        """
        targets = [("TargetDedicated" if aliases else DEDICATED, str(self.dedicated))]
        if not aliases:
            targets.append((LOW_PRIORITY, str(self.low_priority)))
        named = sorted(self.variables.items(), key=lambda item: item[0].lower())
        pairs = [*targets, (DEALLOCATION, self.deallocation_option), *((name, spelled(value)) for name, value in named)]
        return ";".join(f"${name}={value}" for name, value in pairs)


def evaluate(formula: Formula | str, situation: Situation) -> Run:
    """Run a formula once.

    Raises:
        SyntaxProblem, TooLong: the text is no formula. What goes wrong later is the run's ``error``.
    """
    read = formula if isinstance(formula, Formula) else parse(formula)
    evaluation = _Evaluation(situation)
    try:
        evaluation.run(read)
        return evaluation.outcome()
    except FormulaError as error:
        return Run(situation.dedicated, situation.low_priority, "requeue", {}, error)


class _Stopped(Exception):
    """The formula called ``stop()``."""


class _Evaluation:
    """One pass over the statements, with the variables that they set."""

    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self._variables: dict[str, Value] = {}
        self._places: dict[str, Position] = {}

    def run(self, formula: Formula) -> None:
        try:
            for statement in formula.statements:
                self._execute(statement)
        except _Stopped:
            return

    def outcome(self) -> Run:
        """The targets that the variables say, checked.

        Raises:
            EvaluationError: a target is no whole number from 0, or the option is none of Batch's four.
        """
        option = self._variables.get(DEALLOCATION, "requeue")
        if option not in vocabulary.DEALLOCATION_OPTIONS:
            allowed = ", ".join(vocabulary.DEALLOCATION_OPTIONS)
            raise EvaluationError(self._places[DEALLOCATION], f"${DEALLOCATION} must be one of {allowed}")
        reserved = {DEALLOCATION, *vocabulary.TARGETS, *vocabulary.ALIASES}
        own = {name: value for name, value in self._variables.items() if name not in reserved}
        dedicated = self._target(DEDICATED, self._situation.dedicated)
        return Run(dedicated, self._target(LOW_PRIORITY, self._situation.low_priority), str(option), own)

    def _target(self, name: str, present: int) -> int:
        alias = next(short for short, full in vocabulary.ALIASES.items() if full == name)
        used = next((word for word in (name, alias) if word in self._variables), None)
        if used is None:
            return present
        value = self._variables[used]
        if not isinstance(value, float) or not math.isfinite(value) or value < 0:
            raise EvaluationError(
                self._places[used], f"${used} must be a number of nodes, at least 0; it is {spelled(value)}"
            )
        return int(value)

    def _execute(self, statement: Statement) -> None:
        value = self._value(statement.value)
        if statement.target is None:
            return
        name = vocabulary.canonical(statement.target.symbol)
        if name in vocabulary.METRICS or name in vocabulary.CONSTANTS or name in vocabulary.DEALLOCATION_OPTIONS:
            raise EvaluationError(statement.at, f"{statement.target.symbol} is read-only")
        self._variables[name] = value
        self._places[name] = statement.at

    def _value(self, expression: Expression) -> Value:
        match expression:
            case Number() | Text():
                return expression.value
            case Name():
                return self._named(expression)
            case VectorLiteral():
                return self._list(expression.items)
            case Unary():
                return self._unary(expression)
            case Binary():
                return self._binary(expression)
            case Choice():
                condition = self._of_kind(expression.condition, Kind.DOUBLE)
                return self._value(expression.yes if condition else expression.no)
            case Call():
                return self._call(expression)
            case Member():
                return self._member(expression)
            case Method():
                return self._method(expression)

    def _named(self, name: Name) -> Value:
        symbol = vocabulary.canonical(name.symbol)
        if symbol in self._variables:
            return self._variables[symbol]
        if symbol in vocabulary.CONSTANTS:
            return vocabulary.CONSTANTS[symbol]
        if symbol in vocabulary.DEALLOCATION_OPTIONS:
            return symbol
        symbol = vocabulary.ALIASES.get(symbol, symbol)
        if symbol in vocabulary.TARGETS:
            return self._variables.get(symbol, self._present_target(symbol))
        if symbol in vocabulary.METRICS:
            return self._newest(symbol, name.at)
        if symbol == DEALLOCATION:
            return "requeue"
        raise EvaluationError(name.at, f"Undefined symbol: {name.symbol}")

    def _present_target(self, symbol: str) -> float:
        return float(self._situation.dedicated if symbol == DEDICATED else self._situation.low_priority)

    def _newest(self, metric: str, at: Position) -> float:
        value = self._situation.newest(metric)
        if value is None:
            raise _insufficient(at, metric, 100.0, 0.0)
        return value

    def _unary(self, expression: Unary) -> Value:
        value = self._value(expression.operand)
        operation = UNARY.get((expression.operator, kind_of(value)))
        if operation is None:
            raise EvaluationError(expression.at, f"Operator '{expression.operator}' does not take {kind_of(value)}")
        result: Value = operation[1](value)
        return result

    def _binary(self, expression: Binary) -> Value:
        """From the leftmost operand on: a long sum is a deep tree to the left."""
        spine = [expression]
        while isinstance(left := spine[-1].left, Binary):
            spine.append(left)
        value = self._value(left)
        for step in reversed(spine):
            value = self._combined(step, value, self._value(step.right))
        return value

    def _combined(self, step: Binary, left: Value, right: Value) -> Value:
        operation = BINARY.get((step.operator, kind_of(left), kind_of(right)))
        if operation is None:
            raise EvaluationError(
                step.at, f"Operator '{step.operator}' does not take {kind_of(left)} and {kind_of(right)}"
            )
        try:
            result: Value = operation[1](left, right)
        except ValueError as error:
            raise EvaluationError(step.at, str(error)) from error
        return result

    def _list(self, items: tuple[Expression, ...]) -> tuple[float, ...]:
        values: list[float | tuple[float, ...]] = []
        for item in items:
            value = self._value(item)
            if not isinstance(value, float | tuple):
                raise EvaluationError(item.at, f"Expected double or doubleVec, found {kind_of(value)}")
            values.append(value)
        return functions.flattened(tuple(values))

    def _call(self, call: Call) -> Value:
        try:
            return self._applied(call)
        except (ValueError, OverflowError) as error:
            if isinstance(error, FormulaError):
                raise
            raise EvaluationError(call.at, f"{call.function}: {error}") from error

    def _applied(self, call: Call) -> Value:
        if reduction := functions.REDUCTIONS.get(call.function):
            return reduction(self._list(call.arguments))
        if function := functions.COMPONENTWISE.get(call.function):
            return self._componentwise(call, function)
        if call.function == "vec":
            return self._list(call.arguments)
        signature = functions.FIXED.get(call.function)
        if signature is None:
            raise EvaluationError(call.at, f"Undefined symbol: {call.function.removeprefix('$')}")
        if not signature.required <= len(call.arguments) <= len(signature.parameters):
            raise EvaluationError(call.at, f"{call.function} does not take {len(call.arguments)} arguments")
        pairs = zip(call.arguments, signature.parameters, strict=False)
        arguments = [self._of_kind(argument, kind) for argument, kind in pairs]
        result: Value = getattr(self, f"_{call.function}")(*arguments)
        return result

    def _componentwise(self, call: Call, function: functions.Component) -> Value:
        values = tuple(self._value(argument) for argument in call.arguments)
        if len(values) == 1 and isinstance(values[0], float):
            return function(values[0])
        return tuple(function(value) for value in self._list(call.arguments))

    def _of_kind(self, expression: Expression, kind: Kind) -> Value:
        value = self._value(expression)
        if kind_of(value) is not kind:
            raise EvaluationError(expression.at, f"Expected {kind}, found {kind_of(value)}")
        return value

    def _percentile(self, vector: tuple[float, ...], percent: float) -> float:
        """The nearest rank: an element of the vector, as the article says."""
        if not 0 <= percent <= 100:
            raise ValueError("a percentile is from 0 to 100")
        rank = max(1, math.ceil(percent / 100 * len(vector)))
        return sorted(vector)[rank - 1]

    def _val(self, vector: tuple[float, ...], index: float) -> float:
        if not 0 <= index < len(vector):
            raise ValueError(f"the vector has {len(vector)} elements, none at {spelled(index)}")
        return vector[int(index)]

    def _rand(self) -> float:
        return random.random()  # noqa: S311 - the language's rand()

    def _stop(self) -> float:
        raise _Stopped

    def _time(self, text: str = "") -> Timestamp:
        return timestamp(text) if text else self._situation.now

    def _member(self, member: Member) -> Value:
        value = self._value(member.of)
        read = MEMBERS.get(member.name)
        if not isinstance(value, Timestamp) or read is None:
            raise EvaluationError(member.at, f"{kind_of(value)} has no member {member.name}")
        return float(read(value.moment))

    def _method(self, method: Method) -> Value:
        metric = vocabulary.canonical(method.of.symbol) if isinstance(method.of, Name) else ""
        metric = vocabulary.ALIASES.get(metric, metric)
        if metric not in vocabulary.METRICS or not isinstance(method.of, Name):
            raise EvaluationError(method.at, f"Only Batch's metrics have the method {method.name}")
        samples = self._situation.samples(metric)
        arguments = [self._value(argument) for argument in method.arguments]
        match method.name, arguments:
            case "GetSample", [float() as count]:
                return tuple(sample.value for sample in samples[-int(count) :]) if count >= 1 else ()
            case "GetSample", [Timestamp() | Interval(), *_]:
                return self._sampled(method.of.at, metric, *self._framed(method, arguments))
            case "GetSamplePercent", [Timestamp() | Interval()] | [Timestamp() | Interval(), Timestamp() | Interval()]:
                return self._framed(method, arguments)[0].percent(samples)
            case "GetSamplePeriod", []:
                return PERIOD
            case "Count", []:
                return float(len(samples))
            case "HistoryBeginTime", []:
                return samples[0].at if samples else self._situation.now
        given = ", ".join(kind_of(argument) for argument in arguments)
        raise EvaluationError(method.at, f"There is no {method.name}({given})")

    def _framed(self, method: Method, arguments: list[Value]) -> tuple[Frame, float]:
        match arguments:
            case [start]:
                end, percent = self._situation.now, DEFAULT_PERCENT
            case [start, float() as percent]:
                end = self._situation.now
            case [start, Timestamp() | Interval() as bound]:
                end, percent = self._moment(bound), DEFAULT_PERCENT
            case [start, Timestamp() | Interval() as bound, float() as percent]:
                end = self._moment(bound)
            case _:
                given = ", ".join(kind_of(argument) for argument in arguments)
                raise EvaluationError(method.at, f"There is no {method.name}({given})")
        return Frame.between(self._moment(start), end), percent

    def _moment(self, bound: Value) -> Timestamp:
        """An interval looks back from now."""
        if isinstance(bound, Interval):
            return Timestamp(self._situation.now.ticks - bound.ticks)
        assert isinstance(bound, Timestamp)
        return bound

    def _sampled(self, at: Position, metric: str, frame: Frame, wanted: float) -> tuple[float, ...]:
        samples = self._situation.samples(metric)
        received = frame.percent(samples)
        if received < wanted:
            raise _insufficient(at, metric, wanted, received)
        return frame.taken(samples)


def _insufficient(at: Position, metric: str, wanted: float, received: float) -> InsufficientData:
    reason = f"Insufficient data from data set: ${metric} wanted {wanted:.0f}%, received {received:.0f}%"
    return InsufficientData(at, reason, f"ask ${metric}.GetSamplePercent first, or take fewer samples")
