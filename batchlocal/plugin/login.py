"""Access tokens for ARM by one of the credentials that the provider carries."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from batchlocal.plugin.errors import ArmError
from batchlocal.plugin.settings import ClientSecret, DefaultCredential, Settings
from batchmgmt.rules.oidc import ASSERTION_TYPE, Given, InFile, TokenSource

if TYPE_CHECKING:
    import httpx

__all__ = ["Login"]

_EARLY: Final = 60  # seconds before its end from which on a token is not used any more


class Reach(Protocol):
    """One https request; ArmError when nothing answers or the address is another."""

    def __call__(self, method: str, url: str, **options: Any) -> Awaitable[httpx.Response]: ...


class Login:
    """Gives the access token of one cloud and one credential, and keeps it until a minute before it ends."""

    def __init__(self, settings: Settings, reach: Reach) -> None:
        self._settings = settings
        self._reach = reach
        self._token = ""
        self._ends = 0.0
        self._lock = asyncio.Lock()

    def forget(self) -> None:
        """The token is not taken any more: ask for another one."""
        self._ends = 0.0

    async def token(self, authentication: dict[str, Any]) -> str:
        """A token, by the member ``authentication`` of the cloud's metadata.

        Raises:
            ArmError: the authority, or the pipeline's issuer, gives none.
        """
        async with self._lock:
            if time.time() > self._ends - _EARLY:
                authority = authentication["loginEndpoint"].rstrip("/")
                scope = f"{authentication['audiences'][0]}/.default"
                if isinstance(self._settings.credential, DefaultCredential):
                    self._token, self._ends = await asyncio.to_thread(_by_default, authority, scope)
                else:
                    self._token, self._ends = await self._by_client(authority, scope)
            return self._token

    async def _by_client(self, authority: str, scope: str) -> tuple[str, float]:
        """OAuth 2.0 client credentials, RFC 6749 section 4.4."""
        form = {"grant_type": "client_credentials", "client_id": self._settings.client_id, "scope": scope}
        url = f"{authority}/{self._settings.tenant_id}/oauth2/v2.0/token"
        answer = await self._reach("POST", url, data={**form, **await self._proof()})
        if not answer.is_success:
            raise ArmError(answer.status_code, "", f"no access token from {authority}: {_fault(answer)}")
        found = answer.json()
        return found["access_token"], time.time() + float(found["expires_in"])

    async def _proof(self) -> dict[str, str]:
        credential = self._settings.credential
        if isinstance(credential, ClientSecret):
            return {"client_secret": credential.secret}
        assert not isinstance(credential, DefaultCredential)
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": await self._assertion(credential)}

    async def _assertion(self, source: TokenSource) -> str:
        """The pipeline's token, as of now."""
        if isinstance(source, Given):
            return source.token.reveal()
        if isinstance(source, InFile):
            return await asyncio.to_thread(_read, Path(source.path))
        answer = await self._reach("GET", source.url, headers={"Authorization": f"Bearer {source.bearer.reveal()}"})
        if not answer.is_success:
            raise ArmError(answer.status_code, "", f"no token from the pipeline's issuer: status {answer.status_code}")
        return str(answer.json()["value"])


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as fault:
        raise ArmError(0, "", f"azure-native:oidcTokenFilePath {path}: {fault.strerror}") from None


def _by_default(authority: str, scope: str) -> tuple[str, float]:
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import DefaultAzureCredential

    try:
        with DefaultAzureCredential(authority=authority, disable_instance_discovery=True) as credential:
            found = credential.get_token(scope)
    except ClientAuthenticationError as refused:
        raise ArmError(0, "", f"no access token from {authority}: {refused.message}") from None
    return found.token, float(found.expires_on)


def _fault(answer: httpx.Response) -> str:
    """What the authority says, less its trace ids."""
    try:
        said = answer.json()["error_description"]
    except (ValueError, KeyError, TypeError):
        said = f"status {answer.status_code}"
    return str(said).splitlines()[0]
