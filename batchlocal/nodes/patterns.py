"""Which files an output file's pattern names (the page "Task - Add", OutputFile.filePattern)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Match", "matching"]

_WILDCARD = re.compile(r"[*?\[]")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True, slots=True)
class Match:
    """A file, its path below the pattern's fixed part, and whether the pattern names just one file."""

    file: Path
    relative: str
    single: bool


def matching(folder: Path, pattern: str, variables: Mapping[str, str]) -> Iterator[Match]:
    """The files that a pattern names, in order; relative patterns are below ``folder``, a task's working directory.

    ``*`` and ``?`` stay within a directory, ``**`` does not; brackets hold characters, ``[!...]`` those that must not
    be there. A name that starts with a period is named only by a pattern that starts with one. Variables (``$NAME``)
    are replaced first; an unknown one stays as it is.
    """
    known = _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], found[0]), pattern)
    if not _WILDCARD.search(known):
        file = folder / known
        if file.is_file():
            yield Match(file, file.name, single=True)
        return
    fixed, rest = _split(known)
    root = folder / fixed
    wanted = re.compile(_expression(rest))
    hidden = rest.rsplit("/", 1)[-1].startswith(".")
    for file in sorted(path for path in root.rglob("*") if path.is_file()):
        relative = file.relative_to(root).as_posix()
        if (hidden or not file.name.startswith(".")) and wanted.fullmatch(relative):
            yield Match(file, relative, single=False)


def _split(pattern: str) -> tuple[str, str]:
    """The directories before the first wildcard, and what follows them."""
    parts = pattern.split("/")
    first = next(number for number, part in enumerate(parts) if _WILDCARD.search(part))
    return "/".join(parts[:first]) or ("/" if pattern.startswith("/") else ""), "/".join(parts[first:])


def _expression(pattern: str) -> str:
    """The pattern as a regular expression."""
    made, at = "", 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            made, at = f"{made}(?:.*/)?", at + 3
        elif pattern.startswith("**", at):
            made, at = f"{made}.*", at + 2
        elif pattern[at] == "*":
            made, at = f"{made}[^/]*", at + 1
        elif pattern[at] == "?":
            made, at = f"{made}[^/]", at + 1
        elif pattern[at] == "[" and (end := pattern.find("]", at + 2)) > 0:
            made, at = made + _characters(pattern[at + 1 : end]), end + 1
        else:
            made, at = made + re.escape(pattern[at]), at + 1
    return made


def _characters(inside: str) -> str:
    """``abc``, ``a-c`` or ``!abc`` between brackets; ``[*]`` is a star."""
    negated = inside.startswith("!")
    body = re.sub(r"([\\\]\[^&~|])", r"\\\1", inside[negated:])
    return f"[{'^/' if negated else ''}{body}]"
