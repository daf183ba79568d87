"""Bodies drawn from the tables: one that an operation takes, and all those that are wrong in one place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from batchlocal import specs

__all__ = ["Broken", "broken", "sample", "with_read_only"]

_FORMATS = {"date-time": "2030-01-31T12:00:00Z", "duration": "PT1H", "uuid": "11111111-1111-1111-1111-111111111111"}
_WRONG = {"string": {}, "boolean": "perhaps", "integer": "many", "number": "many", "object": "text", "array": "text"}
_LONGEST = 5_000  # characters or items; longer limits are not tried


class Broken(NamedTuple):
    """A body, where it is wrong (dotted), and how: a kind of ``specs.Problem``."""

    body: Any
    where: str
    kind: str


def sample(schema: specs.Schema, above: tuple[specs.Schema, ...] = ()) -> Any:
    """The least value of a schema: what must be there, and nothing else."""
    limits = schema.constraints
    if schema.type == "object":
        if schema in above:
            return {}
        inner = (*above, schema)
        required = (one for one in schema.properties.values() if one.required and not one.read_only)
        return {one.name: sample(one.schema, inner) for one in required}
    if schema.type == "array":
        return [sample(schema.items, above)] * (limits.min_length or 0) if schema.items else []
    if schema.type == "boolean":
        return True
    if schema.type in ("integer", "number"):
        return int(limits.minimum or 1)
    if limits.enum:
        return limits.enum[0]
    return _FORMATS.get(limits.format or "", "a" * max(1, limits.min_length or 0))


def broken(schema: specs.Schema, above: tuple[specs.Schema, ...] = ()) -> Iterator[Broken]:
    """Values of a schema that are wrong in one place, every place and every way."""
    if schema.type == "any" or schema in above:
        return
    if not (schema.type == "object" and schema.free_form):
        yield Broken(_WRONG[schema.type], "", "type")
    if schema.type == "object":
        yield from _broken_objects(schema, (*above, schema))
    elif schema.type == "array":
        yield from _broken_arrays(schema, above)
    else:
        yield from _broken_scalars(schema.constraints, schema.type)


def _broken_objects(schema: specs.Schema, above: tuple[specs.Schema, ...]) -> Iterator[Broken]:
    good = sample(schema)
    if not schema.free_form and schema.additional is None:
        yield Broken({**good, "frobnicate": 1}, "frobnicate", "unknown")
    for name in good:
        yield Broken({key: value for key, value in good.items() if key != name}, name, "required")
    for one in schema.properties.values():
        if not one.read_only:
            for inner in broken(one.schema, above):
                yield Broken({**good, one.name: inner.body}, _below(one.name, inner.where), inner.kind)


def _broken_arrays(schema: specs.Schema, above: tuple[specs.Schema, ...]) -> Iterator[Broken]:
    if schema.items is None:
        return
    most = schema.constraints.max_length
    if most is not None and most < _LONGEST:
        yield Broken([sample(schema.items)] * (most + 1), "", "length")
    for inner in broken(schema.items, above):
        yield Broken([inner.body], _below("[0]", inner.where), inner.kind)


def _below(name: str, where: str) -> str:
    return f"{name}{where}" if where.startswith("[") or not where else f"{name}.{where}"


def _broken_scalars(limits: specs.Constraints, kind: specs.Type) -> Iterator[Broken]:
    if limits.enum:
        yield Broken("nonsense-9", "", "enum")
        return
    if kind == "string":
        if limits.max_length is not None and limits.max_length < _LONGEST:
            yield Broken("a" * (limits.max_length + 1), "", "length")
        if limits.min_length:
            yield Broken("a" * (limits.min_length - 1), "", "length")
        if limits.format in ("date-time", "duration"):
            yield Broken("soon", "", "type")
        return
    for limit, step in ((limits.minimum, -1), (limits.maximum, 1)):
        if limit is not None:
            yield Broken(int(limit) + step, "", "range")


def with_read_only(schema: specs.Schema) -> Any:
    """The least value, with everything in it that only the service sets: what a caller sends back after a GET."""
    value = sample(schema)
    for one in schema.properties.values():
        if one.read_only:
            value[one.name] = sample(one.schema)
        elif one.schema.type == "object" and not one.schema.free_form:
            value[one.name] = with_read_only(one.schema)
    return value
