"""ARM as the provider uses it: tokens, requests tried again, long-running operations followed to their end."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from typing import Any, Final

import httpx

from batchlocal.plugin.settings import Settings

__all__ = ["ArmClient", "ArmError"]

_RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504})
_ATTEMPTS: Final = 6
_POLL_SECONDS: Final = 1.0  # without a Retry-After; the service's own always has one
_OPERATION_SECONDS: Final = 2 * 3600.0  # the official provider's limit without customTimeouts
_CONNECTIONS: Final = 32


class ArmError(Exception):
    """ARM said no: status, code, message, and all of the error's details in the text."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.status = status
        self.code = code


class ArmClient:
    """A connection to one cloud with one service principal's token."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        authorities = os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE")
        limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
        self._http = httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=authorities), timeout=120, limits=limits, trust_env=False
        )
        self._metadata: dict[str, Any] = {}
        self._token = ""
        self._token_ends = 0.0
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def get(self, path: str, api_version: str) -> dict[str, Any] | None:
        """A resource, or None when it does not exist."""
        answer = await self._send("GET", await self._url(path, api_version))
        return None if answer.status_code == httpx.codes.NOT_FOUND else _body(answer)

    async def put(self, path: str, api_version: str, body: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Create or replace a resource and wait until that is done; returns the resource."""
        answer = await self._send("PUT", await self._url(path, api_version), body)
        return await self._finish(answer, seconds)

    async def delete(self, path: str, api_version: str, seconds: float) -> None:
        """Delete a resource and wait until it is gone; one that is not there is well."""
        answer = await self._send("DELETE", await self._url(path, api_version))
        if answer.status_code != httpx.codes.NOT_FOUND:
            await self._finish(answer, seconds)

    async def post(self, path: str, api_version: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """An action's answer."""
        return _body(await self._send("POST", await self._url(path, api_version), body))

    async def _url(self, path: str, api_version: str) -> str:
        metadata = await self._cloud()
        return f"{metadata['resourceManager'].rstrip('/')}{path}?api-version={api_version}"

    async def _cloud(self) -> dict[str, Any]:
        async with self._lock:
            if not self._metadata:
                url = f"{self.settings.metadata_host}/metadata/endpoints?api-version=2022-09-01"
                answer = await self._reach("GET", url)
                _raise_for(answer)
                found = answer.json()
                self._metadata = found[0] if isinstance(found, list) else found
                if not self._metadata["resourceManager"].startswith("https://"):
                    raise ArmError(0, "", "the cloud's resource manager is not reached by https: refused")
            return self._metadata

    async def bearer(self) -> str:
        """An access token for ARM, kept until a minute before it ends."""
        metadata = await self._cloud()
        async with self._lock:
            if time.time() > self._token_ends - 60:
                authentication = metadata["authentication"]
                login = authentication["loginEndpoint"].rstrip("/")
                form = {
                    "grant_type": "client_credentials",
                    "client_id": self.settings.client_id,
                    "client_secret": self.settings.client_secret,
                    "scope": f"{authentication['audiences'][0]}/.default",
                }
                answer = await self._reach("POST", f"{login}/{self.settings.tenant_id}/oauth2/v2.0/token", data=form)
                if not answer.is_success:
                    raise ArmError(answer.status_code, "", f"no token: {answer.json().get('error_description', '')}")
                self._token = answer.json()["access_token"]
                self._token_ends = time.time() + float(answer.json()["expires_in"])
            return self._token

    async def _reach(self, method: str, url: str, **options: Any) -> httpx.Response:
        try:
            return await self._http.request(method, url, **options)
        except httpx.TransportError as error:
            host = httpx.URL(url).netloc.decode()
            raise ArmError(0, "", f"{host} does not answer ({error}); is it running?") from None

    async def _send(self, method: str, url: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """One request, tried again when ARM is busy or the connection breaks."""
        wait = 0.5
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1
            headers = {"Authorization": f"Bearer {await self.bearer()}"}
            try:
                answer = await self._http.request(method, url, json=body, headers=headers)
            except httpx.TransportError as error:
                if last:
                    raise ArmError(0, "", f"{httpx.URL(url).netloc.decode()} does not answer ({error})") from None
            else:
                if last or not _is_worth_retrying(answer):
                    return answer
                wait = float(answer.headers.get("Retry-After", wait))
            await asyncio.sleep(wait)
            wait = min(2 * wait, 60)
        raise AssertionError("unreachable")

    async def _finish(self, answer: httpx.Response, seconds: float) -> dict[str, Any]:
        """Follow a long-running operation; the newest Location and Azure-AsyncOperation count."""
        _raise_for(answer)
        deadline = time.monotonic() + (seconds or _OPERATION_SECONDS)
        asynchronous, location = (answer.headers.get(name, "") for name in ("Azure-AsyncOperation", "Location"))
        while answer.status_code == httpx.codes.ACCEPTED or _is_in_progress(answer):
            if time.monotonic() > deadline:
                raise ArmError(0, "OperationTimedOut", "the operation did not end in time")
            await asyncio.sleep(float(answer.headers.get("Retry-After", _POLL_SECONDS)))
            answer = await self._send("GET", asynchronous or location)
            _raise_for(answer)
            asynchronous = answer.headers.get("Azure-AsyncOperation", asynchronous)
            location = answer.headers.get("Location", location)
        return _body(answer)


def _is_in_progress(answer: httpx.Response) -> bool:
    """Whether an Azure-AsyncOperation's status says that it goes on."""
    if not answer.content or "json" not in answer.headers.get("content-type", ""):
        return False
    found = answer.json()
    state = str(found.get("status", "")) if isinstance(found, dict) and "id" not in found else ""
    if state in ("Failed", "Canceled"):
        raise _error(answer.status_code, found)
    return state not in ("", "Succeeded")


def _is_worth_retrying(answer: httpx.Response) -> bool:
    if answer.status_code == httpx.codes.CONFLICT:
        return "AnotherOperationInProgress" in answer.text
    return answer.status_code in _RETRIED


def _body(answer: httpx.Response) -> dict[str, Any]:
    _raise_for(answer)
    if not answer.content:
        return {}
    found = answer.json()
    return found if isinstance(found, dict) else {"value": found}


def _raise_for(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    try:
        found = answer.json()
    except ValueError:
        raise ArmError(answer.status_code, "", f"status {answer.status_code}") from None
    raise _error(answer.status_code, found)


def _error(status: int, body: dict[str, Any]) -> ArmError:
    error = body.get("error", body)
    texts = [str(error.get("message", "")).split("\nRequestId")[0]]
    texts += [f"{one.get('code', '')}: {one.get('message', '')}" for one in error.get("details") or []]
    return ArmError(status, str(error.get("code", "")), "; ".join(text for text in texts if text.strip()))
