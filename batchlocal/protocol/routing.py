"""Finds the operation that a method and a path name, in time that does not grow with the number of operations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

__all__ = ["Match", "Route", "Routed", "Router"]


class Routed(Protocol):
    """What a router needs of an operation; ``batchlocal.specs.Operation`` and ``Route`` have it."""

    @property
    def id(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Route:
    """An operation that stands in no OpenAPI document of ours; ``id`` follows Microsoft's operationId.

    ``answers_like`` is the id of a described operation whose answer this one has, such as a finished creation's.
    """

    id: str
    method: str
    path: str
    answers_like: str = ""


T = TypeVar("T")
_SCOPE = "/{scope}/providers/"


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """The operations found under a path, by method, with the path's parameters as the caller spelt them."""

    targets: dict[str, T]
    parameters: dict[str, str]


@dataclass(slots=True)
class _Node(Generic[T]):
    literals: dict[str, _Node[T]] = field(default_factory=dict)
    patterns: list[tuple[re.Pattern[str], _Node[T]]] = field(default_factory=list)
    parameter: _Node[T] | None = None
    rest: _Node[T] | None = None
    names: tuple[str, ...] = ()
    targets: dict[str, T] = field(default_factory=dict)


class Router(Generic[T]):
    """A tree of path segments; literals are compared without regard to case, as ARM does.

    ``greedy`` names path parameters that take the rest of the path, slashes included (the Batch service's
    ``filePath``). A path that begins with ``/{scope}/providers/`` is that of a resource that extends another one: its
    ``scope`` is whatever stands before the last ``/providers/``, with a slash in front, or empty.
    """

    def __init__(self, greedy: Iterable[str] = ()) -> None:
        self._root: _Node[T] = _Node()
        self._extensions: _Node[T] = _Node()
        self._greedy = frozenset(greedy)

    def add(self, method: str, path: str, target: T) -> None:
        """Put an operation in; ``path`` is a template such as ``/jobs/{jobId}/tasks``."""
        node, names = self._root, list[str]()
        if path.startswith(_SCOPE):
            node, path = self._extensions, path.removeprefix(_SCOPE)
        for segment in path.strip("/").split("/"):
            parameters = re.findall(r"\{(\w+)\}", segment)
            names += parameters
            if not parameters:
                node = node.literals.setdefault(segment.lower(), _Node())
            elif segment != f"{{{parameters[0]}}}":
                node = self._pattern(node, segment)
            elif parameters[0] in self._greedy:
                node.rest = node = node.rest or _Node()
            else:
                node.parameter = node = node.parameter or _Node()
        node.names = tuple(names)
        node.targets[method] = target

    def find(self, path: str) -> Match[T] | None:
        """What stands under ``path`` (percent-decoded, no query), or None."""
        found = self._match(self._root, path)
        if found is None and (at := path.lower().rfind("/providers/")) >= 0:
            found = self._match(self._extensions, path[at + len("/providers/") :])
            if found is not None:
                found.parameters["scope"] = path[:at]
        return found

    def _match(self, root: _Node[T], path: str) -> Match[T] | None:
        values: list[str] = []
        node = self._walk(root, path.strip("/").split("/"), 0, values)
        if node is None:
            return None
        return Match(node.targets, dict(zip(node.names, values, strict=True)))

    @staticmethod
    def _pattern(node: _Node[T], segment: str) -> _Node[T]:
        """Segments such as ``certificates(thumbprintAlgorithm={a},thumbprint={b})``."""
        text = "".join(
            "([^/,)]+)" if piece.startswith("{") else re.escape(piece) for piece in re.split(r"(\{\w+\})", segment)
        )
        pattern = re.compile(text, re.IGNORECASE)
        for known, child in node.patterns:
            if known.pattern == pattern.pattern:
                return child
        made: _Node[T] = _Node()
        node.patterns.append((pattern, made))
        return made

    def _walk(self, node: _Node[T], segments: list[str], at: int, values: list[str]) -> _Node[T] | None:
        if at == len(segments):
            return node if node.targets else None
        segment, depth = segments[at], len(values)
        literal = node.literals.get(segment.lower())
        if literal is not None and (found := self._walk(literal, segments, at + 1, values)):
            return found
        for pattern, child in node.patterns:
            if matched := pattern.fullmatch(segment):
                values += matched.groups()
                if found := self._walk(child, segments, at + 1, values):
                    return found
                del values[depth:]
        if node.parameter is not None and segment:
            values.append(segment)
            if found := self._walk(node.parameter, segments, at + 1, values):
                return found
            del values[depth:]
        if node.rest is not None and node.rest.targets:
            values.append("/".join(segments[at:]))
            return node.rest
        return None
