"""How many nodes a pool has, and how they leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from batchmgmt import autoscale
from infra.model.base import Duration, Fault, Model, rule, seconds

__all__ = ["READY_FORMULAS", "Autoscale", "Drain", "Nodes"]


class Nodes(Model):
    """A fixed number of nodes."""

    dedicated: Annotated[int, Field(ge=0)] = 0
    """Nodes that stay."""
    spot: Annotated[int, Field(ge=0)] = 0
    """Cheaper nodes that Azure may take back at any time."""
    resize_timeout: Duration = "PT15M"
    """How long a resize may take; at least 5 minutes."""

    @rule
    def _resize_has_time(self) -> Iterator[Fault]:
        if seconds(self.resize_timeout) < 300:
            yield "resizeTimeout", f"must be at least PT5M (found {self.resize_timeout})"


READY_FORMULAS: Final = ("officeHours", "pendingTasks")
"""Names of ready formulas; their texts are in ``infra.formulas``."""


class Autoscale(Model):
    """A formula decides the number of nodes."""

    formula: Annotated[str, StringConstraints(min_length=1)] = "pendingTasks"
    """A ready formula by name (pendingTasks: nodes for the waiting tasks; officeHours: maximum on working days from
    8 to 18 UTC, else minimum), or the text of a formula of one's own."""
    minimum: Annotated[int, Field(ge=0)] = 0
    """Nodes that a ready formula always keeps."""
    maximum: Annotated[int, Field(ge=1)] = 4
    """Nodes that a ready formula never exceeds."""
    spot: bool = False
    """Whether a ready formula asks for spot nodes instead of dedicated ones."""
    interval: Duration = "PT5M"
    """Time between evaluations; 5 minutes to 168 hours."""

    @rule
    def _ordered(self) -> Iterator[Fault]:
        if self.minimum > self.maximum:
            yield "minimum", f"{self.minimum} is more than maximum {self.maximum}"

    @rule
    def _formula_is_one(self) -> Iterator[Fault]:
        if self.formula in READY_FORMULAS:
            return
        for found in autoscale.errors(autoscale.check(self.formula)):
            mend = f"; {found.mend}" if found.mend else ""
            told = f"line {found.at.line}, column {found.at.column}: {found.message}{mend}"
            yield "formula", f"is neither {' nor '.join(READY_FORMULAS)} nor a formula that Azure takes: {told}"

    @rule
    def _evaluated_in_time(self) -> Iterator[Fault]:
        if not 300 <= seconds(self.interval) <= 168 * 3600:
            yield "interval", f"must be from PT5M to PT168H (found {self.interval})"


class Drain(Model):
    """How nodes leave before a change that needs an empty pool."""

    deallocation: Literal["TaskCompletion", "Requeue", "Terminate"] = "TaskCompletion"
    """What becomes of running tasks: they end first, start again on other nodes, or are ended."""
    timeout: Duration = "PT1H"
    """How long it may take; at least 5 minutes. When it is over, nothing is changed."""
