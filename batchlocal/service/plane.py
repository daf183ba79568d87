"""The service plane's pipeline: every request to a Batch account's endpoint, in this order.

Nothing here writes the activity log: service-level calls go around ARM.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import unquote

from batchlocal.domain.refusals import Fault, Refusal
from batchlocal.faults import suffer
from batchlocal.identity import shared_key
from batchlocal.platform import Platform
from batchlocal.protocol.messages import Answer, BodyNotJson, Request
from batchlocal.protocol.routing import Routed, Router
from batchlocal.service.access import Caller
from batchlocal.service.authentication import authenticate
from batchlocal.service.call import ServiceCall
from batchlocal.service.errors import answer_fault, answer_refusal
from batchlocal.service.front_door import (
    ApiVersionMissing,
    ApiVersionUnknown,
    BodyNotReadable,
    BodyTooLarge,
    MethodNotAllowed,
    OperationNotImplemented,
    PathNotFound,
    check_form,
)

__all__ = ["Handler", "ServicePlane"]

Handler = Callable[[ServiceCall], Answer] | Callable[[ServiceCall], Awaitable[Answer]]
BodyCheck = Callable[[Routed, str, Any], Any]
BodyView = Callable[[Routed, str, int, Any], Any]

_log = logging.getLogger(__name__)
_BODY_LIMIT = 1_048_576  # bytes; recorded: RequestBodyTooLarge names it as MaxLimit (F10)
_READS = ("GET", "HEAD")


class _Target(NamedTuple):
    operation: Routed
    handler: Handler | None


class ServicePlane:
    """Answers what is addressed to an account's endpoint, ``/ACCOUNT/...``; and to the bare origin when a SharedKey
    signature names the account (@azure/batch drops the path of an endpoint: clients.md)."""

    def __init__(
        self,
        platform: Platform,
        operations: Iterable[Routed],
        handlers: Mapping[str, Handler],
        versions: tuple[str, ...],
        check_body: BodyCheck,
        show_body: BodyView,
    ) -> None:
        self._platform = platform
        self._versions = versions
        self._check_body = check_body
        self._show_body = show_body
        self._router: Router[_Target] = Router(greedy={"filePath"})
        for operation in operations:
            self._router.add(operation.method, operation.path, _Target(operation, handlers.get(operation.id)))

    async def answer(self, request: Request) -> Answer:
        """Answer one request; a refusal becomes the service's error body."""
        name, path = self._account_and_path(request)
        url = f"{self._platform.origin}/{name}"
        try:
            caller = authenticate(self._platform, request, name, unquote(path))
            answer = await self._perform(request, caller, path, url)
        except Refusal as refusal:
            answer = answer_refusal(refusal, request, url)
        except Exception:
            _log.exception("request %s: %s %s", request.request_id, request.method, request.path)
            answer = answer_refusal(Fault(), request, url)
        self._give_headers(request, answer)
        return answer

    @staticmethod
    def _account_and_path(request: Request) -> tuple[str, str]:
        """The account's name and the still encoded path below its endpoint."""
        head, _, tail = request.raw_path.lstrip("/").partition("/")
        signed = shared_key.read_signature(request.headers.get("authorization", ""))
        if signed and head.lower() != signed.account.lower():
            return signed.account, request.raw_path
        return head, f"/{tail}"

    async def _perform(self, request: Request, caller: Caller, path: str, url: str) -> Answer:
        target, parameters = self._find(request, path)
        if not request.api_version:
            raise ApiVersionMissing
        if request.api_version not in self._versions:
            raise ApiVersionUnknown(request.api_version)
        request.operation = target.operation.id
        fault = self._platform.faults.strike("service", target.operation.id, caller.account.name)
        if fault is None:
            return await self._run(request, caller, target, parameters, url)
        run = partial(self._run, request, caller, target, parameters, url)
        return await suffer(fault, request, run, lambda fault: answer_fault(fault, request, url))

    async def _run(
        self, request: Request, caller: Caller, target: _Target, parameters: dict[str, str], url: str
    ) -> Answer:
        if target.handler is None:
            raise OperationNotImplemented(target.operation.id)
        caller.check(target.operation)
        check_form(request)
        store = self._platform.store
        call = ServiceCall(request, self._platform, store.read, caller.account, parameters, url)
        call.body = self._read_body(request, target.operation)
        caller.check_body(call.body)
        answer = await self._handle(target.handler, call)
        if answer.json is not None:
            answer.json = self._show_body(target.operation, request.api_version, answer.status, answer.json)
        return answer

    async def _handle(self, handler: Handler, call: ServiceCall) -> Answer:
        if inspect.iscoroutinefunction(handler):
            answer: Answer = await handler(call)
            return answer
        if call.request.method in _READS:
            return handler(call)  # type: ignore[return-value]
        with self._platform.store.write():
            return handler(call)  # type: ignore[return-value]

    def _find(self, request: Request, path: str) -> tuple[_Target, dict[str, str]]:
        match = self._router.find(path)
        if match is None:
            raise PathNotFound(unquote(path))
        target = match.targets.get(request.method)
        if target is None:
            raise MethodNotAllowed(request.method)
        return target, {name: unquote(value) for name, value in match.parameters.items()}

    def _read_body(self, request: Request, operation: Routed) -> Any:
        if len(request.body) > _BODY_LIMIT:
            raise BodyTooLarge(_BODY_LIMIT)
        try:
            body = request.json()
        except BodyNotJson:
            raise BodyNotReadable from None
        return self._check_body(operation, request.api_version, body)

    @staticmethod
    def _give_headers(request: Request, answer: Answer) -> None:
        """The service's standing headers (F10)."""
        standing = {"DataServiceVersion": "3.0", "request-id": request.request_id, "Server": "Microsoft-HTTPAPI/2.0"}
        client = request.headers.get("client-request-id")
        if client and request.headers.get("return-client-request-id", "").lower() == "true":
            standing["client-request-id"] = client
        answer.headers = {**standing, **answer.headers}
        if answer.media_type is None:
            answer.media_type = "application/json;odata=minimalmetadata"
