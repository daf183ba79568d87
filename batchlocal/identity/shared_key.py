"""SharedKey, the Batch service's signature (REST documentation "Authenticate requests to the Azure Batch service").

``Authorization: SharedKey ACCOUNT:BASE64(HMAC-SHA256(key, string to sign))``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from batchlocal.protocol import moments
from batchlocal.protocol.messages import Request

__all__ = [
    "ALLOWED_SKEW_SECONDS",
    "SharedKeySignature",
    "is_fresh",
    "is_signed_by",
    "read_signature",
    "strings_to_sign",
]

ALLOWED_SKEW_SECONDS = 15 * 60
_SIGNED_HEADERS = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


@dataclass(frozen=True, slots=True)
class SharedKeySignature:
    """What a SharedKey ``Authorization`` header says."""

    account: str
    signature: str


def read_signature(authorization: str) -> SharedKeySignature | None:
    """The header's parts, or None when it is not a well-formed SharedKey header."""
    scheme, _, rest = authorization.partition(" ")
    account, colon, signature = rest.strip().partition(":")
    if scheme.lower() != "sharedkey" or not (account and colon and signature):
        return None
    return SharedKeySignature(account, signature)


def strings_to_sign(request: Request, account: str) -> Iterator[str]:
    """The texts that a client may have signed: verb, eleven headers, ocp- headers, resource, query.

    Clients differ in two things that the documentation leaves open, and Azure takes all of them: a missing or zero
    Content-Length is signed as ``0`` or as nothing, and the path as sent or percent-decoded.
    """
    length = request.headers.get("content-length", "")
    lengths = [length] if length not in ("", "0") else ["", "0"] if request.method in ("GET", "HEAD") else ["0", ""]
    ours = sorted((name, value) for name, value in request.headers.items() if name.startswith("ocp-") and value)
    tail = [*(f"{name}:{value}" for name, value in ours)]
    query = _canonical_query(request)
    for path in dict.fromkeys((request.raw_path, unquote(request.raw_path))):
        for signed_length in lengths:
            headers = [request.headers.get(name, "") for name in _SIGNED_HEADERS]
            headers[_SIGNED_HEADERS.index("content-length")] = signed_length
            yield "\n".join([request.method, *headers, *tail, f"/{account}{path}", *query])


def _canonical_query(request: Request) -> list[str]:
    first: dict[str, str] = {}
    for name, value in parse_qsl(request.raw_query):
        first.setdefault(name.lower(), value)
    return [f"{name}:{value}" for name, value in sorted(first.items())]


def is_signed_by(request: Request, claimed: SharedKeySignature, keys: Iterable[str]) -> bool:
    """Whether one of the account's keys (base64) made the signature."""
    secrets = [base64.b64decode(key) for key in keys]
    for text in strings_to_sign(request, claimed.account):
        for secret in secrets:
            digest = hmac.digest(secret, text.encode(), hashlib.sha256)
            if hmac.compare_digest(base64.b64encode(digest), claimed.signature.encode()):
                return True
    return False


def is_fresh(request: Request) -> bool:
    """Whether ``ocp-date`` (else ``Date``) is within the allowed skew; a request without either is not."""
    text = request.headers.get("ocp-date") or request.headers.get("date", "")
    try:
        sent = moments.parse_http_date(text)
    except (ValueError, TypeError):
        return False
    return abs(sent - request.arrived) <= ALLOWED_SKEW_SECONDS * moments.TICKS_PER_SECOND
