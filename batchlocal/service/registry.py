"""Which function answers which operation of the Batch service, by Microsoft's operationId."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from batchlocal.service.plane import Handler

__all__ = ["HANDLERS", "handles"]

HANDLERS: Final[dict[str, Handler]] = {}

F = TypeVar("F", bound=Handler)


def handles(*operation_ids: str) -> Callable[[F], F]:
    """Register the handler of one or more operations."""

    def register(handler: F) -> F:
        for operation_id in operation_ids:
            if operation_id in HANDLERS:
                raise LookupError(f"{operation_id} has a handler already")
            HANDLERS[operation_id] = handler
        return handler

    return register
