"""Says what is wrong with a JSON body, as its schema in an api-version has it."""

from __future__ import annotations

from typing import Any, Literal

from batchlocal.specs import scalars
from batchlocal.specs.model import Problem, Property, Schema
from batchlocal.specs.tables import Table

__all__ = ["check"]

Where = Literal["request", "response"]

ANNOTATION = "odata."
"""OData's own names (``odata.metadata``), which no schema lists."""


def check(table: Table, schema_name: str, value: object, *, where: Where = "request") -> list[Problem]:
    """The problems of ``value``, in the order of the body; empty for a good one.

    Lenient where the services are: numbers and booleans may be strings, enum values come in any case, null counts as
    left out. ARM ignores read-only properties, which callers send back with what a GET gave them; the Batch service,
    whose request types do not have them, gets a ``readonly`` problem. In a ``response`` read-only properties belong.

    Raises:
        KeyError: the version has no such schema.
    """
    checking = _Checking(table, where)
    checking.value(table.schema(schema_name), value, "")
    return checking.problems


class _Checking:
    def __init__(self, table: Table, where: Where) -> None:
        self._fold = table.fold
        self._newer = table.newer
        self._request = where == "request"
        self.problems: list[Problem] = []

    def value(self, schema: Schema, value: object, path: str) -> None:
        kind = schema.type
        if kind == "object":
            if isinstance(value, dict):
                self._object(schema, value, path)
            elif not schema.free_form:  # a free-form object may come as a string of JSON (VMExtension.settings)
                self._add(path, "must be an object", "type", schema, value)
        elif kind == "array":
            if isinstance(value, list):
                self._array(schema, value, path)
            else:
                self._add(path, "must be an array", "type", schema, value)
        elif kind != "any":
            self._scalar(schema, value, path)

    def _object(self, schema: Schema, value: dict[str, Any], path: str) -> None:
        if schema.free_form:
            return
        prefix = f"{path}." if path else ""
        given = set()
        for name, inner in value.items():
            known = schema.find(name, fold=self._fold)
            if known is None:
                self._unnamed(schema, name, inner, prefix + name)
            elif inner is not None:
                given.add(known.name)
                self._property(schema, known, inner, prefix + known.name)
        for known in schema.properties.values():
            if known.required and known.name not in given and not (known.read_only and self._request):
                self._add(prefix + known.name, "is required", "required", schema, None)

    def _property(self, owner: Schema, known: Property, value: object, path: str) -> None:
        if not (known.read_only and self._request):
            self.value(known.schema, value, path)
        elif not self._fold:
            self._add(path, "is read-only", "readonly", owner, value)

    def _unnamed(self, schema: Schema, name: str, value: object, path: str) -> None:
        if schema.additional is not None:
            if value is not None:
                self.value(schema.additional, value, path)
        elif not self._newer and not name.startswith(ANNOTATION):
            self._add(path, f"is no property of {schema.name}", "unknown", schema, value)

    def _array(self, schema: Schema, value: list[Any], path: str) -> None:
        limits = schema.constraints
        if limits.max_length is not None and len(value) > limits.max_length:
            self._add(path, f"must have at most {limits.max_length} items", "length", schema, value)
        if limits.min_length is not None and len(value) < limits.min_length:
            self._add(path, f"must have at least {limits.min_length} items", "length", schema, value)
        if schema.items is not None:
            for at, item in enumerate(value):
                self.value(schema.items, item, f"{path}[{at}]")

    def _scalar(self, schema: Schema, value: object, path: str) -> None:
        try:
            found = scalars.fault(schema.constraints, scalars.read(schema.type, value), newer=self._newer)
        except scalars.NotOfType:
            article = "an" if schema.type == "integer" else "a"
            found = ("type", f"must be {article} {schema.type}")
        if found is not None:
            self._add(path, found[1], found[0], schema, value)

    def _add(self, path: str, reason: str, kind: Any, schema: Schema, value: object) -> None:
        sentence = f"'{path}' {reason}." if path else f"The body {reason}."
        self.problems.append(Problem(path, sentence, kind, schema.name, value))
