"""How a decided step is performed: the provider call, the record in the journal, what is shown of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from batchlocal.engine.display import Shown
from batchlocal.engine.errors import EngineError
from batchlocal.engine.goals import Goal
from batchlocal.engine.plan import Difference
from batchlocal.engine.providers import InitFailed, ProviderError
from batchlocal.engine.registry import Provider, Registry
from batchlocal.engine.run import Run, Stopped
from batchlocal.engine.state import Resource, moment
from batchlocal.engine.urns import is_provider, package_of
from batchlocal.engine.values import UNKNOWN, rewrap

__all__ = ["ProtectedResource", "Step", "Steps"]

Values = dict[str, Any]


class ProtectedResource(EngineError):
    """A protected resource would have been deleted."""

    def __init__(self, urn: str) -> None:
        super().__init__(
            f'resource "{urn}" cannot be deleted because it is protected; take the `protect` option away in the'
            " program and run `up` first"
        )


@dataclass
class Step:
    """What was decided for one registration: ``op`` is what will be done to bring ``old`` to ``goal``."""

    urn: str
    goal: Goal
    inputs: Values
    old: Resource | None
    provider: str
    op: str
    difference: Difference = field(default_factory=Difference)
    dependants: list[Resource] = field(default_factory=list)
    delete_first: bool = False
    quiet: bool = False


class Steps:
    """Performs steps; each method returns the resource as it is then."""

    def __init__(self, run: Run, registry: Registry) -> None:
        self._run = run
        self._registry = registry

    # Showing

    @contextmanager
    def _shown(self, op: str, urn: str, old: Resource | None = None, step: Step | None = None) -> Iterator[Shown]:
        """Say that a step begins, then that it is done or has failed.

        Raises:
            Stopped: the run was stopped while the step waited for its turn.
        """
        with self._run.slots:
            if self._run.stopped:
                raise Stopped
            shown = Shown(op, urn, old)
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
                self._failed(shown, error)
                raise
            self._run.display.done(shown)

    def _failed(self, shown: Shown, error: EngineError, status: int = 0) -> None:
        error.told, error.urn = True, shown.urn
        self._run.display.failed(shown, str(error), status)

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
            source_position=goal.source_position,
            created=old.created if old and old.created else now,
            modified=old.modified if old and step.op == "same" else now,
        )

    # Components

    def component(self, step: Step) -> Resource:
        """A component or the stack: no provider, its outputs come later."""
        old = step.old
        made = self.entry(step, old)
        made.inputs = {} if made.parent == "" else step.inputs
        made.outputs = dict(old.outputs) if old else {}
        shown = Shown(step.op, step.urn, old)
        self._run.display.start(shown)
        self._run.journal.record(made, old, changed=_differs(made, old))
        self._run.display.done(shown)
        return made

    # Providers

    def provider(self, step: Step) -> Resource:
        """A provider resource: its plugin is configured."""
        old = step.old
        replacing = step.op == "create-replacement"
        with self._shown(step.op, step.urn, old, step) as shown:
            made = self.entry(step, None if replacing else old)
            built_in = package_of(step.goal.type) == "pulumi"
            made.inputs = step.inputs if built_in else {**step.inputs, "__internal": {}}
            made.outputs = dict(step.inputs)
            fresh = UNKNOWN if self._run.preview else str(uuid.uuid4())
            made.id = old.id if old and not replacing else fresh
            shown.new_id = made.id
            self._registry.configure(step.urn, made.id, step.inputs)
            if replacing:
                self._run.journal.record(made, None, condemned=old, changed=True)
            else:
                self._run.journal.record(made, old, changed=_differs(made, old))
        if replacing:
            self._mark(step)
        return made

    # Resources

    def same(self, step: Step) -> Resource:
        """Nothing to do: old outputs, new options and inputs."""
        old = step.old
        assert old is not None
        made = self.entry(step, old)
        made.id, made.outputs = old.id, rewrap(old.outputs, step.inputs, step.goal.additional_secret_outputs)
        if step.quiet:
            self._run.journal.record(made, old, changed=True)
            return made
        with self._shown("same", step.urn, old, step) as shown:
            shown.new_id = made.id
            self._run.journal.record(made, old, changed=_differs(made, old))
        return made

    def untargeted(self, old: Resource) -> Resource:
        """Left as it is, because the operation is about other resources."""
        with self._shown("same", old.urn, old):
            self._run.journal.record(old, old, changed=False)
        return old

    def create(self, step: Step, op: str = "create") -> Resource:
        """Make a resource; ``create-replacement`` leaves the old entry condemned, or takes a pending one's place."""
        old = step.old if op == "create-replacement" else None
        made = self.entry(step, None)
        with self._shown(op, step.urn, old, step) as shown:
            seconds = step.goal.custom_timeouts.get("create", 0.0)
            with self._run.journal.begun("creating", made):
                try:
                    made.id, outputs = self._created(step, seconds)
                except InitFailed as failed:
                    made.id, outputs, made.init_errors = failed.id, failed.outputs, failed.reasons
                    self._record_created(step, made, outputs, old)
                    raise
                shown.new_id = made.id
                self._record_created(step, made, outputs, old)
        return made

    def _created(self, step: Step, seconds: float) -> tuple[str, Values]:
        plugin = self._registry.of(step.provider)
        if self._run.preview and not (plugin.supports_preview and plugin.configured):
            return "", {}
        made_id, outputs = plugin.create(step.urn, step.inputs, seconds, preview=self._run.preview)
        if not made_id and not self._run.preview:
            raise ProviderError(f"the provider made '{step.urn}' and gave it no id")
        return made_id, outputs

    def _record_created(self, step: Step, made: Resource, outputs: Values, old: Resource | None) -> None:
        made.outputs = rewrap(outputs, step.inputs, step.goal.additional_secret_outputs)
        if old is None or old.pending_replacement:
            self._run.journal.record(made, old, changed=True)
        else:
            self._run.journal.record(made, None, condemned=old, changed=True)

    def update(self, step: Step) -> Resource:
        """Change a resource in place; one that does not become ready keeps its old inputs."""
        old = step.old
        assert old is not None
        made = self.entry(step, old)
        made.id = old.id
        with self._shown("update", step.urn, old, step) as shown:
            seconds = step.goal.custom_timeouts.get("update", 0.0)
            shown.new_id = old.id
            with self._run.journal.begun("updating", made):
                try:
                    outputs = self._updated(step, old, seconds)
                except InitFailed as failed:
                    made.inputs, made.init_errors = old.inputs, failed.reasons
                    made.outputs = self._wrapped(step, failed.outputs, old)
                    self._run.journal.record(made, old, changed=True)
                    raise
                made.outputs = self._wrapped(step, outputs, old)
                self._run.journal.record(made, old, changed=True)
        return made

    def _updated(self, step: Step, old: Resource, seconds: float) -> Values:
        plugin = self._registry.of(step.provider)
        if self._run.preview and not (plugin.supports_preview and plugin.configured):
            return {**old.outputs, **step.inputs}
        known = (old.inputs, old.outputs)
        return plugin.update(step.urn, old.id, known, step.inputs, seconds, preview=self._run.preview)

    @staticmethod
    def _wrapped(step: Step, outputs: Values, old: Resource) -> Values:
        return rewrap(outputs, step.inputs, step.goal.additional_secret_outputs, old.outputs)

    def replace(self, step: Step) -> Resource:
        """Create, then mark; or delete with the dependants that cannot live without it, mark, then create."""
        old = step.old
        assert old is not None
        if old.pending_replacement or step.delete_first:
            for condemned in step.dependants:
                self.delete_first(condemned)
            self._mark(step)
            return self.create(step, "create-replacement")
        made = self.create(step, "create-replacement")
        self._mark(step)
        return made

    def _mark(self, step: Step) -> None:
        """The marker that stands for a replacement as a whole."""
        before = step.old.inputs if step.old else {}
        shown = Shown("replace", step.urn, step.old, step.difference, before, step.inputs)
        self._run.display.start(shown)
        self._run.display.done(shown)

    # Deleting

    def delete_first(self, resource: Resource) -> None:
        """Delete what is about to be made anew; its entry keeps its place."""
        with self._shown("delete-replaced", resource.urn, resource):
            self._deleted(resource, frozenset())
            self._run.journal.await_replacement(resource)

    def delete(self, resource: Resource, op: str, with_it: frozenset[str]) -> None:
        """Delete a resource for good; ``with_it`` are the URNs that are deleted in the same operation.

        Raises:
            ProtectedResource, ProviderError
        """
        if resource.protect:
            shown = Shown(op, resource.urn, resource)
            self._run.display.start(shown)
            error = ProtectedResource(resource.urn)
            if self._run.preview:
                error.urn = resource.urn
                self._run.tell(error)
            else:
                self._failed(shown, error)
            raise error
        with self._shown(op, resource.urn, resource):
            if not op.startswith(("discard", "remove")):
                self._deleted(resource, with_it)
            self._run.journal.drop(resource)

    def _deleted(self, resource: Resource, with_it: frozenset[str]) -> None:
        if self._run.preview or not resource.custom or resource.external or is_provider(resource.type):
            return
        if resource.retain_on_delete or resource.deleted_with in with_it:
            return
        plugin = self._registry.of_old(resource.provider)
        with self._run.journal.begun("deleting", resource):
            seconds = resource.custom_timeouts.get("delete", 0.0)
            plugin.delete(resource.urn, resource.id, (resource.inputs, resource.outputs), seconds)

    # Reading

    def read(self, step: Step, resource_id: str) -> Resource:
        """A resource that is looked at and not managed."""
        old = step.old
        with self._shown("read", step.urn, old, step) as shown:
            made = self.entry(step, old)
            made.id, made.external = resource_id, True
            if resource_id == UNKNOWN:
                made.id, made.outputs = "", dict(step.inputs)
            else:
                plugin = self._registry.of(step.provider)
                made.id, outputs = self._found(plugin, step.urn, resource_id, step.inputs)
                made.outputs = rewrap(outputs, step.inputs, step.goal.additional_secret_outputs)
            shown.new_id = made.id
            was_read = old is not None and old.external
            shown.counts = was_read and (old.id, old.outputs) != (made.id, made.outputs)  # type: ignore[union-attr]
            self._run.journal.record(made, old, changed=True)
        return made

    @staticmethod
    def _found(plugin: Provider, urn: str, resource_id: str, state: Values) -> tuple[str, Values]:
        found_id, _, outputs = plugin.read(urn, resource_id, state, state)
        if not found_id:
            raise ProviderError(f"resource '{resource_id}' does not exist")
        return found_id, outputs

    def imported(self, step: Step) -> Resource:
        """What exists under an id, taken over: an entry to compare the goal with."""
        with self._shown(step.op, step.urn, step.old, step) as shown:
            plugin = self._registry.of(step.provider)
            found_id, inputs, outputs = plugin.read(step.urn, step.goal.import_id, None, None)
            if not found_id:
                raise ProviderError(f"resource '{step.goal.import_id}' does not exist")
            made = self.entry(step, None)
            made.id, made.inputs = found_id, inputs or {}
            made.outputs = rewrap(outputs, step.inputs, step.goal.additional_secret_outputs)
            shown.new_id = found_id
            if step.op == "import-replacement":
                self._run.journal.record(made, None, condemned=step.old, changed=True)
            else:
                self._run.journal.record(made, step.old, changed=True)
        if step.op == "import-replacement":
            self._mark(step)
        return made


def _init_text(failed: InitFailed) -> str:
    count = len(failed.reasons)
    lines = "".join(f"\n\t* {reason}" for reason in failed.reasons)
    return f"{count} error{'s' if count != 1 else ''} occurred:{lines}"


def _differs(made: Resource, old: Resource | None) -> bool:
    """Whether an entry says anything new; when it was looked at does not count."""
    if old is None:
        return True
    times = {"created": "", "modified": "", "rest": {}, "source_position": ""}
    return {**vars(made), **times} != {**vars(old), **times}
