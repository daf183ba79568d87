"""Entra tokens for the lean requests, and the private cache that saves asking for one at every command.

By the environment's client secret, or by a pipeline's own token, one is asked for directly (OAuth 2.0 client
credentials, RFC 6749 section 4.4); every other credential is azure-identity's. Either way the token is kept in a file
of mode 0600 until five minutes before it ends. ``BATCHMGMT_TOKEN_CACHE=off`` keeps nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import time
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

from batchmgmt.clouds import Cloud
from batchmgmt.errors import BatchManagementError
from batchmgmt.files import home, write_private
from batchmgmt.lean import LeanHttp
from batchmgmt.secret import Secret

__all__ = ["EnvironmentTokens", "Token", "TokenCache"]

DIGEST: Final = 64  # hexadecimal digits of the names of kept tokens
EARLY: Final = 300  # seconds before its end from which on a token is not used any more
_IDENTITY: Final = (  # variables that decide who is signed in
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_USERNAME",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_TOKEN_CREDENTIALS",
    "AZURE_CONFIG_DIR",
    "IDENTITY_ENDPOINT",
    "ARM_USE_OIDC",
    "ARM_TENANT_ID",
    "ARM_CLIENT_ID",
)


class Token(NamedTuple):
    """An access token and the second (Unix time) it ends at."""

    secret: Secret
    expires_on: int

    @property
    def usable(self) -> bool:
        return self.expires_on - EARLY > time.time()


class TokenCache(NamedTuple):
    """Tokens in files of mode 0600 of a folder of mode 0700, named by a digest of who asked whom for what."""

    folder: Path
    enabled: bool = True

    @classmethod
    def from_environment(cls) -> TokenCache:
        """``BATCHMGMT_CACHE_DIR``, else the user's cache folder; off by ``BATCHMGMT_TOKEN_CACHE=off``."""
        base = os.environ.get("BATCHMGMT_CACHE_DIR")
        caches = Path(os.environ.get("XDG_CACHE_HOME") or home() / ".cache")
        off = os.environ.get("BATCHMGMT_TOKEN_CACHE", "").lower() in {"off", "0", "no", "false"}
        return cls(Path(base) if base else caches / "batchmgmt", enabled=not off)

    def get(self, name: str) -> Token | None:
        """The kept token, or None; a file that others could have read or written is not trusted."""
        if not self.enabled:
            return None
        try:
            with (self.folder / name).open() as file:
                if not _private(os.fstat(file.fileno())):
                    return None
                kept = json.load(file)
            token = Token(Secret(kept["token"]), int(kept["expiresOn"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return token if token.usable else None

    def put(self, name: str, token: Token) -> None:
        """Keep a token; a cache that cannot be written is no error."""
        if not self.enabled:
            return
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            kept = json.dumps({"token": token.secret.reveal(), "expiresOn": token.expires_on})
            write_private(self.folder / name, kept)

    def clear(self) -> None:
        """Keep no token any longer; the folder may hold other files, which stay."""
        with contextlib.suppress(OSError):
            for file in self.folder.iterdir():
                if len(file.name) == DIGEST and not set(file.name) - set("0123456789abcdef"):
                    file.unlink()


def _private(status: os.stat_result) -> bool:
    """Whether nobody but this user could have read or written the file; modes say nothing on Windows."""
    return os.name != "posix" or (status.st_uid == os.getuid() and not stat.S_IMODE(status.st_mode) & 0o077)


class EnvironmentTokens:
    """Tokens of the environment's identity, by way of the cache."""

    def __init__(self, cloud: Cloud, http: LeanHttp) -> None:
        self._cloud = cloud
        self._http = http
        self._cache = TokenCache.from_environment()

    def __call__(self, scope: str) -> Token:
        """A token for the scope. Raises AzureError, ConnectionFailed."""
        name = _name(self._cloud, scope)
        found = self._cache.get(name)
        if found is None:
            found = _ask(self._cloud, self._http, scope)
            self._cache.put(name, found)
        return found

    def forget(self) -> None:
        """Ask anew from now on: a kept token was not taken, though its time is not over."""
        self._cache.clear()


def _name(cloud: Cloud, scope: str) -> str:
    """Changes with whoever would be signed in: the variables' values, and az CLI's signed-in profile."""
    profile = Path(os.environ.get("AZURE_CONFIG_DIR") or home() / ".azure") / "azureProfile.json"
    with contextlib.suppress(OSError):
        changed = profile.stat().st_mtime_ns
        return _digest([cloud.authority, scope, str(changed), *(os.environ.get(name, "") for name in _IDENTITY)])
    return _digest([cloud.authority, scope, "", *(os.environ.get(name, "") for name in _IDENTITY)])


def _digest(parts: list[str]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _ask(cloud: Cloud, http: LeanHttp, scope: str) -> Token:
    tenant, client, secret = (os.environ.get(f"AZURE_{name}") for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET"))
    if tenant and client and secret:
        return _client_credentials(cloud, http, scope, tenant, client, {"client_secret": secret})
    if os.environ.get("ARM_USE_OIDC"):
        from batchmgmt.oidc import pipeline_identity

        if pipeline := pipeline_identity():
            return _client_credentials(cloud, http, scope, pipeline.tenant, pipeline.client, pipeline.proof())
    import logging

    from batchmgmt.clients import environment_credential
    from batchmgmt.errors import acting

    logging.getLogger("azure.identity").addHandler(logging.NullHandler())  # a failure is told once, by the error
    with acting("signing in"):
        token = environment_credential(cloud).get_token(scope)
    return Token(Secret(token.token), token.expires_on)


def _client_credentials(
    cloud: Cloud, http: LeanHttp, scope: str, tenant: str, client: str, proof: dict[str, str]
) -> Token:
    form = {"grant_type": "client_credentials", "client_id": client, "scope": scope, **proof}
    asked = int(time.time())
    answer = http.request(
        "signing in",
        "POST",
        f"{cloud.authority}/{quote(tenant, safe='')}/oauth2/v2.0/token",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
    ).json
    if not isinstance(answer, dict) or "access_token" not in answer:
        raise BatchManagementError(f"signing in: {cloud.authority} answered without a token")
    return Token(Secret(answer["access_token"]), asked + int(answer.get("expires_in", 0)))
