"""Texts that must not be printed by accident, and texts of others made fit to be printed."""

from __future__ import annotations

import hmac
import os
import re
from typing import Final, NoReturn

__all__ = ["REDACTED", "Secret", "masked"]

REDACTED: Final = "REDACTED"  # azure-core's word for what its own logs leave out
_FORMS: Final = (  # what stays before a secret, and the secret
    r"(\bsig(?:=|%3[Dd]))[^&\s\"'<>)]+",  # the signature of a SAS: Storage services, "Create a service SAS"
    r"(\b(?:AccountKey|SharedAccessSignature|client_secret)=)[^;&\s\"']+",  # RFC 6749, section 2.3.1
    r"(\b(?:Bearer|SharedKey(?:Lite)?)\s+)[^\s\"',]+",  # the Authorization header
    r"()\beyJ[\w-]+\.[\w-]+\.[\w-]*",  # a JWT: RFC 7519
    r"()(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==",  # 64 bytes in base64: the keys of Batch and storage accounts
)
_SIGNING_IN: Final = ("AZURE_CLIENT_SECRET", "ARM_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_PASSWORD")


def masked(text: str) -> str:
    """The text without signatures, tokens, keys and the environment's own secrets: for messages and logs of others."""
    for form in _FORMS:
        text = re.sub(form, rf"\1{REDACTED}", text)
    for secret in filter(None, map(os.environ.get, _SIGNING_IN)):
        text = text.replace(secret, REDACTED)
    return text


class Secret:
    """A key, token or SAS. Only ``reveal()`` gives the text; printing, formatting and pickling do not."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself: call this where it leaves for the service or a file of mode 0600, nowhere else."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: its text would lie in the pickle")
