"""Entra access tokens: signed when handed out, verified at every request on both planes.

The shape is Microsoft identity platform's v1 access token (claims aud, iss, tid, oid, appid, exp, ...).
"""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from batchlocal.datafolder import write_private

__all__ = ["BATCH_AUDIENCE", "LIFETIME_SECONDS", "TASK_CLAIM", "Principal", "TokenRefused", "Tokens"]

LIFETIME_SECONDS = 3599
BATCH_AUDIENCE = "https://batch.core.windows.net"
TASK_CLAIM = "batch_task"
"""In a task's own token: the task's key."""

TASK_LIFETIME_SECONDS = 180 * 86_400  # as long as a task may take
_CACHE_SIZE = 1024

Reason = Literal["missing", "malformed", "expired", "tenant", "audience"]


class TokenRefused(Exception):
    """A bearer token was not accepted; ``reason`` says which check failed, never the token."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller: object and application id (UUIDs as text), and its token's claims."""

    object_id: str
    client_id: str
    tenant_id: str
    claims: dict[str, Any]


class Tokens:
    """Signs and verifies the tokens of one tenant with a key kept in the data folder."""

    def __init__(self, key_file: Path, tenant_id: str, origin: str) -> None:
        self._key_file = key_file
        self.tenant_id = tenant_id
        self.issuer = f"{origin}/{tenant_id}/"
        self._verified: OrderedDict[str, Principal] = OrderedDict()
        self._drawing = threading.Lock()

    def prepare(self) -> None:
        """Have the key ready, which takes a moment to draw on a new data folder; callable from any thread."""
        with self._drawing:
            if not self._key_file.exists():
                drawn = rsa.generate_private_key(public_exponent=65537, key_size=2048)
                pem = drawn.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
                write_private(self._key_file, pem.decode())

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        self.prepare()
        key = serialization.load_pem_private_key(self._key_file.read_bytes(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key

    @cached_property
    def key_id(self) -> str:
        public = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hashlib.sha256(public).hexdigest()[:32]

    def json_web_keys(self) -> dict[str, Any]:
        """The document under ``jwks_uri``."""
        key: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": self.key_id, "use": "sig", "alg": "RS256"}]}

    def issue(self, audience: str, client_id: str, object_id: str, lifetime: int = LIFETIME_SECONDS) -> str:
        """A token for one audience, valid for ``lifetime`` seconds."""
        issued = int(time.time())
        claims = {
            "aud": audience,
            "iss": self.issuer,
            "iat": issued,
            "nbf": issued - 300,
            "exp": issued + lifetime,
            "appid": client_id,
            "appidacr": "1",
            "idp": self.issuer,
            "idtyp": "app",
            "oid": object_id,
            "sub": object_id,
            "tid": self.tenant_id,
            "uti": uuid.uuid4().hex[:22],
            "ver": "1.0",
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self.key_id})

    def issue_for_task(self, task: str) -> str:
        """A Batch task's own token, for the job that the task's key names; it holds while the task runs."""
        claims = {
            "aud": BATCH_AUDIENCE,
            "iss": self.issuer,
            "exp": int(time.time()) + TASK_LIFETIME_SECONDS,
            "appid": task,
            "oid": task,
            "tid": self.tenant_id,
            "uti": uuid.uuid4().hex[:22],
            TASK_CLAIM: task,
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self.key_id})

    def verify(self, authorization: str, audiences: Collection[str]) -> Principal:
        """The principal behind an ``Authorization`` header.

        ``audiences`` are compared without a trailing slash. A token verified once is known until it ends.

        Raises:
            TokenRefused: no bearer token, or one that is forged, expired, for another tenant or audience.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenRefused("missing")
        principal = self._verified.get(token) or self._read(token)
        if principal.claims["exp"] <= time.time():
            self._verified.pop(token, None)
            raise TokenRefused("expired")
        if str(principal.claims["aud"]).rstrip("/") not in audiences:
            raise TokenRefused("audience")
        return principal

    def _read(self, token: str) -> Principal:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["RS256"],
                options={"verify_aud": False, "require": ["exp", "aud", "tid", "oid", "appid"]},
            )
        except jwt.ExpiredSignatureError:
            raise TokenRefused("expired") from None
        except jwt.InvalidTokenError:
            raise TokenRefused(self._why_unreadable(token)) from None
        if claims["tid"] != self.tenant_id:
            raise TokenRefused("tenant")
        principal = Principal(claims["oid"], claims["appid"], claims["tid"], claims)
        self._verified[token] = principal
        if len(self._verified) > _CACHE_SIZE:
            self._verified.popitem(last=False)
        return principal

    def _why_unreadable(self, token: str) -> Reason:
        """A token of another tenant is told as such, as Azure does, though its signature is not ours to check."""
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            return "malformed"
        return "tenant" if claims.get("tid", self.tenant_id) != self.tenant_id else "malformed"
