"""Signs of life on a terminal's stderr, for whatever takes more than a second; silent elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Timer
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.status import Status

__all__ = ["PATIENT", "begin", "end", "progress_bar", "waiting"]

PATIENT: Final = 1.0  # seconds that a command may take without a sign of life


class _Spinner:
    """Appears when a command has said nothing for a second, and goes before anything is printed."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._timer: Timer | None = None
        self._status: Status | None = None

    def begin(self) -> None:
        if sys.stderr.isatty():
            self._timer = Timer(PATIENT, self._show)
            self._timer.daemon = True
            self._timer.start()

    def end(self) -> None:
        with self._turn:
            if self._timer:
                self._timer.cancel()
            if self._status:
                self._status.stop()
            self._timer = self._status = None

    def _show(self) -> None:
        from rich.console import Console

        with self._turn:
            if self._timer is not None:
                self._status = Console(stderr=True).status("waiting for Azure")
                self._status.start()


_SPINNER: Final = _Spinner()


def begin() -> None:
    """A command begins to ask Azure: show a spinner from the second second on."""
    _SPINNER.begin()


def end() -> None:
    """Something is printed, asked or shown now: no spinner any more. May be called again."""
    _SPINNER.end()


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar of bytes: called with those that have arrived and those there are (0: nobody knows)."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    end()
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)


@contextmanager
def waiting(what: str) -> Iterator[Callable[[str], None]]:
    """A spinner for what Azure takes its time over: called with how far it is."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    end()
    with Console(stderr=True).status(what) as status:
        yield lambda news: status.update(f"{what}: {news}")
