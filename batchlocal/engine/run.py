"""What the parts of one operation share: whose it is, how it is to go, and whether it still goes on."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field

from batchlocal.engine.display import Display
from batchlocal.engine.errors import EngineError
from batchlocal.engine.journal import Journal
from batchlocal.engine.project import Config
from batchlocal.engine.targets import Targets

__all__ = ["Names", "Run", "Settings", "Stopped"]


class Stopped(Exception):
    """The operation has failed elsewhere or was interrupted: nothing new is begun."""


@dataclass(frozen=True)
class Names:
    """Whose deployment it is."""

    project: str
    stack: str


@dataclass(frozen=True)
class Settings:
    """How an operation is to go; ``replace`` are URNs to be made anew whatever their difference."""

    preview: bool
    parallel: int = 0
    continue_on_error: bool = False
    targets: Targets = field(default_factory=Targets)
    replace: frozenset[str] = frozenset()
    ignore_protect: bool = False

    @property
    def selects(self) -> bool:
        """Whether resources were named to be brought up to date or made anew."""
        return bool(self.targets.included or self.replace)

    @property
    def width(self) -> int:
        """How many steps may go at once; Pulumi's default is four a processor."""
        return self.parallel or int(os.environ.get("PULUMI_PARALLEL", "0")) or 4 * (os.cpu_count() or 1)


class Run:
    """One operation under way."""

    def __init__(self, names: Names, config: Config, journal: Journal, display: Display, settings: Settings) -> None:
        self.names = names
        self.config = config
        self.journal = journal
        self.display = display
        self.settings = settings
        self.errors: list[EngineError] = []
        self.canceled = False
        self.deleting = False  # the program has ended, and what it no longer has goes
        self.slots = threading.BoundedSemaphore(settings.width)
        self._stopped = threading.Event()

    @property
    def preview(self) -> bool:
        return self.settings.preview

    @property
    def stopped(self) -> bool:
        """Whether nothing new may begin."""
        return self._stopped.is_set()

    def cancel(self) -> None:
        """Begin nothing new: somebody pressed Ctrl-C."""
        self.canceled = True
        self._stopped.set()

    def stop(self) -> None:
        """Begin nothing new."""
        self._stopped.set()

    def tell(self, error: EngineError) -> None:
        """Show an error once."""
        if not error.told:
            error.told = True
            self.display.diagnostic("error", str(error), error.urn)

    def fail(self, error: EngineError) -> None:
        """Keep an error for the end; unless it is a step's and the run is to continue on errors, begin nothing new."""
        self.note(error)
        if not (self.settings.continue_on_error and error.of_step):
            self._stopped.set()

    def note(self, error: EngineError) -> None:
        """Keep an error for the end and go on."""
        self.tell(error)
        if error not in self.errors:
            self.errors.append(error)
