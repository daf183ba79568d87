"""Loads the generated tables: a file when its version is first asked for, a schema when it is first named."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import orjson

from batchlocal.specs.building import SchemaBuilder, build_operation, build_parameters
from batchlocal.specs.model import Operation, Parameter, Schema
from batchlocal.specs.versions import SERVED_BY, differences

__all__ = ["Table", "UnknownApiVersion", "every_operation", "known_versions", "operations", "table_for"]

_TABLES = Path(__file__).with_name("tables")


class UnknownApiVersion(LookupError):
    """No such api-version, or no such namespace."""


class Table:
    """The operations and schemas of one api-version.

    ``newer`` tells that the version came after the description that serves it, so that it may have properties and enum
    values that are not known here. ``fold`` tells whether property names are compared without case, as ARM does; the
    Batch service compares them exactly.
    """

    def __init__(self, namespace: str, api_version: str, served_by: str) -> None:
        self.namespace = namespace
        self.api_version = api_version
        self.newer = api_version > served_by
        self.fold = namespace != "service"
        self._raw = _load(namespace, served_by)
        self._older = differences(namespace, api_version)
        self._schemas: dict[str, Schema] = {}
        self._building = Lock()

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """All operations of the version, in the description's order, those that newer versions dropped last."""
        missing = {name for difference in self._older for name in difference.operations}
        statuses = {name: status for difference in self._older for name, status in difference.statuses.items()}
        present = [raw for raw in self._raw["operations"] if raw["id"] not in missing]
        return tuple(build_operation(raw, statuses) for raw in (*present, *self._retired))

    def operation(self, operation_id: str) -> Operation:
        """One operation; raises KeyError for one that the version does not have."""
        return self._by_id[operation_id]

    def parameters(self, operation_id: str) -> tuple[Parameter, ...]:
        """The path, query and header parameters of an operation; raises KeyError for one that is not described."""
        described = {raw["id"]: raw for raw in (*self._raw["operations"], *self._retired)}
        return build_parameters(described[operation_id])

    def schema(self, name: str) -> Schema:
        """A schema by its name; raises KeyError for a name that the version does not have."""
        found = self._schemas.get(name)
        if found is None:
            with self._building:  # others see schemas only when they are whole
                builder = SchemaBuilder(self._raw["schemas"], self._older, self._schemas)
                found = builder.named(name)
                self._schemas.update(builder.made)
        return found

    @cached_property
    def _retired(self) -> tuple[Mapping[str, Any], ...]:
        """The operations that newer versions dropped."""
        return tuple(raw for difference in self._older for raw in difference.retired_operations)

    @cached_property
    def _by_id(self) -> dict[str, Operation]:
        return {operation.id: operation for operation in self.operations}


def known_versions(namespace: str) -> tuple[str, ...]:
    """The api-versions that are answered, newest first; raises UnknownApiVersion for an unknown namespace."""
    return tuple(_served_by(namespace))


@cache
def table_for(namespace: str, api_version: str) -> Table:
    """The table of ``Microsoft.Batch``, ``Microsoft.Storage`` or ``service`` in one api-version.

    Raises:
        UnknownApiVersion: the caller answers with its plane's own error.
    """
    served_by = _served_by(namespace).get(api_version)
    if served_by is None:
        raise UnknownApiVersion(f"{namespace} has no api-version {api_version}")
    return Table(namespace, api_version, served_by)


def operations(namespace: str, api_version: str) -> tuple[Operation, ...]:
    """The operations of an api-version; raises UnknownApiVersion."""
    return table_for(namespace, api_version).operations


def every_operation(namespace: str) -> tuple[Operation, ...]:
    """The operations of all api-versions, each as the newest that has it; raises UnknownApiVersion.

    What the descriptions themselves have, and after it what only versions without a description of their own had.
    """
    described = reversed(dict.fromkeys(_served_by(namespace).values()))
    found = {raw["id"]: raw for version in described for raw in _load(namespace, version)["operations"]}
    for raw in (raw for difference in differences(namespace, "") for raw in difference.retired_operations):
        found.setdefault(raw["id"], raw)
    return tuple(build_operation(raw, {}) for raw in found.values())


def _served_by(namespace: str) -> Mapping[str, str]:
    if namespace not in SERVED_BY:
        raise UnknownApiVersion(f"no tables of the namespace {namespace}")
    return SERVED_BY[namespace]


@cache
def _load(namespace: str, api_version: str) -> Any:
    return orjson.loads((_TABLES / f"{namespace}.{api_version}.json").read_bytes())
