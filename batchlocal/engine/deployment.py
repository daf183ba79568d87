"""What a program's registrations lead to.

Deciding is serial, in the order in which registrations arrive; performing is parallel.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from batchlocal.engine.aliases import Aliases
from batchlocal.engine.deciding import Decider
from batchlocal.engine.entries import Step
from batchlocal.engine.errors import EngineError, NeedsPulumi
from batchlocal.engine.goals import Goal
from batchlocal.engine.policies import Policies
from batchlocal.engine.providers import ProviderError
from batchlocal.engine.registry import Registry
from batchlocal.engine.run import Run, Stopped
from batchlocal.engine.state import Resource
from batchlocal.engine.steps import Steps
from batchlocal.engine.takeovers import Takeovers
from batchlocal.engine.urns import ROOT_TYPE, is_provider, package_of, urn_for
from batchlocal.engine.values import UNKNOWN

__all__ = ["Deployment", "Skipped", "refused"]

Values = dict[str, Any]


class Skipped(Exception):
    """The resource was not made, and the run goes on: ``failed`` after an error, else because it is no target."""

    def __init__(self, urn: str, *, failed: bool) -> None:
        super().__init__(urn)
        self.urn = urn
        self.failed = failed


class Deployment:
    """Takes registrations from several threads at once."""

    def __init__(self, run: Run, registry: Registry, steps: Steps, takeovers: Takeovers, policies: Policies) -> None:
        self.run = run
        self.ledger = steps.ledger
        self.stack_outputs: Values | None = None
        self._registry = registry
        self._steps = steps
        self._takeovers = takeovers
        self._decider = Decider(run, registry, self.ledger, policies)
        self._deciding = threading.RLock()
        self._aliases = Aliases(run.names.project, run.names.stack)
        self._unfinished: dict[str, Step] = {}

    def register(self, goal: Goal) -> Resource:
        """Bring one resource to its goal.

        Raises:
            Stopped: the run has failed already.
            Skipped: the resource was not made, and the run goes on.
            EngineError: it cannot be taken, or its step failed.
        """
        urn = self._urn(goal)

        def bring() -> Resource:
            step = self._decided(urn, goal)
            if not step.goal.custom:
                self._unfinished[urn] = step
            return self._perform(step)

        return self._held(urn, bring)

    def _urn(self, goal: Goal) -> str:
        return urn_for(self.run.names.stack, self.run.names.project, goal.type, goal.name, goal.parent)

    def _held(self, urn: str, bring: Callable[[], Resource]) -> Resource:
        """An error ends the run, unless it is a step's and the run is to continue on errors."""
        try:
            return bring()
        except EngineError as error:
            self.ledger.unmade[urn] = True
            error.urn = error.urn or urn
            self.run.fail(error)
            if self.run.stopped:
                raise
            raise Skipped(urn, failed=True) from None

    def _decided(self, urn: str, goal: Goal) -> Step:
        with self._deciding:
            self._refuse_stopped()
            goal, old = self._claim(urn, goal)
            if old is not None and old.urn != urn:
                self._take_on(urn, goal, old)
            provider = "" if not goal.custom or is_provider(goal.type) else self._reference_for(goal, urn)
            if provider:
                goal.provider = provider  # children have it too, whatever version they are of
            if not (goal.custom and goal.import_id and _to_import(goal, old)):
                return self._decider.decide(urn, goal, old, provider)
        return self._import(urn, goal, old, provider)

    def _refuse_stopped(self) -> None:
        if self.run.stopped:
            raise Stopped

    def _perform(self, step: Step) -> Resource:
        if step.op == "skip":
            self._steps.only_shown(step.urn, custom=step.goal.custom)
            self.ledger.unmade[step.urn] = False
            raise Skipped(step.urn, failed=False)
        if self.ledger.failed(step.goal.needs()):
            self.ledger.unmade[step.urn] = True
            raise Skipped(step.urn, failed=True)
        try:
            return self._steps.perform(step)
        except EngineError:
            if step.old is not None:
                self.ledger.broken.append(step.old)
            raise

    # Outputs

    def register_outputs(self, urn: str, outputs: Values) -> None:
        """A component's outputs, with which it is finished; the stack's are kept until it is known how the run ends."""
        found = self.run.journal.done.get(urn)
        if found is None:
            return
        if found.type == ROOT_TYPE:
            self.stack_outputs = outputs
            return
        if found.outputs != outputs:
            self.run.journal.change(urn, outputs=outputs)
        self._finish(urn)

    def settle_outputs(self, *, failed: bool) -> None:
        """Write the stack's outputs: after a failure, what was registered is laid over the old ones."""
        for urn, resource in list(self.run.journal.done.items()):
            if resource.type == ROOT_TYPE and self.stack_outputs is not None:
                outputs = {**resource.outputs, **self.stack_outputs} if failed else self.stack_outputs
                if outputs != resource.outputs:
                    self.run.journal.change(urn, outputs=outputs)
                self._finish(urn)

    def show_stack(self) -> None:
        """Show the stack as done, when its outputs have come and the run ends at once."""
        for urn, resource in list(self.run.journal.done.items()):
            if resource.type == ROOT_TYPE and self.stack_outputs is not None:
                self._finish(urn)

    def _finish(self, urn: str) -> None:
        step = self._unfinished.pop(urn, None)
        if step is not None:
            self._steps.finished(step)

    # Claiming

    def _claim(self, urn: str, goal: Goal) -> tuple[Goal, Resource | None]:
        """The goal with what its parent gives it, and the old entry that it continues."""
        if goal.parent and goal.parent not in self.ledger.seen:
            raise EngineError(f"could not find parent resource {goal.parent}", urn=urn)
        if urn in self.ledger.seen:
            raise EngineError(f"Duplicate resource URN '{urn}'; try giving it a unique name", urn=urn)
        self.ledger.seen.add(urn)
        goal = self._inherit(goal)
        self.ledger.goals[urn] = goal
        self._aliases.refuse_taken(urn)
        journal = self.run.journal
        old = journal.live(urn)
        for alias in self._aliases.candidates(goal) if old is None else ():
            if alias not in journal.original and not self._aliases.is_taken(alias):
                continue
            self._aliases.take(urn, alias, self.ledger.seen)
            if (found := journal.live(alias)) is not None:
                return goal, found
        return goal, old

    def _take_on(self, urn: str, goal: Goal, old: Resource) -> None:
        """An alias matched: the old entry gets its new URN, unless it is no target, where everything stays as it is."""
        if self._decider.is_target(urn, goal):
            self.run.journal.rename(old, urn)
        else:
            self.ledger.seen.add(old.urn)

    def _inherit(self, goal: Goal) -> Goal:
        """Options that a resource takes from its parent when it says nothing itself."""
        parent = self.ledger.goals.get(goal.parent)
        if parent is None:
            return goal
        own = goal.custom and not is_provider(goal.type)
        package = package_of(goal.type)
        given = goal.provider or (self.ledger.inherited_provider(goal) if own else "")
        if own:
            given = self.ledger.provider_for(package, given, goal.providers, goal.parent)
        return replace(
            goal,
            protect=parent.protect if goal.protect is None else goal.protect,
            retain_on_delete=parent.retain_on_delete if goal.retain_on_delete is None else goal.retain_on_delete,
            deleted_with=goal.deleted_with or parent.deleted_with,
            provider=given,
            providers={} if goal.custom else {**parent.providers, **goal.providers},
        )

    # Providers

    def _reference_for(self, goal: Goal, asker: str) -> str:
        """The reference ``URN::ID`` of the provider that a goal names, its parent's, or the package's default one."""
        package = package_of(goal.type)
        given = self.ledger.provider_for(package, goal.provider, goal.providers, goal.parent)
        return given or self._default_provider(goal, asker)

    def _default_provider(self, wanting: Goal, asker: str) -> str:
        goal = self._registry.default_goal(wanting, asker)
        urn = self._urn(goal)
        if urn not in self.run.journal.done:
            self.ledger.seen.add(urn)
            try:
                self._steps.perform(self._decider.decide(urn, goal, self.run.journal.live(urn), ""))
            except EngineError as error:
                error.urn = error.urn or urn
                raise
        return f"{urn}::{self.run.journal.done[urn].id}"

    # Reading and importing

    def read(self, goal: Goal, resource_id: str) -> Resource:
        """A resource that is looked at and not managed (``X.get``); raises as ``register`` does."""
        urn = self._urn(goal)

        def look() -> Resource:
            step = self._read_step(urn, goal, resource_id)
            if self.ledger.failed(goal.needs()) or (not self.run.preview and resource_id == UNKNOWN):
                self.ledger.unmade[urn] = True
                raise Skipped(urn, failed=True)
            return self._takeovers.read(step, resource_id)

        return self._held(urn, look)

    def _read_step(self, urn: str, goal: Goal, resource_id: str) -> Step:
        with self._deciding:
            self._refuse_stopped()
            goal, old = self._claim(urn, goal)
            if old is not None and old.urn != urn:
                self.run.journal.rename(old, urn)
            step = Step(urn, goal, goal.inputs, old, self._reference_for(goal, "Read"), "read")
            if old is not None and not old.external and old.id != resource_id:
                step.op = "read-replacement"
                self.ledger.replaced.add(urn)
            self.ledger.decided.add(urn)
            return step

    def _import(self, urn: str, goal: Goal, old: Resource | None, provider: str) -> Step:
        """Take over what exists, then see what is left to do."""
        step = Step(urn, goal, goal.inputs, old, provider, "import" if old is None else "import-replacement")
        found = self._takeovers.imported(step)
        with self._deciding:
            after = Step(urn, goal, goal.inputs, found, provider, "same", seed=os.urandom(32), imported=True)
            self._decider.continue_import(after, found)
        return after

    def invoke(self, goal: Goal) -> tuple[Values, list[Any]]:
        """A provider's function; the goal has its token, arguments, parent and provider.

        Raises:
            EngineError: it failed; the program may go on.
        """
        with self._deciding:
            self._refuse_stopped()
            try:
                reference = self._reference_for(goal, "Invoke")
            except EngineError as error:
                if not error.urn:
                    raise
                self.run.fail(error)  # a provider that cannot be had ends the run
                raise Stopped from None
        try:
            return self._registry.of(reference).invoke(goal.type, goal.inputs, preview=self.run.preview)
        except ProviderError as error:
            raise EngineError(f"invocation of {goal.type} returned an error: {error}") from None


def _to_import(goal: Goal, old: Resource | None) -> bool:
    return old is None or old.external or goal.import_id != (old.import_id or old.id)


def refused(goal: Goal) -> NeedsPulumi | None:
    """What a goal asks for that only the Pulumi CLI does."""
    for asked, what in ((goal.replace_with, "the option replaceWith"), (goal.trigger, "the option replacementTrigger")):
        if asked:
            return NeedsPulumi(what)
    return None
