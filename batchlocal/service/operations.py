"""What the service plane has: operations, handlers, api-versions, and the check of bodies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batchlocal import specs
from batchlocal.domain.refusals import PropertyMissing, Refusal
from batchlocal.protocol import descriptions
from batchlocal.protocol.descriptions import BodyRefused
from batchlocal.protocol.routing import Routed
from batchlocal.service import (
    account,
    applications,
    autoscale,
    certificates,
    files,
    job_schedules,
    jobs,
    node_actions,
    nodes,
    pools,
    statistics,
    tasks,
)
from batchlocal.service.errors import CATALOGUE, INVALID_VALUE, invalid_value, worded
from batchlocal.service.front_door import PathNotFound
from batchlocal.service.registry import HANDLERS

__all__ = ["check_body", "handlers", "operations", "rooms", "show_body", "versions"]

_TYPES = "Microsoft.Azure.Batch.Protocol.Entities"  # where the service's types stand, as its messages name them

rooms = (
    *(account, applications, autoscale, certificates, files, job_schedules, jobs),
    *(node_actions, nodes, pools, statistics, tasks),
)
operations = specs.every_operation("service")
handlers = HANDLERS
versions = specs.known_versions("service")


@dataclass(eq=False)
class BodyInvalid(Refusal):
    """The body as a whole is not what the operation takes."""

    reason: str


@dataclass(eq=False)
class ValueInvalid(Refusal):
    """One property's value is out of bounds."""

    name: str
    value: str
    reason: str


CATALOGUE.update(
    {
        BodyInvalid: worded(
            400, "InvalidRequestBody", "The specified Request Body is not syntactically valid.", Reason="{reason}"
        ),
        PropertyMissing: worded(
            400,
            "MissingRequiredProperty",
            "A required property was not specified in the request body.",
            PropertyName="{name}",
        ),
        ValueInvalid: invalid_value(PropertyName="{name}", PropertyValue="{value}", Reason="{reason}"),
    }
)


def check_body(operation: Routed, api_version: str, body: Any) -> Any:
    """The body as handlers take it.

    Raises:
        PathNotFound: the api-version does not have the operation.
        BodyInvalid: a property is unknown or of the wrong type.
        PropertyMissing: a property is not there.
        ValueInvalid: a property's value is out of bounds.
    """
    if not descriptions.offers("service", api_version, operation.id):
        raise PathNotFound(operation.path)
    try:
        return descriptions.checked("service", operation, api_version, body)
    except BodyRefused as refused:
        raise _refusal(refused.problem) from None


def show_body(operation: Routed, api_version: str, status: int, body: Any) -> Any:
    """An answer's body as the api-version has it."""
    return descriptions.shown("service", operation, api_version, status, body)


def _refusal(problem: specs.Problem) -> Refusal:
    name = problem.path.rsplit(".", 1)[-1]
    if problem.kind == "unknown":  # recorded wording: F10
        return BodyInvalid(
            f"The property '{name}' does not exist on type '{_TYPES}.{problem.schema}'."
            " Make sure to only use property names that are defined by the type."
        )
    if problem.kind == "enum":  # recorded wording: F10
        return ValueInvalid(name, str(problem.value), INVALID_VALUE)
    if problem.kind == "required":
        return PropertyMissing(name)
    if problem.kind in ("pattern", "length", "range"):
        return ValueInvalid(name, str(problem.value), problem.reason)
    return BodyInvalid(problem.reason)
