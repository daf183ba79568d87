"""A resource provider: a namespace, its api-versions, and a handler for each operation it has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Any, TypeVar

from batchlocal import specs
from batchlocal.arm.call import ArmCall
from batchlocal.domain.refusals import Refusal
from batchlocal.protocol import descriptions
from batchlocal.protocol.descriptions import BodyRefused
from batchlocal.protocol.messages import Answer
from batchlocal.protocol.routing import Routed

__all__ = ["REGISTERED", "Handler", "ResourceProvider"]

Handler = Callable[[ArmCall], Answer] | Callable[[ArmCall], Awaitable[Answer]]
F = TypeVar("F", bound=Handler)
# A tracked resource's envelope is ARM's own: clients change what a GET gave them and send the whole back.
_ENVELOPE = frozenset({"id", "name", "type", "location", "etag", "systemdata"})


REGISTERED: list[ResourceProvider] = []
"""Every provider that has a namespace, in the order in which their modules were read."""


class ResourceProvider:
    """One ARM namespace.

    ``routes`` are operations that stand in no description of ours, such as the polls of long-running operations. With
    ``refuse_body``, which words what is wrong with a body, the namespace's descriptions add all their operations and
    api-versions, check and clean bodies, and (``trims_answers``) leave out of answers what an older api-version lacks.
    An operation without a handler answers "not implemented": silence is never success.
    """

    def __init__(
        self,
        namespace: str,
        routes: Iterable[Routed],
        refuse_body: Callable[[specs.Problem], Refusal] | None = None,
        *,
        trims_answers: bool = True,
    ) -> None:
        self.namespace = namespace
        self._trims_answers = trims_answers
        self._refuse_body = refuse_body
        described = specs.every_operation(namespace) if refuse_body else ()
        self._described = frozenset(operation.id for operation in described)
        self.operations = {operation.id: operation for operation in (*described, *routes)}
        self.versions = specs.known_versions(namespace) if refuse_body else ()
        self.handlers: dict[str, Handler] = {}
        self.data_actions: tuple[str, ...] = ()
        if namespace:
            REGISTERED.append(self)

    def operation(self, *operation_ids: str) -> Callable[[F], F]:
        """Register the handler of one or more operations, by Microsoft's operationId."""

        def register(handler: F) -> F:
            for operation_id in operation_ids:
                if operation_id not in self.operations:
                    raise LookupError(f"{self.namespace} has no operation {operation_id}")
                if operation_id in self.handlers:
                    raise LookupError(f"{operation_id} has a handler already")
                self.handlers[operation_id] = handler
            return handler

        return register

    def add(self, route: Routed, handler: Handler) -> None:
        """One more operation, with its handler."""
        if route.id in self.operations:
            raise LookupError(f"{self.namespace} has an operation {route.id} already")
        self.operations[route.id], self.handlers[route.id] = route, handler

    def offers(self, operation: Routed, api_version: str) -> bool:
        """Whether the api-version, one of ``versions``, has the operation; what no description has is always there."""
        return operation.id not in self._described or descriptions.offers(self.namespace, api_version, operation.id)

    def check_body(self, operation: Routed, api_version: str, body: Any) -> Any:
        """The body as handlers take it.

        Raises:
            Refusal: it is not what the operation takes.
        """
        if self._refuse_body is None:
            return body
        given_back = _ENVELOPE if operation.method in ("PUT", "PATCH") else frozenset()
        try:
            return descriptions.checked(self.namespace, operation, api_version, body, given_back)
        except BodyRefused as refused:
            raise self._refuse_body(refused.problem) from None

    def show(self, operation: Routed, api_version: str, answer: Answer) -> None:
        """Bring an answer into its api-version's form: its status, and without what that version does not have."""
        if self._refuse_body is None or not self._trims_answers:
            return
        like = self.operations.get(getattr(operation, "answers_like", ""), operation)
        answer.status = descriptions.success(self.namespace, like, api_version, answer.status)
        if answer.status == HTTPStatus.NO_CONTENT:
            answer.json = None
        elif isinstance(answer.json, dict):
            answer.json = descriptions.shown(self.namespace, like, api_version, answer.status, answer.json)
