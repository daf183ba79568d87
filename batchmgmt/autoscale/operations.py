"""Which operators take which types, and what comes out.

Source: article batch-automatic-scaling, Operations: a combination that its table lacks is refused.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, Final

from batchmgmt.autoscale.values import Interval, Kind, Timestamp

__all__ = ["BINARY", "UNARY", "divided"]

_DOUBLE, _VECTOR, _STRING, _TIMESTAMP, _INTERVAL = Kind


def divided(left: float, right: float) -> float:
    """IEEE division: by zero it gives an infinity or not-a-number, never an exception."""
    if right:
        return left / right
    return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1.0, right)


_ARITHMETIC: Final[dict[str, Callable[[float, float], float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": divided,
}
_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
    "!=": operator.ne,
}
_LOGIC: Final[dict[str, Callable[[float, float], bool]]] = {
    "&&": lambda left, right: bool(left) and bool(right),
    "||": lambda left, right: bool(left) or bool(right),
}

Operation = tuple[Kind, Callable[[Any, Any], Any]]


def _componentwise(apply: Callable[[float, float], float]) -> Callable[[Any, Any], tuple[float, ...]]:
    def over(left: tuple[float, ...], right: tuple[float, ...] | float) -> tuple[float, ...]:
        others = right if isinstance(right, tuple) else (right,) * len(left)
        if len(left) != len(others):
            raise ValueError(f"vectors of {len(left)} and {len(others)} elements cannot be combined")
        return tuple(apply(a, b) for a, b in zip(left, others, strict=True))

    return over


def _truth(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], float]:
    return lambda left, right: float(test(left, right))


def _scaled(interval: Interval, factor: float) -> Interval:
    if not math.isfinite(factor):
        raise ValueError("a timeinterval cannot be multiplied by a number that is not finite")
    return Interval(round(interval.ticks * factor))


BINARY: Final[dict[tuple[str, Kind, Kind], Operation]] = {
    **{(sign, _DOUBLE, _DOUBLE): (_DOUBLE, apply) for sign, apply in _ARITHMETIC.items()},
    **{(sign, _VECTOR, _DOUBLE): (_VECTOR, _componentwise(apply)) for sign, apply in _ARITHMETIC.items()},
    **{(sign, _VECTOR, _VECTOR): (_VECTOR, _componentwise(apply)) for sign, apply in _ARITHMETIC.items()},
    **{
        (sign, kind, kind): (_DOUBLE, _truth(test))
        for sign, test in _COMPARISONS.items()
        for kind in (_DOUBLE, _STRING, _TIMESTAMP, _INTERVAL)
    },
    **{(sign, _DOUBLE, _DOUBLE): (_DOUBLE, _truth(test)) for sign, test in _LOGIC.items()},
    ("*", _DOUBLE, _INTERVAL): (_INTERVAL, lambda factor, interval: _scaled(interval, factor)),
    ("*", _INTERVAL, _DOUBLE): (_INTERVAL, _scaled),
    ("/", _INTERVAL, _DOUBLE): (_INTERVAL, lambda interval, factor: _scaled(interval, divided(1.0, factor))),
    ("+", _INTERVAL, _INTERVAL): (_INTERVAL, lambda left, right: Interval(left.ticks + right.ticks)),
    ("-", _INTERVAL, _INTERVAL): (_INTERVAL, lambda left, right: Interval(left.ticks - right.ticks)),
    ("+", _INTERVAL, _TIMESTAMP): (_TIMESTAMP, lambda left, right: Timestamp(left.ticks + right.ticks)),
    ("+", _TIMESTAMP, _INTERVAL): (_TIMESTAMP, lambda left, right: Timestamp(left.ticks + right.ticks)),
    ("-", _TIMESTAMP, _TIMESTAMP): (_INTERVAL, lambda left, right: Interval(left.ticks - right.ticks)),
}
"""(operator, left, right) to (result, what computes it)."""

UNARY: Final[dict[tuple[str, Kind], tuple[Kind, Callable[[Any], Any]]]] = {
    ("-", _DOUBLE): (_DOUBLE, operator.neg),
    ("!", _DOUBLE): (_DOUBLE, lambda value: float(not value)),
    ("-", _INTERVAL): (_INTERVAL, lambda value: Interval(-value.ticks)),
}
"""(operator, operand) to (result, what computes it)."""
