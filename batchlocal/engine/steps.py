"""How a decided step is performed: the provider call, the record in the journal, what is shown of it."""

from __future__ import annotations

import uuid
from typing import Any

from batchlocal.engine.display import Shown
from batchlocal.engine.entries import Entries, Step, differs
from batchlocal.engine.errors import EngineError
from batchlocal.engine.plan import Difference
from batchlocal.engine.providers import InitFailed, ProviderError
from batchlocal.engine.state import Resource
from batchlocal.engine.urns import is_provider
from batchlocal.engine.values import UNKNOWN, rewrap

__all__ = ["ProtectedResource", "Steps"]

Values = dict[str, Any]


def _with_internal(step: Step) -> Values:
    """A provider resource's inputs with the CLI's place for what it knows of a plugin; it comes with the version."""
    goal = step.goal
    if not (goal.version or goal.plugin_url):
        return step.inputs
    return {**step.inputs, "__internal": {"pluginDownloadURL": goal.plugin_url} if goal.plugin_url else {}}


class ProtectedResource(EngineError):
    """A protected resource would have been deleted."""

    def __init__(self, urn: str) -> None:
        super().__init__(
            f'resource "{urn}" cannot be deleted\nbecause it is protected. To'
            " unprotect the resource, either remove the `protect` flag from the resource in your Pulumi program and run"
            f" `pulumi up`, or use the command:\n`pulumi state unprotect '{urn}'`",
            urn=urn,
        )


