"""Refresh: what providers say is really there goes into the state."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from batchlocal.engine.display import Shown
from batchlocal.engine.errors import EngineError
from batchlocal.engine.goals import Goal
from batchlocal.engine.plan import Difference, difference_of, inverted, with_ignored
from batchlocal.engine.providers import InitFailed
from batchlocal.engine.registry import Registry
from batchlocal.engine.run import Run
from batchlocal.engine.state import Resource, moment
from batchlocal.engine.urns import is_provider, name_of
from batchlocal.engine.values import rewrap

__all__ = ["Refresh"]


class Refresh:
    """Reads every resource of the state; in a preview too, only that nothing is written then."""

    def __init__(self, run: Run, registry: Registry) -> None:
        self._run = run
        self._registry = registry

    def __call__(self) -> None:
        targets = self._run.settings.targets
        wanted = [one for one in self._run.journal.old.resources if not one.delete]
        wanted = [one for one in wanted if targets.all or is_provider(one.type) or targets.takes(one.urn, one.needs())]
        with ThreadPoolExecutor(self._run.settings.width) as pool:
            list(pool.map(self._one, wanted))
        for one in self._run.journal.old.resources:  # as the CLI: keys without a dependency are not kept
            one.property_dependencies = {name: urns for name, urns in one.property_dependencies.items() if urns}
        self._run.journal.touch()
        self._run.journal.commit()

    def _one(self, resource: Resource) -> None:
        if self._run.stopped:
            return
        with self._run.slots:
            shown = Shown("refresh", resource.urn, resource, logical=False)
            shown.new_id = resource.id
            self._run.display.start(shown)
            if not resource.custom or is_provider(resource.type) or resource.pending_replacement:
                shown.op = "same"
            else:
                try:
                    shown.op = self._read(resource, shown)
                except EngineError as error:
                    error.urn, error.told = resource.urn, True
                    self._run.display.failed(shown, str(error))
                    self._run.fail(error)
                    return
            self._run.display.done(shown)

    def _read(self, resource: Resource, shown: Shown) -> str:
        """Take what is there into the entry; returns what that means: same, update or delete."""
        plugin = self._registry.of_old(resource.provider)
        errors: list[str] = []
        try:
            found_id, inputs, outputs = plugin.read(resource.urn, resource.id, resource.inputs, resource.outputs)
        except InitFailed as failed:
            found_id, inputs, outputs, errors = failed.id or resource.id, failed.inputs, failed.outputs, failed.reasons
            self._run.display.diagnostic("warning", "; ".join(errors), resource.urn)
        if not found_id:
            self._run.journal.forget(resource)
            return "delete"
        old_inputs, old_outputs = resource.inputs, resource.outputs
        new_inputs = old_inputs if inputs is None or resource.external else rewrap(inputs, old_inputs, ())
        found = Goal(resource.type, name_of(resource.urn), True, new_inputs, ignore_changes=resource.ignore_changes)
        new_inputs = with_ignored(found, old_inputs)  # what the program ignores is no drift
        new_outputs = rewrap(outputs, new_inputs, resource.additional_secret_outputs, old_outputs)
        changed = (old_inputs, old_outputs, resource.id) != (new_inputs, new_outputs, found_id)
        resource.inputs, resource.outputs, resource.id = new_inputs, new_outputs, found_id
        resource.init_errors = errors
        if changed:
            resource.modified = moment()
        if resource.external:
            return "update" if old_outputs != new_outputs else "same"
        goal = Goal(resource.type, name_of(resource.urn), True, old_inputs)
        known = (new_inputs, new_outputs)
        answer = plugin.diff(resource.urn, resource.id, known, old_inputs, resource.ignore_changes)
        difference = inverted(difference_of(answer, goal, new_inputs, old_inputs))
        shown.difference = Difference(difference.changed, (), difference.paths)
        shown.old_inputs, shown.new_inputs = old_inputs, new_inputs
        return "update" if difference.changed else "same"
