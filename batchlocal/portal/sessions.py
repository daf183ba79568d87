"""Who may look: ``batchlocal portal`` makes a link that opens once, within a minute; the browser then keeps a cookie.

Both are signed with the data folder's control token, which only its owner can read, so no state is shared between the
command that makes a link and the server that takes it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final

__all__ = ["COOKIE_SECONDS", "Sessions", "new_code"]

_CODE_SECONDS: Final = 60
COOKIE_SECONDS: Final = 12 * 3600
"""How long a browser stays signed in."""


def new_code(token: str, now: int) -> str:
    """A sign-in code for a link. ``token`` is the control token, ``now`` in seconds since 1970."""
    return _signed("code", token, now + _CODE_SECONDS)


class Sessions:
    """Takes codes and recognises cookies; ``token`` is the control token."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._used: dict[str, int] = {}

    def redeem(self, code: str, now: int) -> str | None:
        """A cookie's value for a code that is fresh and was not used before, else None."""
        self._used = {used: until for used, until in self._used.items() if until > now}
        until = _valid_until("code", self._token, code)
        if until <= now or code in self._used:
            return None
        self._used[code] = until
        return _signed("cookie", self._token, now + COOKIE_SECONDS)

    def holds(self, cookie: str, now: int) -> bool:
        """Whether a cookie's value was given by this data folder's server and is not over."""
        return _valid_until("cookie", self._token, cookie) > now


def _signed(use: str, token: str, until: int) -> str:
    head = f"{until}.{secrets.token_urlsafe(9)}"
    return f"{head}.{_signature(use, token, head)}"


def _valid_until(use: str, token: str, value: str) -> int:
    """When a signed value ends, in seconds since 1970; 0 for what we did not sign."""
    head, _, signature = value.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(use, token, head).encode()):
        return 0
    return int(head.partition(".")[0])


def _signature(use: str, token: str, head: str) -> str:
    digest = hmac.digest(token.encode(), f"portal {use} {head}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
