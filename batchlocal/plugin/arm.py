"""ARM as the provider uses it: tokens, requests tried again, long-running operations followed to their end."""

from __future__ import annotations

import asyncio
import email.utils
import json
import os
import ssl
import sys
import time
from typing import Any, Final

# httpx's command line, which comes with it where rich is installed, is two thirds of its import; it is optional.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

import httpx  # noqa: E402

from batchlocal.plugin.errors import ArmError, OperationFailed  # noqa: E402
from batchlocal.plugin.login import Login  # noqa: E402
from batchlocal.plugin.settings import Settings  # noqa: E402

__all__ = ["ArmClient"]

_RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504})
_ATTEMPTS: Final = 6
_POLL_SECONDS: Final = 1.0  # without a Retry-After; the service's own always has one
_OPERATION_SECONDS: Final = 2 * 3600.0  # the official provider's limit without customTimeouts
_CONNECTIONS: Final = 16
_LONGEST_WAIT: Final = 120.0
_UNFINISHED: Final = frozenset(
    {
        *("accepted", "creating", "deleting", "inprogress", "pending", "provisioning"),
        *("resolvingdns", "running", "updating", "validating"),
    }
)
"""What Azure's operations and resources call themselves on their way; what else they say is final."""


class ArmClient:
    """A connection to one cloud with one identity's token."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        authorities = os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE")
        # Requests wait here and not in httpx's pool, whose cost grows with the square of those that wait in it.
        self._turns = asyncio.Semaphore(_CONNECTIONS)
        limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
        self._http = httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=authorities), timeout=120, limits=limits, trust_env=False
        )
        self._metadata: dict[str, Any] = {}
        self._login = Login(settings, self._reach)
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def get(self, path: str, api_version: str) -> dict[str, Any] | None:
        """A resource, or None when it does not exist."""
        answer = await self._send("GET", await self._url(path, api_version))
        return None if answer.status_code == httpx.codes.NOT_FOUND else _body(answer)

    async def put(self, path: str, api_version: str, body: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Create or replace a resource and wait until that is done; returns the resource.

        Raises:
            ArmError: refused, nothing was done. OperationFailed: taken, but it did not end well.
        """
        url = await self._url(path, api_version)
        answer = await self._send("PUT", url, body)
        _raise_for(answer)
        try:
            found = await self._finish(answer, seconds, resource=url)
            return found if "id" in found else await self.get(path, api_version) or {"id": path}
        except ArmError as error:
            raise OperationFailed(error.status, "", str(error)) from None

    async def delete(self, path: str, api_version: str, seconds: float) -> None:
        """Delete a resource and wait until it is gone; one that is not there is well."""
        answer = await self._send("DELETE", await self._url(path, api_version))
        if answer.status_code != httpx.codes.NOT_FOUND:
            _raise_for(answer)
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
                _only_https(self._metadata["resourceManager"])
                _only_https(self._metadata["authentication"]["loginEndpoint"])
            return self._metadata

    async def bearer(self) -> str:
        """An access token for ARM."""
        return await self._login.token((await self._cloud())["authentication"])

    async def _reach(self, method: str, url: str, **options: Any) -> httpx.Response:
        try:
            return await self._http.request(method, _only_https(url), **options)
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
                async with self._turns:
                    answer = await self._http.request(method, url, json=body, headers=headers)
            except httpx.TransportError as error:
                if last:
                    raise ArmError(0, "", f"{httpx.URL(url).netloc.decode()} does not answer ({error})") from None
            else:
                if last or not _is_worth_retrying(answer):
                    return answer
                if answer.status_code == httpx.codes.UNAUTHORIZED:
                    self._login.forget()
                    continue
                wait = _retry_after(answer, wait)
            await asyncio.sleep(wait)
            wait = min(2 * max(wait, 0.1), _LONGEST_WAIT)
        raise AssertionError("unreachable")

    async def _finish(self, answer: httpx.Response, seconds: float, resource: str = "") -> dict[str, Any]:
        """Follow a long-running operation to its end; returns the last answer's body, empty when that is no resource.

        An Azure-AsyncOperation tells its state in ``status``; a Location by 202 until it ends; a ``resource`` that was
        taken without either by its ``provisioningState``. The newest address counts.
        """
        limit = seconds or _OPERATION_SECONDS
        deadline = time.monotonic() + limit
        asynchronous, location = (answer.headers.get(name, "") for name in ("Azure-AsyncOperation", "Location"))
        goes_on = bool(asynchronous) or _goes_on(answer)
        while goes_on and (url := asynchronous or location or resource):
            if time.monotonic() > deadline:
                raise ArmError(0, "OperationTimedOut", f"the operation did not end within {limit:g} s")
            await asyncio.sleep(_retry_after(answer, _POLL_SECONDS))
            answer = await self._send("GET", _only_https(url))
            _raise_for(answer)
            goes_on = _goes_on(answer)
            asynchronous, location = (
                answer.headers.get(name, old) if old else ""
                for name, old in (("Azure-AsyncOperation", asynchronous), ("Location", location))
            )
        return {} if asynchronous else _body(answer)


