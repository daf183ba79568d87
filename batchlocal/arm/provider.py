"""A resource provider: a namespace, its api-versions, and a handler for each operation it has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from batchlocal.arm.call import ArmCall
from batchlocal.protocol.messages import Answer
from batchlocal.protocol.routing import Routed

__all__ = ["Handler", "ResourceProvider"]

Handler = Callable[[ArmCall], Answer] | Callable[[ArmCall], Awaitable[Answer]]
BodyCheck = Callable[[Routed, str, Any], Any]


def _as_sent(_operation: Routed, _api_version: str, body: Any) -> Any:
    return body


class ResourceProvider:
    """One ARM namespace.

    ``operations`` say which methods and paths exist; ``versions`` (newest first) which api-versions are answered, any
    when empty. ``check_body`` takes an operation, the api-version and the JSON body and returns it cleaned, or raises
    a refusal. An operation without a handler answers "not implemented": silence is never success.
    """

    def __init__(
        self,
        namespace: str,
        operations: Iterable[Routed],
        versions: Sequence[str] = (),
        check_body: BodyCheck = _as_sent,
    ) -> None:
        self.namespace = namespace
        self.operations = {operation.id: operation for operation in operations}
        self.versions = tuple(versions)
        self.check_body = check_body
        self.handlers: dict[str, Handler] = {}

    def operation(self, *operation_ids: str) -> Callable[[Handler], Handler]:
        """Register the handler of one or more operations, by Microsoft's operationId."""

        def register(handler: Handler) -> Handler:
            for operation_id in operation_ids:
                if operation_id not in self.operations:
                    raise LookupError(f"{self.namespace} has no operation {operation_id}")
                if operation_id in self.handlers:
                    raise LookupError(f"{operation_id} has a handler already")
                self.handlers[operation_id] = handler
            return handler

        return register
