"""The request pipeline on one screen: what every request goes through, whichever plane it is for.

authority   /metadata/endpoints, /{tenant}/oauth2/..., OpenID documents        no token needed
control     /_batchlocal/...                                                   the data folder's control token
portal      /portal/...                                                       a cookie that `batchlocal portal` leads to
logs        /v1/workspaces/ID/query                                           Entra token
ARM         /subscriptions, /providers, /tenants                               Entra token; writes are logged
service     /ACCOUNT/..., or any other signed with SharedKey                     SharedKey or Entra token; never logged
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from time import perf_counter
from typing import Any

import orjson

from batchlocal.arm.plane import ArmPlane
from batchlocal.arm.provider import ResourceProvider
from batchlocal.arm.providers import providers
from batchlocal.blobs.operations import OPERATIONS
from batchlocal.clock import ARRIVED
from batchlocal.control.plane import ControlPlane
from batchlocal.identity.authority import Authority
from batchlocal.log_query_plane import LogQueryPlane
from batchlocal.platform import Platform
from batchlocal.portal.plane import PortalPlane
from batchlocal.protocol.messages import Answer, Request
from batchlocal.service import operations as service
from batchlocal.service.plane import ServicePlane

__all__ = ["Application"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_ARM_ROOTS = {"subscriptions", "providers", "tenants"}
_LARGEST_BODY = 4 * 1024 * 1024  # bytes, ARM's limit; the service's own is lower and checked there
_LARGEST_HEADERS = 64 * 1024  # bytes, names and values together; tokens with many groups have some 10 KiB
_LONGEST_URL = 16 * 1024  # bytes, as http.sys, which answers for Azure Batch, takes by default
_STANDING_HEADERS = [
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
]


class Application:
    """The ASGI application."""

    def __init__(self, platform: Platform) -> None:
        self._authority = Authority(platform.tokens, platform.credentials, platform.origin, lambda: platform.store.read)
        known = providers()
        self._control = ControlPlane(platform, _operations(known))
        self._portal = PortalPlane(platform)
        self._arm = ArmPlane(platform, known)
        self._logs = LogQueryPlane(platform)
        self._journal = platform.journal
        self._gate = platform.gate
        self._service = ServicePlane(
            platform, service.operations, service.handlers, service.versions, service.check_body, service.show_body
        )

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = await _read(scope, receive)
        if _root(request) == "_batchlocal":
            await _send(request, await self._control.answer(request), send)
            return
        await self._gate.enter()
        try:
            answer = await self.answer(request)
            if request.drop:
                await _drop(scope, receive)
            else:
                await _send(request, answer, send)
        finally:
            self._gate.leave()

    async def answer(self, request: Request) -> Answer:
        """Find who answers, let him, and note it in the journal, where our own portal does not stand."""
        began = perf_counter()
        ARRIVED.set(request.arrived)
        plane, answer = await self._answer(request)
        if plane != "portal":
            self._journal.add(plane, request, answer.status, perf_counter() - began)
        return answer

    async def _answer(self, request: Request) -> tuple[str, Answer]:
        if (answer := _too_large(request)) is not None:
            return "", answer
        if (answer := self._authority.answer(request)) is not None:
            return "authority", answer
        root = _root(request)
        if root == "portal":
            return "portal", self._portal.answer(request)
        if root == "v1":
            return "logs", self._logs.answer(request)
        if root in _ARM_ROOTS:
            return "arm", await self._arm.answer(request)
        return "service", await self._service.answer(request)


def _too_large(request: Request) -> Answer | None:
    """The refusal of a request that is beyond what anybody needs; nothing else has looked at it."""
    if len(request.body) > _LARGEST_BODY:
        status, code, what = 413, "RequestEntityTooLarge", "body is over 4 MiB"
    elif len(request.raw_path) + len(request.raw_query) > _LONGEST_URL:
        status, code, what = 414, "RequestUriTooLong", "URL is over 16 KiB"
    elif sum(len(name) + len(value) for name, value in request.headers.items()) > _LARGEST_HEADERS:
        status, code, what = 431, "RequestHeaderFieldsTooLarge", "headers are over 64 KiB"
    else:
        return None
    return Answer(status, {"error": {"code": code, "message": f"The request's {what}."}})


def _root(request: Request) -> str:
    return request.path.strip("/").partition("/")[0].lower()


def _operations(known: Iterable[ResourceProvider]) -> dict[str, frozenset[str]]:
    """Which operations each plane has, by plane: what a fault may be set on."""
    return {
        "arm": frozenset(operation for provider in known for operation in provider.operations),
        "service": frozenset(operation.id for operation in service.operations),
        "storage": OPERATIONS,
    }


async def _read(scope: Message, receive: Receive) -> Request:
    """The request, read whole; what goes beyond the largest body is not kept."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if len(body) <= _LARGEST_BODY:
            body += message.get("body", b"")
        more = message.get("more_body", False)
    return Request(
        method=scope["method"],
        raw_path=scope["raw_path"].decode("latin-1"),
        raw_query=scope["query_string"].decode("latin-1"),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=bytes(body),
        peer=scope["client"][0] if scope.get("client") else "",
    )


async def _drop(scope: Message, receive: Receive) -> None:
    """Close the connection without an answer, as a fault asked for."""
    scope["batchlocal.abort"]()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(request: Request, answer: Answer, send: Send) -> None:
    content = answer.content
    media_type = answer.media_type or "application/json; charset=utf-8"
    if answer.json is not None:
        content = orjson.dumps(answer.json)
    headers = [*_STANDING_HEADERS, *_encoded(answer.headers.items())]
    bodiless = request.method == "HEAD" or answer.status == 204
    if content is not None or answer.stream is not None:
        headers.append((b"content-type", media_type.encode("latin-1")))
    if answer.stream is None and answer.status != 204 and "Content-Length" not in answer.headers:
        headers.append((b"content-length", str(len(content or b"")).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.stream is not None and not bodiless:
        async for piece in answer.stream:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        content = None
    await send({"type": "http.response.body", "body": b"" if bodiless else content or b""})


def _encoded(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[bytes, bytes]]:
    return ((name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers)
