"""The passphrase secrets provider, in the format of Pulumi's own state and stack files.

Key: PBKDF2-HMAC-SHA256 of the passphrase, 8-byte salt, 1,000,000 rounds, 32 bytes. A ciphertext is
``v1:BASE64(12-byte nonce):BASE64(AES-256-GCM)``; a salt is ``v1:BASE64(salt):`` and the ciphertext of a known word.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import threading
from concurrent.futures import Future
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from batchlocal.engine.errors import EngineError
from batchlocal.engine.values import SECRET, SIGNATURE, is_secret

__all__ = ["PlainSecrets", "Secrets", "begin_with", "passphrase"]

_ROUNDS = 1_000_000
_WORD = "pulumi"


def passphrase() -> str:
    """The passphrase from PULUMI_CONFIG_PASSPHRASE, or the file that PULUMI_CONFIG_PASSPHRASE_FILE names.

    Raises:
        EngineError: neither is set, or the file cannot be read.
    """
    if "PULUMI_CONFIG_PASSPHRASE" in os.environ:
        return os.environ["PULUMI_CONFIG_PASSPHRASE"]
    file = os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if not file:
        raise EngineError(
            "passphrase must be set with the environment variable PULUMI_CONFIG_PASSPHRASE or"
            " PULUMI_CONFIG_PASSPHRASE_FILE"
        )
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise EngineError(f"unable to read PULUMI_CONFIG_PASSPHRASE_FILE: {error.strerror}: {file}") from None


def begin_with(salt: str) -> None:
    """Begin with the key of a salt's text: it takes a third of a second, in which others can work.

    What is wrong with the text or with the passphrase is told when secrets are made with it.
    """
    with contextlib.suppress(EngineError, ValueError):
        _key(passphrase(), base64.b64decode(salt.split(":")[1]))


@lru_cache(maxsize=8)
def _key(words: str, salt: bytes) -> Future[bytes]:
    """The key, which a thread of its own derives."""
    key: Future[bytes] = Future()

    def derive() -> None:
        key.set_result(hashlib.pbkdf2_hmac("sha256", words.encode(), salt, _ROUNDS, 32))

    threading.Thread(target=derive, daemon=True).start()
    return key


class Secrets:
    """Encrypts and decrypts with one salt; made from a ``salt`` text, or with a new one."""

    def __init__(self, salt: str = "") -> None:
        self._cache: dict[str, str] = {}
        if salt:
            version, encoded, check = salt.split(":", 2)
            if version != "v1":
                raise EngineError(f"unknown secrets provider version '{version}'")
            self._cipher = AESGCM(_key(passphrase(), base64.b64decode(encoded)).result())
            self.salt = salt
            self._check(check)
        else:
            drawn = os.urandom(8)
            self._cipher = AESGCM(_key(passphrase(), drawn).result())
            self.salt = f"v1:{base64.b64encode(drawn).decode()}:{self.encrypt(_WORD)}"

    def _check(self, ciphertext: str) -> None:
        try:
            known = self.decrypt(ciphertext) == _WORD
        except InvalidTag:
            known = False
        if not known:
            raise EngineError(
                "incorrect passphrase: PULUMI_CONFIG_PASSPHRASE(_FILE) does not open this stack's secrets"
            )

    def encrypt(self, text: str) -> str:
        """A ciphertext; the same text keeps its ciphertext for as long as this object lives."""
        if text not in self._cache:
            nonce = os.urandom(12)
            sealed = self._cipher.encrypt(nonce, text.encode(), None)
            self._cache[text] = f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"
        return self._cache[text]

    def decrypt(self, ciphertext: str) -> str:
        """The text of a ciphertext.

        Raises:
            InvalidTag: it was made with another passphrase or salt.
        """
        _, nonce, sealed = ciphertext.split(":")
        text = self._cipher.decrypt(base64.b64decode(nonce), base64.b64decode(sealed), None).decode()
        self._cache[text] = ciphertext
        return text

    def seal(self, value: Any) -> Any:
        """A value for the state file: each secret as ciphertext of its JSON."""
        if isinstance(value, dict):
            if is_secret(value):
                return self._sealed(json.dumps(value["value"]))
            return {name: self.seal(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.seal(item) for item in value]
        return value

    def _sealed(self, text: str) -> dict[str, str]:
        return {SIGNATURE: SECRET, "ciphertext": self.encrypt(text)}

    def open(self, value: Any) -> Any:
        """A value from the state file with its secrets readable, still marked."""
        if isinstance(value, dict):
            if value.get(SIGNATURE) == SECRET:
                text = value["plaintext"] if "plaintext" in value else self.decrypt(value["ciphertext"])
                return {SIGNATURE: SECRET, "value": json.loads(text)}
            return {name: self.open(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.open(item) for item in value]
        return value


class PlainSecrets(Secrets):
    """Writes secrets in plain text, for an export that was asked to show them."""

    def _sealed(self, text: str) -> dict[str, str]:
        return {SIGNATURE: SECRET, "plaintext": text}