def _only_https(url: str) -> str:
    """The address, when it is one that a token may be sent to."""
    if not url.startswith("https://"):
        parts = httpx.URL(url)
        raise ArmError(0, "", f"{parts.scheme}://{parts.netloc.decode()} is not an https address: refused")
    return url


def _goes_on(answer: httpx.Response) -> bool:
    """Whether an operation, or the resource that it makes, is not in a final state yet.

    Raises:
        ArmError: it has failed or was cancelled.
    """
    if answer.status_code == httpx.codes.ACCEPTED:
        return True
    found = _json(answer)
    state = str(found.get("status") or (found.get("properties") or {}).get("provisioningState") or "").lower()
    if state in ("failed", "canceled", "cancelled"):
        raise _error(0, found if "error" in found else {"code": f"Operation{state.capitalize()}"})
    return state in _UNFINISHED


def _retry_after(answer: httpx.Response, otherwise: float) -> float:
    """The seconds to wait that an answer asks for; a date is taken too."""
    given = answer.headers.get("Retry-After", "")
    try:
        return min(max(float(given), 0.0), _LONGEST_WAIT)
    except ValueError:
        date = email.utils.parsedate_to_datetime(given) if given else None
        return min(max(date.timestamp() - time.time(), 0.0), _LONGEST_WAIT) if date else otherwise


def _is_worth_retrying(answer: httpx.Response) -> bool:
    if answer.status_code == httpx.codes.CONFLICT:
        return "AnotherOperationInProgress" in answer.text
    return answer.status_code in _RETRIED or answer.status_code == httpx.codes.UNAUTHORIZED


def _json(answer: httpx.Response) -> dict[str, Any]:
    """An answer's JSON object; empty when it is none."""
    try:
        found = answer.json() if answer.content else {}
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {"value": found}


def _body(answer: httpx.Response) -> dict[str, Any]:
    _raise_for(answer)
    return _json(answer)


def _raise_for(answer: httpx.Response) -> None:
    if not answer.is_success:
        raise _error(answer.status_code, _json(answer) or {"message": f"status {answer.status_code}"})


def _error(status: int, body: dict[str, Any]) -> ArmError:
    """ARM's error, or one that only has a code or a message, with the details at any depth."""
    error = body.get("error", body)
    if not isinstance(error, dict):
        error = {"message": str(error)}
    texts = [_sentence(str(error.get("message") or "")), *_details(error)]
    return ArmError(status, str(error.get("code") or ""), "; ".join(text for text in texts if text))


def _details(error: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for detail in error.get("details") or []:
        found.append(
            ": ".join(filter(None, (str(detail.get("code") or ""), _sentence(str(detail.get("message") or "")))))
        )
        found += _details(detail)
    return found


def _sentence(message: str) -> str:
    """A message without the request id and time that the services put below it."""
    return message.split("\nRequestId")[0].strip()
