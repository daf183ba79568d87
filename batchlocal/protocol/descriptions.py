"""What both planes take from the API descriptions: which operations a version has, bodies checked and cleaned."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from batchlocal import specs
from batchlocal.protocol.routing import Routed

__all__ = ["BodyRefused", "checked", "most_results", "offers", "selectable", "shown", "success"]


class BodyRefused(Exception):
    """A body is not what its operation takes; ``problem`` is the first thing found, by path, reason and kind."""

    def __init__(self, problem: specs.Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


@lru_cache(maxsize=64)
def _operations(namespace: str, api_version: str) -> dict[str, specs.Operation]:
    return {operation.id: operation for operation in specs.operations(namespace, api_version)}


def offers(namespace: str, api_version: str, operation_id: str) -> bool:
    """Whether an api-version has a described operation."""
    return operation_id in _operations(namespace, api_version)


def checked(
    namespace: str, operation: Routed, api_version: str, body: Any, given_back: Collection[str] = frozenset()
) -> Any:
    """A body in canonical spelling, read-only properties dropped; as it came where nothing describes it.

    ``given_back`` are names, in lower case, that callers may send at the top whether the operation takes them or not.

    Raises:
        BodyRefused: a property is unknown, of the wrong type, missing or out of bounds.
    """
    described = _operations(namespace, api_version).get(operation.id)
    if described is None or (body is None and not described.body_required):
        return body
    if described.body is None:
        return None  # HTTP lets any request have a body; what takes none does not look at it
    table = specs.table_for(namespace, api_version)
    if isinstance(body, dict) and given_back:
        known = table.schema(described.body).folded
        body = {name: value for name, value in body.items() if name.lower() in known or name.lower() not in given_back}
        if answer := described.responses.get(HTTPStatus.OK):
            body = _without_shown(table.schema(answer), table.schema(described.body), body)
    problems = specs.check(table, described.body, body)
    if problems:
        raise BodyRefused(problems[0])
    return specs.clean(table, described.body, body, nulls=True)


def _without_shown(shown: specs.Schema, taken: specs.Schema, value: Any) -> Any:
    """A body less what the operation shows and does not take: ``az resource tag`` puts a resource as it got it."""
    if isinstance(value, list) and shown.items is not None and taken.items is not None:
        above, below = shown.items, taken.items
        return [_without_shown(above, below, item) for item in value]
    if not isinstance(value, dict) or taken.free_form or shown is taken:
        return value
    kept = {}
    for name, inner in value.items():
        told, known = shown.folded.get(name.lower()), taken.folded.get(name.lower())
        if told is not None and known is not None:
            kept[name] = _without_shown(told.schema, known.schema, inner)
        elif told is None or known is not None or taken.additional is not None:
            kept[name] = inner
    return kept


def success(namespace: str, operation: Routed, api_version: str, status: int) -> int:
    """The status that an api-version says 200 with, where it had another one."""
    described = _operations(namespace, api_version).get(operation.id)
    if status != HTTPStatus.OK or described is None or not described.responses or status in described.responses:
        return status
    return min(described.responses)


def shown(namespace: str, operation: Routed, api_version: str, status: int, body: Any) -> Any:
    """An answer's body as an api-version shows it: what an older version lacks is left out."""
    described = _operations(namespace, api_version).get(operation.id)
    schema = described.responses.get(status) if described else None
    return body if schema is None else specs.visible(namespace, api_version, schema, body)


@lru_cache(maxsize=256)
def most_results(namespace: str, operation_id: str, api_version: str) -> int | None:
    """How many entries a page of a list may have: the most that ``maxresults`` takes; None where nothing is known."""
    if not offers(namespace, api_version, operation_id):
        return None
    parameters = specs.table_for(namespace, api_version).parameters(operation_id)
    limits = [one.constraints.maximum for one in parameters if one.name == "maxresults"]
    return int(limits[0]) if limits and limits[0] is not None else None


@lru_cache(maxsize=256)
def selectable(namespace: str, operation_id: str, api_version: str) -> frozenset[str]:
    """The properties of what an operation answers, or lists: what ``$select`` may name; empty where none is known."""
    described = _operations(namespace, api_version).get(operation_id)
    name = described.responses.get(HTTPStatus.OK) if described else None
    if name is None:
        return frozenset()
    schema = specs.table_for(namespace, api_version).schema(name)
    listed = schema.properties.get("value")
    if listed is not None and listed.schema.items is not None:
        schema = listed.schema.items
    return frozenset(name for known in schema.properties.values() for name in (known.name, known.canonical))
