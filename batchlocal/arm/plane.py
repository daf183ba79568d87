"""The management plane's pipeline: every ARM request, in this order."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

from batchlocal.arm import activity, generic
from batchlocal.arm.access import check_access
from batchlocal.arm.call import ArmCall
from batchlocal.arm.errors import answer_fault, answer_refusal
from batchlocal.arm.front_door import (
    ApiVersionMissing,
    BodyNotReadable,
    MethodNotAllowed,
    OperationNotImplemented,
    refuse_operation,
    refuse_token,
    refuse_version,
)
from batchlocal.arm.microsoft_authorization.locks import check_unlocked
from batchlocal.arm.provider import Handler, ResourceProvider
from batchlocal.domain.refusals import Fault, Refusal
from batchlocal.faults import suffer
from batchlocal.identity.tokens import Principal, TokenRefused
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer, BodyNotJson, Request
from batchlocal.protocol.routing import Routed, Router

__all__ = ["ArmPlane"]

_log = logging.getLogger(__name__)
_READS = ("GET", "HEAD")
_SLASHES = re.compile("//+")


class _Target(NamedTuple):
    provider: ResourceProvider
    operation: Routed
    handler: Handler | None


class ArmPlane:
    """Answers what is addressed to management.azure.com."""

    def __init__(self, platform: Platform, providers: Iterable[ResourceProvider]) -> None:
        self._platform = platform
        origin = platform.origin
        self._audiences = {origin, "https://management.azure.com", "https://management.core.windows.net"}
        self._router: Router[_Target] = Router()
        self._namespaces: set[str] = set()
        for provider in providers:
            self._namespaces.add(provider.namespace.lower())
            for operation in provider.operations.values():
                target = _Target(provider, operation, provider.handlers.get(operation.id))
                self._router.add(operation.method, operation.path, target)

    async def answer(self, request: Request) -> Answer:
        """Answer one request; a refusal becomes Azure's error body."""
        request.path = _SLASHES.sub("/", request.path)  # az resource create sends two where a parent might stand
        try:
            principal = self._authenticate(request)
            target, parameters = self._find(request)
            self._check_version(request, target)
            request.operation, request.caller = target.operation.id, principal.object_id
            answer = await self._answer(request, principal, target, parameters)
        except Refusal as refusal:
            answer = answer_refusal(refusal, request)
        except Exception:
            _log.exception("request %s: %s %s", request.request_id, request.method, request.path)
            answer = answer_refusal(Fault(), request)
        self._give_headers(request, answer)
        return answer

    def _authenticate(self, request: Request) -> Principal:
        try:
            return self._platform.tokens.verify(request.headers.get("authorization", ""), self._audiences)
        except TokenRefused as refused:
            raise refuse_token(refused, self._platform) from None

    def _find(self, request: Request) -> tuple[_Target, dict[str, str]]:
        match = self._router.find(request.path)
        if match is None:
            return self._unmodelled(request), {}
        target = match.targets.get(request.method) or (match.targets.get("GET") if request.method == "HEAD" else None)
        if target is None:
            raise MethodNotAllowed(request.method)
        return target, match.parameters

    def _unmodelled(self, request: Request) -> _Target:
        operation = generic.operation_for(request, self._namespaces, strict=self._platform.strict)
        return _Target(generic.PROVIDER, operation, generic.PROVIDER.handlers[operation.id])

    def _check_version(self, request: Request, target: _Target) -> None:
        if not request.api_version:
            raise ApiVersionMissing
        if target.provider.versions and request.api_version not in target.provider.versions:
            raise refuse_version(request, target.provider)
        if not target.provider.offers(target.operation, request.api_version):
            raise refuse_operation(request, target.provider)

    async def _answer(
        self, request: Request, principal: Principal, target: _Target, parameters: dict[str, str]
    ) -> Answer:
        fault = self._platform.faults.strike("arm", target.operation.id, parameters.get("accountName", ""))
        if fault is None:
            return await self._perform(request, principal, target, parameters)
        perform = partial(self._perform, request, principal, target, parameters)
        return await suffer(fault, request, perform, lambda fault: answer_fault(fault, request))

    async def _perform(
        self, request: Request, principal: Principal, target: _Target, parameters: dict[str, str]
    ) -> Answer:
        """Run the handler; a write's activity log entry is committed with what it did, a refused write's alone."""
        store = self._platform.store
        call = ArmCall(request, self._platform, store.read, principal, parameters)
        try:
            check_access(call)
            call.body = self._read_body(request, target)
            if target.handler is None:
                raise OperationNotImplemented(target.operation.id)
            check_unlocked(call)
            if inspect.iscoroutinefunction(target.handler):
                answer: Answer = await target.handler(call)
                with store.write() as tx:
                    activity.record(tx, call, answer.status)
            elif request.method in _READS:
                answer = target.handler(call)  # type: ignore[assignment]
            else:
                with store.write() as tx:
                    answer = target.handler(call)  # type: ignore[assignment]
                    activity.record(tx, call, answer.status)
        except Refusal as refusal:
            with store.write() as tx:
                activity.record(tx, call, answer_refusal(refusal, request).status)
            raise
        target.provider.show(target.operation, request.api_version, answer)
        if call.warnings:
            answer.headers["Warning"] = ", ".join(f'299 batchlocal "{text}"' for text in call.warnings)
        return answer

    @staticmethod
    def _read_body(request: Request, target: _Target) -> object:
        try:
            body = request.json()
        except BodyNotJson:
            raise BodyNotReadable from None
        return target.provider.check_body(target.operation, request.api_version, body)

    def _give_headers(self, request: Request, answer: Answer) -> None:
        """ARM's standing headers (F2)."""
        correlation = request.headers.get("x-ms-correlation-request-id", request.request_id)
        moment = moments.to_datetime(request.arrived).strftime("%Y%m%dT%H%M%SZ")
        budget = {"GET": ("reads", 11999), "HEAD": ("reads", 11999), "DELETE": ("deletes", 14999)}
        kind, remaining = budget.get(request.method, ("writes", 1199))
        standing = {
            "Cache-Control": "no-cache",
            "Pragma": "no-cache",
            "Expires": "-1",
            "x-ms-request-id": request.request_id,
            "x-ms-correlation-request-id": correlation,
            "x-ms-routing-request-id": f"LOCAL:{moment}:{correlation}",
            f"x-ms-ratelimit-remaining-subscription-{kind}": str(remaining),
        }
        if client := request.headers.get("x-ms-client-request-id"):
            standing["x-ms-client-request-id"] = client
        answer.headers = {**standing, **answer.headers}
        if answer.media_type is None:
            answer.media_type = "application/json; charset=utf-8"