class Steps(Entries):
    """Performs steps; each method returns the resource as it is then."""

    def perform(self, step: Step) -> Resource:
        """Do what was decided.

        Raises:
            EngineError: the step failed. Stopped: the run was stopped before its turn.
        """
        if step.op == "untargeted":
            assert step.old is not None
            return self.untargeted(step.old)
        if step.op in ("replace", "recreate"):
            return self.replace(step)
        if not step.goal.custom:
            return self.component(step, step.op)
        if is_provider(step.goal.type):
            return self.provider(step, step.op)
        if step.op == "create":
            return self.create(step)
        return self.update(step) if step.op == "update" else self.same(step)

    # Components

    def component(self, step: Step, op: str) -> Resource:
        """A component or the stack: no provider. It is done when its outputs come, and in a preview at once as well."""
        old = step.old
        replacing = op == "create-replacement"
        made = self.entry(step, None if replacing else old)
        made.inputs = {} if made.parent == "" else step.inputs
        made.outputs = dict(old.outputs) if old and not replacing else {}
        shown = Shown(op, step.urn, old, parent=step.goal.parent)
        self._run.display.start(shown)
        self.record(step, made, replacing=replacing)
        self._run.display.count(shown)
        if self._run.preview:
            self._run.display.done(shown, count=False)
        return made

    def finished(self, step: Step) -> None:
        """A component's outputs have come."""
        op = {"replace": "create-replacement", "recreate": "create-replacement", "untargeted": "same"}.get(
            step.op, step.op
        )
        self._run.display.done(Shown(op, step.urn, step.old, parent=step.goal.parent), count=False)

    # Providers

    def provider(self, step: Step, op: str) -> Resource:
        """A provider resource: its plugin is configured."""
        old = step.old
        replacing = op == "create-replacement"
        with self.shown(op, step.urn, old, step) as shown:
            made = self.entry(step, None if replacing else old)
            made.inputs = _with_internal(step)
            made.outputs = dict(old.outputs if old and op == "same" else step.inputs)
            fresh = UNKNOWN if self._run.preview else str(uuid.uuid4())
            made.id = old.id if old and not replacing else fresh
            shown.new, shown.new_id = made, made.id
            # A provider that takes no difference for one goes on as it was.
            settings = {**old.inputs} if old and op == "same" else step.inputs
            self._registry.configure(step.urn, made.id, settings)
            self.record(step, made, replacing=replacing)
        return made

    # Resources

    def same(self, step: Step) -> Resource:
        """Nothing to do: old outputs, new options and inputs; what was just imported stays as it was found."""
        old = step.old
        assert old is not None
        if step.imported:
            return old
        made = self.entry(step, old)
        made.id, made.outputs = old.id, rewrap(old.outputs, step.inputs, step.goal.additional_secret_outputs)
        with self.shown("same", step.urn, old, step) as shown:
            shown.new, shown.new_id = made, made.id
            self._run.journal.record(made, old, changed=differs(made, old))
        return made

    def untargeted(self, old: Resource) -> Resource:
        """Left as it is, because the operation is about other resources; a component is done when its outputs come."""
        if not old.custom:
            shown = Shown("same", old.urn, old, parent=old.parent)
            self._run.display.start(shown)
            self._run.journal.record(old, old, changed=False)
            self._run.display.count(shown)
            if self._run.preview:
                self._run.display.done(shown, count=False)
            return old
        with self.shown("same", old.urn, old) as shown:
            shown.new_id = old.id
            self._run.journal.record(old, old, changed=False)
        return old

    def create(self, step: Step, op: str = "create") -> Resource:
        """Make a resource; ``create-replacement`` leaves the old entry condemned, or takes a deleted one's place."""
        replacing = op == "create-replacement"
        made = self.entry(step, None)
        with self.shown(op, step.urn, step.old if replacing else None, step) as shown:
            seconds = step.goal.custom_timeouts.get("create", 0.0)
            with self._run.journal.begun("creating", made):
                try:
                    made.id, outputs = self._created(step, seconds)
                except InitFailed as failed:
                    made.id, made.init_errors = failed.id, failed.reasons
                    made.outputs = self.wrapped(step, failed.outputs)
                    shown.new_id = made.id
                    self.record(step, made, replacing=replacing)
                    raise
                shown.new, shown.new_id = made, made.id
                made.outputs = self.wrapped(step, outputs)
                self.record(step, made, replacing=replacing)
        return made

    def _created(self, step: Step, seconds: float) -> tuple[str, Values]:
        plugin = self._registry.of(step.provider)
        if self._run.preview and not plugin.configured:
            return "", {}
        if self._run.preview and not plugin.supports_preview:
            return "", step.inputs
        made_id, outputs = plugin.create(step.urn, step.inputs, seconds, preview=self._run.preview)
        if not made_id and not self._run.preview:
            raise ProviderError("provider did not return an ID from Create")
        return made_id, outputs

    def update(self, step: Step) -> Resource:
        """Change a resource in place; one that does not become ready keeps its old inputs."""
        old = step.old
        assert old is not None
        made = self.entry(step, old)
        made.id = old.id
        with self.shown("update", step.urn, old, step) as shown:
            seconds = step.goal.custom_timeouts.get("update", 0.0)
            with self._run.journal.begun("updating", made):
                shown.new, shown.new_id = made, old.id
                try:
                    outputs = self._updated(step, old, seconds)
                except InitFailed as failed:
                    made.inputs, made.init_errors = old.inputs, failed.reasons
                    made.outputs = self.wrapped(step, failed.outputs)
                    self._run.journal.record(made, old, changed=True)
                    raise
                made.outputs = self.wrapped(step, outputs)
                self._run.journal.record(made, old, changed=True)
        return made

    def _updated(self, step: Step, old: Resource, seconds: float) -> Values:
        plugin = self._registry.of(step.provider)
        if self._run.preview and not plugin.configured:
            return {}
        if self._run.preview and not plugin.supports_preview:
            return step.inputs
        known = (old.inputs, old.outputs)
        return plugin.update(
            step.urn, old.id, known, step.inputs, seconds, step.goal.ignore_changes, preview=self._run.preview
        )

    def replace(self, step: Step) -> Resource:
        """Create, then mark; or delete with the dependants that cannot live without it, mark, then create."""
        old = step.old
        assert old is not None
        if step.op == "recreate":
            self.mark(step, Difference(), self.entry(step, None))
            return self._replacement(step)
        if not step.delete_first:
            made = self._replacement(step)
            self.mark(step, step.difference, made)
            return made
        for condemned in step.dependants:
            self.delete_first(condemned)
        if not old.pending_replacement:
            self.delete_first(old)
        self.mark(step, step.difference, self.entry(step, None))
        return self._replacement(step)

    def _replacement(self, step: Step) -> Resource:
        if not step.goal.custom:
            return self.component(step, "create-replacement")
        if is_provider(step.goal.type):
            return self.provider(step, "create-replacement")
        return self.create(step, "create-replacement")

    # Deleting

    def delete_first(self, resource: Resource) -> None:
        """Delete what is about to be made anew; its entry keeps its place. What waits for deletion goes for good."""
        op = "delete" if resource.delete else "delete-replaced"
        with self.shown(op, self._run.journal.former_urn(resource), resource):
            self._deleted(resource)
            if resource.delete:
                self._run.journal.drop(resource)
            else:
                self._run.journal.await_replacement(resource)

    def delete(self, resource: Resource, op: str) -> None:
        """Delete a resource for good.

        Raises:
            ProtectedResource, ProviderError
        """
        with self.shown(op, self._run.journal.former_urn(resource), resource):
            if resource.protect and op == "delete" and not self._run.settings.ignore_protect:
                raise ProtectedResource(resource.urn)
            if not op.startswith(("discard", "remove")):
                self._deleted(resource)
            self._run.journal.drop(resource)

    def _deleted(self, resource: Resource) -> None:
        if self._run.preview or not resource.custom or resource.external or is_provider(resource.type):
            return
        if resource.retain_on_delete or resource.deleted_with in self.ledger.deleted:
            return
        plugin = self._registry.of_old(resource.provider)
        with self._run.journal.begun("deleting", resource):
            seconds = resource.custom_timeouts.get("delete", 0.0)
            urn = self._run.journal.former_urn(resource)
            plugin.delete(urn, resource.id, (resource.inputs, resource.outputs), seconds)
