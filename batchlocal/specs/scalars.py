"""Reads scalar values as the services do: a number or a boolean may come as a JSON string (az sends them so)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import inf

from batchlocal.specs.model import Constraints, Kind, Type

__all__ = ["NotOfType", "canonical", "fault", "read"]

_INT32 = (-(2**31), 2**31 - 1)
_INT64 = (-(2**63), 2**63 - 1)
_FORMATS: Mapping[str | None, tuple[re.Pattern[str], str]] = {
    "date-time": (
        re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:?\d{2})?"),
        "is no ISO 8601 date and time, such as 2030-01-31T12:00:00Z",
    ),
    "duration": (
        re.compile(r"-?P(?=\d|T\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?"),
        "is no ISO 8601 duration, such as PT1H30M",
    ),
}


class NotOfType(ValueError):
    """The value cannot be read as the type asked for."""


def read(kind: Type, value: object) -> object:
    """``value`` as Python's type of ``kind``; raises NotOfType."""
    if kind == "string":
        if isinstance(value, str):
            return value
    elif kind == "boolean":
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
    elif kind == "integer":
        return _integer(value)
    elif kind == "number":
        return _number(value)
    else:
        return value
    raise NotOfType


def canonical(constraints: Constraints, value: object) -> object:
    """An enum value in the description's own case; every other value as it is."""
    if constraints.enum and isinstance(value, str) and value not in constraints.enum:
        lowered = value.lower()
        return next((known for known in constraints.enum if known.lower() == lowered), value)
    return value


def fault(constraints: Constraints, value: object, *, newer: bool) -> tuple[Kind, str] | None:
    """What is wrong with a value of the right type: the kind and the rest of a sentence; None for a good value."""
    if isinstance(value, str):
        return _string_fault(constraints, value, newer=newer)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    low, high = _limits(constraints, value)
    if value < low:
        return "range", f"must be at least {low}"
    if value > high:
        return "range", f"must be at most {high}"
    return None


def _limits(constraints: Constraints, value: int | float) -> tuple[float, float]:
    """The description's own limits, else those of the format's width."""
    low, high = (_INT32 if constraints.format == "int32" else _INT64) if isinstance(value, int) else (-inf, inf)
    return (
        low if constraints.minimum is None else constraints.minimum,
        high if constraints.maximum is None else constraints.maximum,
    )


def _string_fault(constraints: Constraints, value: str, *, newer: bool) -> tuple[Kind, str] | None:
    if constraints.enum:
        if canonical(constraints, value) in constraints.enum or (newer and constraints.open):
            return None
        letters = constraints.open and all(len(known) == 1 for known in constraints.enum)
        if letters and value and set(value) <= set(constraints.enum):
            return None  # a shared access signature's services, permissions, ...: any of them together
        return "enum", f"must be one of {', '.join(constraints.enum)}"
    if constraints.min_length is not None and len(value) < constraints.min_length:
        return "length", f"must have at least {constraints.min_length} characters"
    if constraints.max_length is not None and len(value) > constraints.max_length:
        return "length", f"must have at most {constraints.max_length} characters"
    if constraints.pattern is not None and not constraints.pattern.search(value):
        return "pattern", f"must match {constraints.pattern.pattern}"
    form = _FORMATS.get(constraints.format)
    if form is not None and not form[0].fullmatch(value):
        return "type", form[1]
    return None


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,20}", value):
        return int(value)
    raise NotOfType


def _number(value: object) -> int | float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?", value):
        return float(value)
    raise NotOfType
