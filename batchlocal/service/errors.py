"""How the Batch service words a refusal: the service plane's error catalogue (recorded-facts F10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from batchlocal.domain.refusals import Refusal
from batchlocal.faults import Fault
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer, Request

__all__ = ["CATALOGUE", "INVALID_VALUE", "Wording", "answer_fault", "answer_refusal", "invalid_value", "worded"]


@dataclass(frozen=True, slots=True)
class Wording:
    """Status, code and message of one refusal; ``{field}`` in a text is filled with the refusal's own facts,
    in the keys of values too.

    ``values`` are the key-value pairs of the error body, in order; one whose value comes out empty is left out.
    """

    status: int
    code: str
    message: str
    values: Sequence[tuple[str, str]] = ()


def worded(status: int, code: str, message: str, **values: str) -> Wording:
    """A catalogue entry; ``values`` such as ``Reason="..."`` in order."""
    return Wording(status, code, message, tuple(values.items()))


INVALID_VALUE: Final = "The value provided for one of the properties in the request body is invalid."


def invalid_value(**values: str) -> Wording:
    """The entry of a refusal of one property's value."""
    return worded(400, "InvalidPropertyValue", INVALID_VALUE, **values)


CATALOGUE: Final[dict[type[Refusal], Wording]] = {}
"""One entry a refusal; the modules of ``service`` put theirs in with ``CATALOGUE.update({...})``."""


def answer_refusal(refusal: Refusal, request: Request, url: str) -> Answer:
    """The error body that the service sends for a refusal; a HEAD gets none. ``url`` is the account's endpoint."""
    return _answer(CATALOGUE[type(refusal)], vars(refusal), request, url)


_WHEN_ASKED: Final = {429: "TooManyRequests", 500: "InternalError", 503: "ServerBusy"}
"""Codes of faults that name none (REST reference, "Batch Status and Error Codes")."""


def answer_fault(fault: Fault, request: Request, url: str) -> Answer:
    """The error body of a fault that was set through the control API."""
    phrase = HTTPStatus(fault.status).phrase
    code = fault.code or _WHEN_ASKED.get(fault.status) or phrase.replace(" ", "")
    facts = {"message": fault.message or f"{phrase}, as the control API was asked for (fault {fault.id})."}
    return _answer(worded(fault.status, code, "{message}"), facts, request, url)


def _answer(wording: Wording, facts: dict[str, Any], request: Request, url: str) -> Answer:
    text = wording.message.format(**facts)
    text += f"\nRequestId:{request.request_id}\nTime:{moments.iso(request.arrived)}"
    body: dict[str, Any] = {
        "odata.metadata": f"{url}/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element",
        "code": wording.code,
        "message": {"lang": "en-US", "value": text},
    }
    if wording.values:
        told = ((key.format(**facts), value.format(**facts)) for key, value in wording.values)
        body["values"] = [{"key": key, "value": value} for key, value in told if value]
    bare = request.method == "HEAD" or wording.status == HTTPStatus.NOT_MODIFIED
    return Answer(wording.status, None if bare else body)
