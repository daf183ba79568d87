"""A request as handlers see it, and what they answer."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from batchlocal.protocol import moments

__all__ = ["Answer", "BodyNotJson", "Request"]


_DEEPEST = 100  # levels; more are nobody's body, and could not be written down again


class BodyNotJson(Exception):
    """The request's body is not the JSON value that its operation needs."""


@dataclass(slots=True)
class Answer:
    """What goes back: a status and, at most, one of ``json``, ``content`` and ``stream``.

    ``headers`` are the operation's own; the plane adds its standing ones. ``media_type`` overrides the plane's
    JSON content type.
    """

    status: int
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    stream: AsyncIterator[bytes] | None = None
    media_type: str | None = None


@dataclass
class Request:
    """One HTTP request, read whole.

    ``path`` is percent-decoded with a leading run of slashes collapsed to one (azure-identity's scopes and az make
    such paths: clients.md 5); ``raw_path`` is as sent, for signatures. Header names are lower-case.
    ``request_id`` and ``arrived`` (ticks) are given by the server and appear in headers, errors and logs.
    ``operation`` (Microsoft's operationId) and ``caller`` are filled in by the plane once it knows them, for the
    journal. ``drop`` asks that the connection be closed instead of an answer sent.
    """

    method: str
    raw_path: str
    raw_query: str
    headers: dict[str, str]
    body: bytes = b""
    peer: str = ""
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    arrived: int = field(default_factory=moments.now)
    operation: str = ""
    caller: str = ""
    drop: bool = False

    @cached_property
    def path(self) -> str:
        return unquote("/" + self.raw_path.lstrip("/"))

    @cached_property
    def query(self) -> dict[str, str]:
        """Query parameters by lower-case name, the last of a repeated one."""
        return {name.lower(): value for name, value in parse_qsl(self.raw_query, keep_blank_values=True)}

    @property
    def api_version(self) -> str:
        return self.query.get("api-version", "")

    def json(self) -> Any:
        """The body as JSON, None when there is none.

        Raises:
            BodyNotJson: the body is not JSON.
        """
        if not self.body.strip():
            return None
        try:
            value = orjson.loads(self.body.removeprefix(b"\xef\xbb\xbf"))
        except orjson.JSONDecodeError as error:
            raise BodyNotJson(str(error)) from None
        if self.body.count(b"{") + self.body.count(b"[") > _DEEPEST and _depth(value) > _DEEPEST:
            raise BodyNotJson(f"the body is nested more than {_DEEPEST} deep")
        return value


def _depth(value: Any) -> int:
    """How many objects and arrays lie within each other at most; level by level, so that no depth is too much."""
    depth, level = 0, [value]
    while level := [one for one in level if isinstance(one, (dict, list))]:
        depth += 1
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return depth
