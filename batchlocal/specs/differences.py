"""How an older api-version differs from the table that serves it: the form in which that is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["PUBLIC_IPS", "TEXT", "Difference"]

TEXT: Mapping[str, Any] = {"type": "string"}
PUBLIC_IPS: Mapping[str, Any] = {"publicIPs": {"type": "array", "items": TEXT}}
"""What both planes had before ``publicIPAddressConfiguration``."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What became different in api-version ``since``; versions before it are as told here.

    ``absent``: properties that were not there yet, by schema. ``renamed``: by schema, today's name to the name before.
    ``retired``: by schema, properties that were there only before, in the tables' notation; ``retired_operations``:
    operations of that kind. ``operations``: those not there yet. ``statuses``: operations that answered another success
    status. ``values``: what answers show whatever is stored, by schema and today's name. ``cased``: by schema and
    today's name, what made answers' words of today's. ``defaults``: by schema and today's name, what a request asked
    for that left the property out.
    """

    since: str
    absent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    renamed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    retired: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    retired_operations: tuple[Mapping[str, Any], ...] = ()
    operations: tuple[str, ...] = ()
    statuses: Mapping[str, int] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cased: Mapping[str, Mapping[str, Callable[[str], str]]] = field(default_factory=dict)
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
