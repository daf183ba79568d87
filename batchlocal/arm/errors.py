"""How ARM words a refusal: the management plane's error catalogue.

Two forms (recorded-facts F2): the front door answers ``{code, message}`` with ``x-ms-failure-cause: gateway``; a
resource provider adds RequestId and Time to the message, a target and, where there is a reason, details.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from batchlocal.domain.refusals import Refusal
from batchlocal.faults import Fault
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer, Request

__all__ = ["CATALOGUE", "OWN_WORDS", "Wording", "answer_fault", "answer_refusal", "gateway", "provider"]


@dataclass(frozen=True, slots=True)
class Wording:
    """Status, code and message of one refusal; ``{field}`` in a text is filled with the refusal's own facts.

    ``target`` is empty for a provider that names none.
    """

    status: int
    code: str
    message: str
    by_provider: bool = False
    target: str = ""
    details: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def gateway(status: int, code: str, message: str, **headers: str) -> Wording:
    """An answer of ARM's front door."""
    return Wording(status, code, message, headers={name.replace("_", "-"): text for name, text in headers.items()})


def provider(status: int, code: str, message: str, target: str = "BatchAccount", **details: str) -> Wording:
    """An answer of a resource provider; ``details`` are code=message pairs, such as ``Reason="..."``."""
    return Wording(status, code, message, by_provider=True, target=target, details=details)


CATALOGUE: Final[dict[type[Refusal], Wording]] = {}
"""One entry a refusal; the modules of ``arm`` put theirs in with ``CATALOGUE.update({...})``."""


OWN_WORDS: Final[dict[tuple[str, type[Refusal]], Wording]] = {}
"""What one provider words itself though others share the rule: by its namespace in lower case, and the refusal."""
_NAMESPACE = re.compile(r".*/providers/([^/]+)", re.IGNORECASE)


def answer_refusal(refusal: Refusal, request: Request) -> Answer:
    """The error body that Azure sends for a refusal."""
    found = _NAMESPACE.match(request.path)
    namespace = found[1].lower() if found else ""
    wording = OWN_WORDS.get((namespace, type(refusal))) or CATALOGUE[type(refusal)]
    return _answer(wording, vars(refusal), request)


_WHEN_ASKED: Final = {429: "SubscriptionRequestsThrottled", 500: "InternalServerError", 503: "ServerBusy"}
"""Codes of faults that name none: recorded for 429 (F3), ARM's documented ones else."""


def answer_fault(fault: Fault, request: Request) -> Answer:
    """The error body of a fault that was set through the control API."""
    phrase = HTTPStatus(fault.status).phrase
    code = fault.code or _WHEN_ASKED.get(fault.status) or phrase.replace(" ", "")
    facts = {"message": fault.message or f"{phrase}, as the control API was asked for (fault {fault.id})."}
    return _answer(gateway(fault.status, code, "{message}"), facts, request)


def _answer(wording: Wording, facts: dict[str, Any], request: Request) -> Answer:
    message = wording.message.format(**facts)
    error: dict[str, Any] = {"code": wording.code.format(**facts), "message": message}
    headers = {name: text.format(**facts) for name, text in wording.headers.items()}
    if wording.by_provider:
        error["message"] += f"\nRequestId:{request.request_id}\nTime:{moments.iso(request.arrived)}"
        if wording.target:
            error["target"] = wording.target
        details = [
            {"code": code.format(**facts), "message": text.format(**facts)} for code, text in wording.details.items()
        ]
        if details:
            error["details"] = details
    else:
        headers["x-ms-failure-cause"] = "gateway"
    return Answer(wording.status, {"error": error}, headers)
