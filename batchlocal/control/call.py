"""One control request on its way through a handler, how handlers are registered, and how they say no."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from batchlocal.platform import Platform
from batchlocal.protocol.messages import Answer, BodyNotJson, Request

__all__ = ["ENDPOINTS", "ControlCall", "Handler", "NotTaken", "endpoint"]


class NotTaken(Exception):
    """The control API cannot do what was asked; the text says what to send instead."""

    def __init__(self, message: str, status: int = 400, code: str = "InvalidRequest") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass
class ControlCall:
    """What a handler gets. ``operations`` are Microsoft's operationIds by plane (``arm``, ``service``)."""

    request: Request
    platform: Platform
    operations: Mapping[str, frozenset[str]]
    parameters: dict[str, str]

    def body(self, **types: type | tuple[type, ...]) -> dict[str, Any]:
        """The body, a JSON object that has no other members than the named ones, of these types; null is left out.

        Raises:
            NotTaken: it is not.
        """
        try:
            sent = self.request.json()
        except BodyNotJson:
            raise NotTaken("The body is not JSON.") from None
        if not isinstance(sent, dict | None):
            raise NotTaken("The body must be a JSON object.")
        found = {name: value for name, value in (sent or {}).items() if value is not None}
        for name, value in found.items():
            if name not in types:
                raise NotTaken(f"There is no '{name}' here; there are: {', '.join(types)}.")
            kinds = types[name] if isinstance(types[name], tuple) else (types[name],)
            if not _is_of(value, kinds):  # type: ignore[arg-type]
                wanted = " or ".join(kind.__name__ for kind in kinds)  # type: ignore[union-attr]
                raise NotTaken(f"'{name}' is {value!r}, but it must be of type {wanted}.")
        return found


def _is_of(value: object, kinds: tuple[type, ...]) -> bool:
    """Whether a JSON value has one of the types; a truth value is no number, a whole number is a float too."""
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, kinds) or (float in kinds and isinstance(value, int))


Handler = Callable[[ControlCall], Answer] | Callable[[ControlCall], Awaitable[Answer]]
ENDPOINTS: Final[list[tuple[str, str, Handler]]] = []
"""Method, path below ``/_batchlocal`` and handler of everything that the control API does."""

F = TypeVar("F", bound=Handler)


def endpoint(method: str, path: str) -> Callable[[F], F]:
    """Register the handler of a method and path."""

    def register(handler: F) -> F:
        ENDPOINTS.append((method, path, handler))
        return handler

    return register
