"""The predefined functions.

Source: article batch-automatic-scaling, Functions (ceil, floor and round since its 2022 revision).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from batchmgmt.autoscale.operations import divided
from batchmgmt.autoscale.values import Kind

__all__ = ["COMPONENTWISE", "FIXED", "REDUCTIONS", "Component", "Signature", "flattened", "names"]

Component = Callable[[float], float]
"""What is done to each component alone."""


def _average(items: tuple[float, ...]) -> float:
    return divided(math.fsum(items), len(items))


def _least(items: tuple[float, ...]) -> float:
    return min(_some(items))


def _greatest(items: tuple[float, ...]) -> float:
    return max(_some(items))


def _some(items: tuple[float, ...]) -> tuple[float, ...]:
    if not items:
        raise ValueError("there is no value to choose from")
    return items


def _deviation(items: tuple[float, ...]) -> float:
    return statistics.stdev(items) if len(items) > 1 and all(map(math.isfinite, items)) else math.nan


REDUCTIONS: Final[dict[str, Callable[[tuple[float, ...]], float]]] = {
    "avg": _average,
    "len": lambda items: float(len(items)),
    "max": _greatest,
    "min": _least,
    "norm": lambda items: math.hypot(*items),
    "range": lambda items: _greatest(items) - _least(items),
    "std": _deviation,
    "sum": math.fsum,
}
"""A list of doubles and vectors in, one double out."""


def _logarithm(of: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: of(value) if value > 0 else (-math.inf if value == 0 else math.nan)


def _whole(of: Callable[[float], int]) -> Callable[[float], float]:
    return lambda value: float(of(value)) if math.isfinite(value) else value


COMPONENTWISE: Final[dict[str, Component]] = {
    "lg": _logarithm(math.log2),
    "ln": _logarithm(math.log),
    "log": _logarithm(math.log10),
    "ceil": _whole(math.ceil),
    "floor": _whole(math.floor),
    "round": _whole(round),
}
"""One double in, one out; a list in, a vector out."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Parameters in order, how many of them must be given, and the result (None: no value)."""

    parameters: tuple[Kind, ...]
    required: int
    result: Kind | None


FIXED: Final = {
    "percentile": Signature((Kind.VECTOR, Kind.DOUBLE), 2, Kind.DOUBLE),
    "val": Signature((Kind.VECTOR, Kind.DOUBLE), 2, Kind.DOUBLE),
    "rand": Signature((), 0, Kind.DOUBLE),
    "stop": Signature((), 0, None),
    "time": Signature((Kind.STRING,), 0, Kind.TIMESTAMP),
}
"""Functions with parameters of their own; ``vec`` makes a vector of a list."""


def names() -> tuple[str, ...]:
    """Every function."""
    return (*REDUCTIONS, *COMPONENTWISE, *FIXED, "vec")


def flattened(items: tuple[float | tuple[float, ...], ...]) -> tuple[float, ...]:
    """A doubleVecList as the one vector that functions see."""
    return tuple(value for item in items for value in (item if isinstance(item, tuple) else (item,)))
