"""Conditional changes at the management plane: If-Match and If-None-Match, where the specification lists them."""

from __future__ import annotations

from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import CATALOGUE, provider
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.conditions import verdict

__all__ = ["check_conditions"]


class ConditionNotMet(Refusal):
    """The resource is not as the caller knows it."""


CATALOGUE[ConditionNotMet] = provider(
    412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."
)


def check_conditions(call: ArmCall, modified: int | None) -> None:
    """Hold the request's conditions against a resource last changed at ``modified`` (ticks), None when there is none.

    Raises:
        ConditionNotMet
    """
    if verdict(call.request.headers, modified) != "go":
        raise ConditionNotMet
