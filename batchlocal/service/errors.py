"""How the Batch service words a refusal: the service plane's error catalogue (recorded-facts F10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer, Request

__all__ = ["CATALOGUE", "Wording", "answer_refusal", "worded"]


@dataclass(frozen=True, slots=True)
class Wording:
    """Status, code and message of one refusal; ``{field}`` in a text is filled with the refusal's own facts.

    ``values`` are the key-value pairs of the error body, in order.
    """

    status: int
    code: str
    message: str
    values: Sequence[tuple[str, str]] = ()


def worded(status: int, code: str, message: str, **values: str) -> Wording:
    """A catalogue entry; ``values`` such as ``Reason="..."`` in order."""
    return Wording(status, code, message, tuple(values.items()))


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
        body["values"] = [{"key": key, "value": value.format(**facts)} for key, value in wording.values]
    return Answer(wording.status, None if request.method == "HEAD" else body)
