"""Conditional requests: If-Match and its kin, against what an entity is now.

Sources: RFC 9110, Conditional Requests; the Batch service's codes: 304 for a read, 412 ConditionNotMet for a change.
"""

from __future__ import annotations

from batchlocal.domain.refusals import Refusal
from batchlocal.protocol.conditions import verdict
from batchlocal.service.call import ServiceCall
from batchlocal.service.errors import CATALOGUE, worded

__all__ = ["check_conditions"]


class ConditionNotMet(Refusal):
    """A change was asked for under a condition that does not hold."""


class NotModified(Refusal):
    """A read was asked for only if something had changed."""


CATALOGUE.update(
    {
        ConditionNotMet: worded(
            412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."
        ),
        NotModified: worded(
            304, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."
        ),
    }
)


def check_conditions(call: ServiceCall, modified: int) -> None:
    """Hold the request's conditional headers against an entity that was last changed at ``modified`` (ticks).

    Raises:
        ConditionNotMet, NotModified
    """
    found = verdict(call.request.headers, modified)
    if found == "failed" or (found == "unchanged" and call.request.method not in ("GET", "HEAD")):
        raise ConditionNotMet
    if found == "unchanged":
        raise NotModified
