"""HTTPS and JSON over the standard library, for the commands whose time is mostly imports.

An SDK client costs about 0.25 s to import; a POST of listKeys takes milliseconds. Requests made here are all safe to
repeat (reads, listKeys, tokens, a resource or block brought to a state), so every one is retried alike.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from batchmgmt.errors import BatchManagementError, ConnectionFailed, TimedOut, UsageError, azure_error
from batchmgmt.secret import masked
from batchmgmt.wire import Connection, proxy_for

__all__ = ["Answer", "LeanHttp", "default_timeout", "tls_context"]

RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504})
ATTEMPTS: Final = 4
LONGEST_PAUSE: Final = 60.0  # seconds; a longer Retry-After is reported instead of waited for


def default_timeout() -> float:
    """Seconds to wait for an answer: ``BATCHMGMT_TIMEOUT``, else 60.

    Raises:
        UsageError: the variable is not a positive number.
    """
    text = os.environ.get("BATCHMGMT_TIMEOUT", "60")
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"BATCHMGMT_TIMEOUT is a number of seconds above 0, not '{text}'")
    return seconds


class Answer(NamedTuple):
    """An HTTP answer; ``json`` is None where the body is none."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Answer(status={self.status})"  # bodies and headers may hold secrets

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class LeanHttp:
    """Keeps one connection a host open; threads take turns."""

    def __init__(self, timeout: float | None = None) -> None:
        self._timeout = timeout if timeout is not None else default_timeout()
        self._connections: dict[str, Connection] = {}
        self._tls: ssl.SSLContext | None = None
        self._turn = threading.Lock()

    def request(
        self, act: str, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Send a request, again where that helps, and return the answer of a 2xx status.

        Raises:
            AzureError: the answer is an error. ConnectionFailed, TimedOut: there is none.
        """
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            try:
                with self._turn:
                    answer = self._send(method, url, dict(headers or {}), body)
            except OSError as fault:
                _log(method, url, str(fault))
                self._drop(url)
                if last or isinstance(fault, ssl.SSLCertVerificationError):
                    raise _no_answer(act, url, fault) from None
                time.sleep(_backoff(attempt))
                continue
            _log(method, url, f"{answer.status} (request {answer.headers.get('x-ms-request-id', 'unnamed')})")
            if 200 <= answer.status < 300:
                return answer
            pause = _pause(answer, attempt)
            if answer.status not in RETRIED or last or pause > LONGEST_PAUSE:
                raise azure_error(act, answer.status, _said(answer), answer.headers.get("x-ms-request-id"))
            time.sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _send(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
        parts = urlsplit(url)
        if parts.scheme != "https":
            raise BatchManagementError(f"{parts.scheme}://{parts.netloc} is not https: tokens are sent over https only")
        connection = self._connection(parts.netloc)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        answer = Answer(*connection.exchange(method, target, {"Accept": "application/json", **headers}, body or b""))
        if not connection.reusable:
            self._drop(url)
        return answer

    def _connection(self, netloc: str) -> Connection:
        if netloc not in self._connections:
            self._tls = self._tls or tls_context()
            self._connections[netloc] = Connection(netloc, self._tls, self._timeout)
        return self._connections[netloc]

    def _drop(self, url: str) -> None:
        connection = self._connections.pop(urlsplit(url).netloc, None)
        if connection is not None:
            connection.close()


def tls_context() -> ssl.SSLContext:
    """Verifies with the same roots as the SDKs would: REQUESTS_CA_BUNDLE, else what OpenSSL (SSL_CERT_FILE) has."""
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    try:
        return ssl.create_default_context(cafile=bundle or None)
    except (OSError, ssl.SSLError):
        raise BatchManagementError(f"REQUESTS_CA_BUNDLE names '{bundle}', which is no readable PEM file") from None


def _said(answer: Answer) -> Any:
    """An error's body; where it is no JSON, as storage's is not, the code that the headers name."""
    code = answer.headers.get("x-ms-error-code")
    return answer.json or ({"code": code} if code else None)


def _log(method: str, url: str, outcome: str) -> None:
    """Log the request as SDKs do; where nobody has imported logging nobody listens, and it would cost its import."""
    logging = sys.modules.get("logging")
    if logging is not None:
        logging.getLogger("batchmgmt").debug("%s %s: %s", method, masked(url), outcome)


def _backoff(attempt: int) -> float:
    return float(0.2 * 2 ** (attempt - 1))


def _pause(answer: Answer, attempt: int) -> float:
    try:
        return max(0.0, float(answer.headers.get("retry-after", "")))
    except ValueError:
        return _backoff(attempt)


def _proxy(url: str) -> str:
    """The proxy by which the URL is reached, without what signs in to it; empty where none is."""
    return proxy_for(urlsplit(url).hostname or "").rpartition("@")[2]


def _no_answer(act: str, url: str, fault: Exception) -> ConnectionFailed:
    host = urlsplit(url).netloc
    if isinstance(fault, ConnectionRefusedError | socket.gaierror) and (proxy := _proxy(url)):
        return ConnectionFailed(f"{act}: the proxy {proxy} is not there; check HTTPS_PROXY, or name {host} in NO_PROXY")
    if isinstance(fault, TimeoutError):
        return TimedOut(f"{act}: {host} gave no answer in time; try again")
    if isinstance(fault, ssl.SSLCertVerificationError):
        return ConnectionFailed(
            f"{act}: the certificate of {host} is not trusted ({fault.verify_message});"
            " name its CA in REQUESTS_CA_BUNDLE and SSL_CERT_FILE"
        )
    if isinstance(fault, ConnectionRefusedError):
        return ConnectionFailed(f"{act}: nothing listens at {host}; start the server or check ARM_METADATA_HOSTNAME")
    if isinstance(fault, socket.gaierror):
        return ConnectionFailed(f"{act}: the name {host} does not resolve; check the network and ARM_METADATA_HOSTNAME")
    return ConnectionFailed(f"{act}: the connection to {host} broke ({fault}); try again")
