"""The typed form of the tables: operations, their parameters, and schemas with their properties."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Constraints", "Kind", "Operation", "Parameter", "Problem", "Property", "Schema", "Type"]

Type = Literal["object", "array", "string", "integer", "number", "boolean", "any"]
Kind = Literal["unknown", "type", "required", "enum", "pattern", "length", "range", "readonly"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a body.

    ``path`` is dotted, as in ``properties.userAccounts[0].name``, and empty for the body itself; ``reason`` is a
    sentence for developers, which each plane words in its own way; ``schema`` names the type that was broken. ``value``
    is what was found (None for ``required``); it may be a secret and stays out of ``repr``.
    """

    path: str
    reason: str
    kind: Kind
    schema: str
    value: object = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a value must be; lengths count characters, or the items of an array."""

    format: str | None = None
    enum: tuple[str, ...] = ()
    open: bool = False
    """Whether the API may learn further enum values without a new version (``modelAsString``)."""
    pattern: re.Pattern[str] | None = None
    min_length: int | None = None
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    default: object = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A path, query or header parameter of an operation; ``place`` is Swagger's ``in``."""

    name: str
    place: Literal["path", "query", "header"]
    type: Type
    required: bool
    constraints: Constraints


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of an API, as an api-version has it.

    ``body`` and the values of ``responses`` (by status) name schemas of the version's table; ``long_running`` tells
    where the final state is found (``location``, ``azure-async-operation``), None for a synchronous operation.
    """

    id: str
    method: str
    path: str
    body: str | None = None
    body_required: bool = False
    responses: dict[int, str | None] = field(default_factory=dict)
    long_running: str | None = None
    pageable: bool = False


@dataclass(slots=True, eq=False)
class Property:
    """A property of an object, as an api-version spells it.

    ``canonical`` is the name that the table's own version has for it; it differs from ``name`` where an older
    version called it otherwise. ``mutability`` is empty for a property without restriction.
    """

    name: str
    canonical: str
    schema: Schema
    required: bool = False
    read_only: bool = False
    secret: bool = False
    mutability: frozenset[str] = frozenset()
    always: object = None
    """What answers of the version show whatever is stored, None for nothing such."""
    cased: Callable[[str], str] | None = None
    """What makes the words that answers of the version show, None where they are today's."""

    @property
    def create_only(self) -> bool:
        """Whether a value given at creation can never be changed."""
        return "create" in self.mutability and "update" not in self.mutability


@dataclass(slots=True, eq=False)
class Schema:
    """A type of an api-version. Schemas may refer to each other in circles, so they are compared by identity.

    ``additional`` is the schema of values under names of the caller's choice, None where there are none such.
    """

    name: str
    type: Type = "any"
    constraints: Constraints = field(default_factory=Constraints)
    properties: dict[str, Property] = field(default_factory=dict)
    items: Schema | None = None
    additional: Schema | None = None
    folded: dict[str, Property] = field(default_factory=dict)
    """``properties`` by lower-cased name."""
    shown: dict[str, Property] = field(default_factory=dict)
    """``properties`` by canonical name."""
    left_out: dict[str, Any] = field(default_factory=dict)
    """What a request of the version asks for that leaves a property out, by canonical name."""

    @property
    def free_form(self) -> bool:
        """Whether an object of this schema may hold anything."""
        return not self.properties and self.additional is None

    def find(self, name: str, *, fold: bool) -> Property | None:
        """The property called ``name``, with ``fold`` in any case."""
        return self.properties.get(name) or (self.folded.get(name.lower()) if fold else None)
