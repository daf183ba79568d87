"""Resources that exist already: looked at (``X.get``) or taken over (the ``import`` option)."""

from __future__ import annotations

from typing import Any

from batchlocal.engine.entries import Entries, Step
from batchlocal.engine.plan import Difference
from batchlocal.engine.providers import InitFailed, ProviderError
from batchlocal.engine.state import Resource
from batchlocal.engine.urns import package_of
from batchlocal.engine.values import UNKNOWN, rewrap

__all__ = ["Takeovers"]

Values = dict[str, Any]


class Takeovers(Entries):
    """Reads what a program names by its id."""

    def read(self, step: Step, resource_id: str) -> Resource:
        """A resource that is looked at and not managed; a managed one of another id is replaced by it."""
        old, replacing = step.old, step.op == "read-replacement"
        with self.shown(step.op, step.urn, old, step, resource_id) as shown:
            made = self.entry(step, old)
            made.id, made.external = resource_id, True
            if resource_id != UNKNOWN:
                self._found(step, made)
            shown.new_id = made.id
            was_read = old is not None and old.external
            shown.counts = was_read and (old.id, old.outputs) != (made.id, made.outputs)  # type: ignore[union-attr]
            self.record(step, made, replacing=replacing)
        if replacing:
            self.mark(step, Difference(), made)
        return made

    def _found(self, step: Step, made: Resource) -> None:
        """Take what the provider finds under an id into an entry."""
        plugin = self._registry.of(step.provider)
        with self._run.journal.begun("reading", made):
            found_id, _, outputs = plugin.read(step.urn, made.id, step.inputs, step.inputs)
            if not found_id:
                raise ProviderError(f"resource '{made.id}' does not exist")
            made.id, made.outputs = found_id, self.wrapped(step, outputs)

    def imported(self, step: Step) -> Resource:
        """What exists under an id, taken over: an entry to compare the goal with."""
        made = self.entry(step, None)
        with self.shown(step.op, step.urn, None, step) as shown:
            with self._run.journal.begun("importing", made):
                self._taken_over(step, made)
            shown.old, shown.new, shown.new_id = made, made, made.id
            self.record(step, made, replacing=step.old is not None)
        if step.old is not None:
            self.mark(step, Difference(), made)
        return made

    def _taken_over(self, step: Step, made: Resource) -> None:
        wanted = step.goal.import_id
        try:
            plugin, seconds = self._registry.of(step.provider), step.goal.custom_timeouts.get("read", 0.0)
            found_id, inputs, outputs = plugin.read(step.urn, wanted, None, None, seconds)
        except InitFailed as failed:
            found_id, inputs, outputs = failed.id or wanted, failed.inputs, failed.outputs
            made.init_errors = failed.reasons
        if not found_id:
            raise ProviderError(f"resource '{wanted}' does not exist")
        if inputs is None:
            raise ProviderError(
                "provider does not support importing resources; please try updating the"
                f" '{package_of(step.goal.type)}' plugin"
            )
        made.id, made.inputs = found_id, inputs
        made.outputs = rewrap(outputs, inputs, step.goal.additional_secret_outputs)
