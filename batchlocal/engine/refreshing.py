"""Refresh: what providers say is really there goes into the state."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from batchlocal.engine.display import Shown
from batchlocal.engine.errors import EngineError
from batchlocal.engine.plan import difference_of, inverted
from batchlocal.engine.providers import InitFailed, ProviderError
from batchlocal.engine.registry import Registry
from batchlocal.engine.run import Run
from batchlocal.engine.state import Resource, moment
from batchlocal.engine.urns import is_provider
from batchlocal.engine.values import rewrap

__all__ = ["Refresh", "refuse_absent", "refuse_unknown"]

Values = dict[str, Any]


class Refresh:
    """Reads every resource of the state; in a preview too, only that nothing is written then."""

    def __init__(self, run: Run, registry: Registry, *, first: bool) -> None:
        """``first``: something else follows, and the steps are shown as refreshes, whatever they find."""
        self._run = run
        self._registry = registry
        self._first = first

    def __call__(self) -> None:
        """Read all that the targets take; what cannot be read stays, and is an error when the others have been read.

        Raises:
            EngineError: a target is not there.
        """
        targets, journal = self._run.settings.targets, self._run.journal
        refuse_absent(self._run, [*targets.included, *targets.excluded])
        wanted = [one for one in journal.old.resources if targets.takes(one.urn, one.needs() - {one.provider_urn})]
        with ThreadPoolExecutor(self._run.settings.width) as pool:
            errors = list(pool.map(self._one, wanted))
        journal.mend_references()
        for error in filter(None, errors):
            self._run.fail(error)

    def _one(self, resource: Resource) -> EngineError | None:
        if self._run.stopped:
            return None
        with self._run.slots:
            shown = Shown("refresh", resource.urn, resource, logical=False, parent=resource.parent)
            shown.new_id, shown.hidden = resource.id, resource.hide_diffs
            self._run.display.start(shown)
            try:
                outcome = self._outcome(resource, shown)
                shown.op = "refresh" if self._first else outcome
            except EngineError as error:
                error.urn, error.told, error.of_step = resource.urn, True, True
                unclear = isinstance(error, ProviderError) and error.unclear
                self._run.display.failed(shown, str(error), status=2 if unclear else 0)
                return error
            self._run.display.done(shown)
        return None

    def _outcome(self, resource: Resource, shown: Shown) -> str:
        """Same, update or delete; components, providers and what waits for its replacement are as the state says."""
        if not resource.custom or is_provider(resource.type) or resource.pending_replacement:
            return "same"
        plugin = self._registry.of_old(resource.provider)
        errors: list[str] = []
        try:
            seconds = resource.custom_timeouts.get("read", 0.0)
            found_id, inputs, outputs = plugin.read(
                resource.urn, resource.id, resource.inputs, resource.outputs, seconds
            )
        except InitFailed as failed:
            found_id, inputs, outputs, errors = failed.id or resource.id, failed.inputs, failed.outputs, failed.reasons
            text = "".join(f"\n* {reason}" for reason in errors)
            self._run.display.diagnostic("warning", f"Refreshed resource is in an unhealthy state:{text}", resource.urn)
        if not found_id:
            self._run.journal.forget(resource)
            shown.new_id = ""
            return "delete"
        before = (resource.inputs, resource.outputs)
        self._take(resource, found_id, inputs, outputs, errors)
        shown.new_id = found_id
        if resource.external:
            return "same" if resource.outputs == before[1] else "update"
        return self._compared(resource, outputs, before[0], shown)

    @staticmethod
    def _take(resource: Resource, found_id: str, inputs: Values | None, outputs: Values, errors: list[str]) -> None:
        """What was found becomes the entry."""
        old = (resource.inputs, resource.outputs)
        resource.inputs = resource.inputs if inputs is None else inputs
        resource.outputs = rewrap(outputs, resource.inputs, resource.additional_secret_outputs)
        resource.id, resource.init_errors = found_id, errors
        if (resource.inputs, resource.outputs) != old:
            resource.modified = moment()

    def _compared(self, resource: Resource, outputs: Values, wanted: Values, shown: Shown) -> str:
        """What an ``up`` would change back, seen from the other side; ``outputs`` as the provider told them."""
        plugin = self._registry.of_old(resource.provider)
        known = (resource.inputs, outputs)
        answer = plugin.diff(resource.urn, resource.id, known, wanted, resource.ignore_changes)
        shown.difference = inverted(difference_of(answer, resource.inputs, wanted))
        shown.old_inputs, shown.new_inputs = wanted, resource.inputs
        return "update" if shown.difference.changed else "same"


def refuse_absent(run: Run, patterns: Iterable[str]) -> None:
    """Refuse URNs on the command line that the state does not have, where no program can bring them.

    Raises:
        EngineError
    """
    there = {one.urn for one in run.journal.old.resources}
    for urn in patterns:
        if "*" not in urn and urn not in there:
            run.display.aside("error", text := f"no resource named '{urn}' found")
            raise EngineError(text, told=True)


def refuse_unknown(run: Run, patterns: Iterable[str], urns: set[str]) -> None:
    """Refuse URNs on the command line that no resource has.

    Raises:
        EngineError
    """
    unknown = [one for one in patterns if "*" not in one and one not in urns]
    for one in unknown:
        hint = "" if "$" in one else " Did you forget to escape $ in your shell?"
        run.note(EngineError(f"Target '{one}' could not be found in the stack.{hint}"))
    if unknown:
        raise EngineError("one or more targets could not be found in the stack", told=True)
