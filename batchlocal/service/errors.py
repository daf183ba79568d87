"""How the Batch service words a refusal: the service plane's error catalogue (recorded-facts F10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer, Request

__all__ = ["CATALOGUE", "INVALID_VALUE", "Wording", "answer_refusal", "invalid_value", "worded"]


@dataclass(frozen=True, slots=True)
class Wording:
    """Status, code and message of one refusal; ``{field}`` in a text is filled with the refusal's own facts.

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
    wording = CATALOGUE[type(refusal)]
    facts = vars(refusal)
    text = wording.message.format(**facts)
    text += f"\nRequestId:{request.request_id}\nTime:{moments.iso(request.arrived)}"
    body: dict[str, Any] = {
        "odata.metadata": f"{url}/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element",
        "code": wording.code,
        "message": {"lang": "en-US", "value": text},
    }
    if wording.values:
        told = ((key, value.format(**facts)) for key, value in wording.values)
        body["values"] = [{"key": key, "value": value} for key, value in told if value]
    return Answer(wording.status, None if request.method == "HEAD" else body)
