"""How an operation is to go, as it was asked for on the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from batchlocal.engine.policies import PackOptions
from batchlocal.engine.run import Settings
from batchlocal.engine.targets import Targets

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """How to run an operation; the names are the CLI's flags."""

    parallel: int = 0
    as_json: bool = False
    diff: bool = False
    refresh: bool = False
    expect_no_changes: bool = False
    continue_on_error: bool = False
    preview_only: bool = False
    clear_pending_creates: bool = False
    import_pending_creates: tuple[str, ...] = ()
    interactive: bool = True
    message: str = ""
    target: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    target_dependents: bool = False
    exclude_dependents: bool = False
    exclude_protected: bool = False
    ignore_protect: bool = False
    replace: tuple[str, ...] = ()
    event_log: Path | None = None
    policies: PackOptions = field(default_factory=PackOptions)

    def settings(self, *, preview: bool) -> Settings:
        """What of it concerns the run."""
        return Settings(
            preview=preview,
            parallel=self.parallel,
            continue_on_error=self.continue_on_error,
            targets=Targets(self.target, self.exclude, self.target_dependents, self.exclude_dependents),
            replace=frozenset(self.replace),
            ignore_protect=self.ignore_protect,
        )
