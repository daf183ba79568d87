"""What every kind of step does: it is shown, makes an entry of the state, and puts that into the journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from batchlocal.engine.display import Shown
from batchlocal.engine.errors import EngineError
from batchlocal.engine.goals import Goal
from batchlocal.engine.ledger import Ledger
from batchlocal.engine.plan import Difference
from batchlocal.engine.providers import InitFailed, ProviderError
from batchlocal.engine.registry import Registry
from batchlocal.engine.run import Run, Stopped
from batchlocal.engine.state import Resource, moment
from batchlocal.engine.values import rewrap

__all__ = ["Entries", "Step", "differs"]

Values = dict[str, Any]


@dataclass
class Step:
    """What was decided for one registration: ``op`` is what will be done to bring ``old`` to ``goal``.

    ``recreate`` makes a resource that was deleted with another one; ``skip`` and ``untargeted`` leave alone what is no
    target and not there, or there. ``imported`` follows an import, which has been shown.
    """

    urn: str
    goal: Goal
    inputs: Values
    old: Resource | None
    provider: str
    op: str
    difference: Difference = field(default_factory=Difference)
    dependants: list[Resource] = field(default_factory=list)
    delete_first: bool = False
    imported: bool = False
    seed: bytes = b""


class Entries:
    """Shows steps and records what they make."""

    def __init__(self, run: Run, registry: Registry, ledger: Ledger) -> None:
        self._run = run
        self._registry = registry
        self.ledger = ledger

    # Showing

    @contextmanager
    def shown(
        self, op: str, urn: str, old: Resource | None = None, step: Step | None = None, new_id: str = ""
    ) -> Iterator[Shown]:
        """Say that a step begins, then that it is done or has failed.

        Raises:
            Stopped: the run was stopped while the step waited for its turn.
        """
        with self._run.slots:
            if self._run.stopped:
                raise Stopped
            parent = step.goal.parent if step else old.parent if old else ""
            shown = Shown(op, urn, old, new_id=new_id, parent=parent)
            shown.hidden = step.goal.hide_diffs if step else old.hide_diffs if old else []
            if step is not None:
                shown.difference, shown.old_inputs, shown.new_inputs = (
                    step.difference,
                    step.old.inputs if step.old else {},
                    step.inputs,
                )
            self._run.display.start(shown)
            try:
                yield shown
            except InitFailed as failed:
                error = ProviderError(_init_text(failed))
                self._failed(shown, error, status=1)
                raise error from None
            except EngineError as error:
                unclear = isinstance(error, ProviderError) and error.unclear and not op.startswith("create")
                self._failed(shown, error, status=2 if unclear else 0)
                raise
            self._run.display.done(shown)

    def _failed(self, shown: Shown, error: EngineError, status: int = 0) -> None:
        error.told, error.urn, error.of_step = True, shown.urn, True
        if self._run.preview:
            self._run.display.not_possible(shown, str(error))
        else:
            self._run.display.failed(shown, str(error), status)

    def only_shown(self, urn: str, old: Resource | None = None, *, custom: bool = True) -> None:
        """A resource that the operation is not about, shown as the same; components are done when outputs come."""
        shown = Shown("same", urn, old, parent=old.parent if old else "")
        self._run.display.start(shown)
        shown.new_id = old.id if old else ""
        if (old.custom if old else custom) or self._run.preview:
            self._run.display.done(shown)
        else:
            self._run.display.count(shown)

    # Making entries

    def entry(self, step: Step, old: Resource | None) -> Resource:
        """The state entry of a goal, without what the provider will say."""
        goal = step.goal
        now = moment()
        return Resource(
            urn=step.urn,
            type=goal.type,
            custom=goal.custom,
            inputs=step.inputs,
            parent=goal.parent,
            protect=bool(goal.protect),
            retain_on_delete=bool(goal.retain_on_delete),
            dependencies=goal.dependencies,
            property_dependencies=goal.property_dependencies,
            provider=step.provider,
            additional_secret_outputs=goal.additional_secret_outputs,
            custom_timeouts=goal.custom_timeouts,
            deleted_with=goal.deleted_with,
            import_id=goal.import_id,
            ignore_changes=goal.ignore_changes,
            replace_on_changes=goal.replace_on_changes,
            hide_diffs=goal.hide_diffs,
            source_position=goal.source_position,
            created=old.created if old and old.created else now,
            modified=old.modified if old and step.op == "same" else now,
        )

    # Recording

    def record(self, step: Step, made: Resource, *, replacing: bool) -> None:
        """Put an entry in its old one's place, or beside it until that is deleted."""
        old = step.old
        first = step.delete_first or step.op == "recreate" or id(old) in self.ledger.taken
        if replacing and not first:
            self._run.journal.record(made, None, condemned=old, changed=True)
        else:
            self._run.journal.record(made, old, changed=replacing or differs(made, old))

    @staticmethod
    def wrapped(step: Step, outputs: Values) -> Values:
        return rewrap(outputs, step.inputs, step.goal.additional_secret_outputs)

    def mark(self, step: Step, difference: Difference, made: Resource | None = None) -> None:
        """The marker that stands for a replacement as a whole."""
        before = step.old.inputs if step.old else {}
        shown = Shown("replace", step.urn, step.old, difference, before, step.inputs, new=made, parent=step.goal.parent)
        shown.new_id, shown.hidden = made.id if made else "", step.goal.hide_diffs
        self._run.display.start(shown)
        self._run.display.done(shown)


def differs(made: Resource, old: Resource | None) -> bool:
    """Whether an entry says anything new; when it was looked at does not count."""
    if old is None:
        return True
    times = {"created": "", "modified": "", "rest": {}, "source_position": ""}
    return {**vars(made), **times} != {**vars(old), **times}


def _init_text(failed: InitFailed) -> str:
    count = len(failed.reasons)
    lines = "".join(f"\n\t* {reason}" for reason in failed.reasons)
    return f"{count} error{'s' if count != 1 else ''} occurred:{lines}"
