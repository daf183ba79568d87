"""Moving the holders of one of two keys to the other, and replacing the one that they held.

Two keys exist so that one can be replaced while the other is in use, and this module keeps that order. Every step may
be repeated, and the steps that a crash left undone are found again from the files and keys themselves; nothing else is
kept.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from batchmgmt.errors import BatchManagementError, UsageError
from batchmgmt.files import write_private
from batchmgmt.secret import Secret

__all__ = ["Rotation", "Step", "Told", "moves", "perform"]

Told = Callable[[str], None]
"""Called with the sentence of each step before it is done."""


class Rotation(NamedTuple):
    """What a rotation did, or would do: one sentence a step, without any key."""

    steps: tuple[str, ...]


class Step(NamedTuple):
    """One thing to do, and what it is; it may be done again."""

    sentence: str
    act: Callable[[], object]


def perform(steps: Sequence[Step], *, dry_run: bool, told: Told) -> Rotation:
    """Do the steps in their order, or only say them."""
    for step in steps:
        told(step.sentence)
        if not dry_run:
            step.act()
    return Rotation(tuple(step.sentence for step in steps))


def moves(files: Sequence[Path], old: Secret, new: Secret, *, to: str, whose: str) -> list[Step]:
    """The steps that bring files to the new key; those that hold it already need none.

    A file is any hand-off that a key stands in, plain, in base64 or percent-encoded. It is replaced in one step and has
    mode 0600 afterwards.

    Args:
        to: the new key's name. whose: what the keys are of.

    Raises:
        UsageError: a file holds neither key. BatchManagementError: a file cannot be read.
    """
    exchanged = list(zip(_spellings(old), _spellings(new), strict=True))
    texts = {path: _text(path) for path in files}
    moved = {path: _moved(text, exchanged) for path, text in texts.items()}
    strangers = [str(path) for path, text in moved.items() if not any(each in text for _, each in exchanged)]
    if strangers:
        raise UsageError(f"{', '.join(strangers)}: no key of {whose} stands there; hand it off anew first")
    return [
        Step(f"move {path} to the {to} key", partial(_write, path, moved[path]))
        for path, text in texts.items()
        if moved[path] != text
    ]


def _spellings(key: Secret) -> tuple[str, str, str]:
    """How hand-off formats write a key: as it is, in base64 (Kubernetes), percent-encoded (URLs)."""
    text = key.reveal()
    return text, base64.b64encode(text.encode()).decode(), quote(text, safe="")


def _moved(text: str, exchanged: Sequence[tuple[str, str]]) -> str:
    for old, new in exchanged:
        text = text.replace(old, new)
    return text


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()  # with the line ends that it has
    except (OSError, UnicodeDecodeError) as fault:
        raise BatchManagementError(
            f"{path} cannot be read: {getattr(fault, 'strerror', None) or 'it is no text'}"
        ) from None


def _write(path: Path, text: str) -> None:
    try:
        write_private(path, text)
    except OSError as fault:
        raise BatchManagementError(f"{path} cannot be written: {fault.strerror}; mend that and run it again") from None
