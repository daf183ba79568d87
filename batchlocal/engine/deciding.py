"""Decides what a registration means: which step brings a resource from its old entry to its goal.

Providers are asked (Check, Diff) and nothing is changed. The order of questions is the Pulumi CLI's (3.260).
"""

from __future__ import annotations

import os
from typing import Any

from batchlocal.engine.dependants import Dependants
from batchlocal.engine.entries import Step
from batchlocal.engine.errors import EngineError
from batchlocal.engine.goals import Goal
from batchlocal.engine.ledger import Ledger
from batchlocal.engine.plan import Difference, difference_of, forced_by_option, with_ignored
from batchlocal.engine.policies import Policies
from batchlocal.engine.providers import ProviderError
from batchlocal.engine.registry import Provider, Registry
from batchlocal.engine.run import Run
from batchlocal.engine.state import Resource
from batchlocal.engine.urns import ROOT_TYPE, is_provider, name_of, type_of
from batchlocal.engine.values import has_unknown, masked, printed, without_unknowns

__all__ = ["Decider"]

Values = dict[str, Any]

_UNAVAILABLE = (
    "The provider for this resource has inputs that are not known during preview.\n"
    "This preview may not correctly represent the changes that will be applied during an update."
)


class Decider:
    """Decides one registration at a time; whoever calls it holds the lock."""

    def __init__(self, run: Run, registry: Registry, ledger: Ledger, policies: Policies) -> None:
        self._run = run
        self._policies = policies
        self._registry = registry
        self._ledger = ledger
        self._dependants = Dependants(run, registry, ledger)

    def decide(self, urn: str, goal: Goal, old: Resource | None, provider: str) -> Step:
        """The step for a registration.

        Raises:
            EngineError: it cannot be taken.
        """
        step = Step(urn, goal, goal.inputs, old, provider, "create", seed=os.urandom(32))
        target = self.is_target(urn, goal)
        if urn in self._ledger.condemned:
            self._decide_recreation(step, target=target)
        elif not target and not (old and old.external):
            step.op = "skip" if old is None else "untargeted"
            if old is not None:
                self._refuse_other_provider(step, old)
        elif not goal.custom:
            self._decide_component(step)
        elif is_provider(goal.type):
            self._decide_provider(step)
        elif old is None or old.external:
            step.inputs = old.inputs if old and not target else self._check(step, None, goal.inputs)
            self._apply_policies(step)
            step.op = "create" if old is None else "replace"
        else:
            self._decide_change(step, old)
        self._note(step)
        return step

    def continue_import(self, step: Step, found: Resource) -> None:
        """What is left to do with a resource that was just taken over, whose entry ``found`` is."""
        step.old = found
        if self.is_target(step.urn, step.goal):
            self._decide_change(step, found)
        else:
            step.op = "untargeted"
        self._note(step)

    def _note(self, step: Step) -> None:
        self._refuse_unmade(step)
        self._ledger.decided.add(step.urn)
        if step.op in ("replace", "recreate") and not (step.old and step.old.external):
            self._ledger.replaced.add(step.urn)

    def is_target(self, urn: str, goal: Goal) -> bool:
        """Whether the operation is about a resource; providers and the stack always are."""
        targets = self._run.settings.targets
        if targets.all or is_provider(goal.type) or goal.type == ROOT_TYPE:
            return True
        provider = goal.provider.rsplit("::", 1)[0]
        return targets.takes(urn, goal.needs() | ({provider} if provider else set()))

    def _refuse_other_provider(self, step: Step, old: Resource) -> None:
        """What is left alone needs its provider as it was."""
        current = self._run.journal.done.get(old.provider_urn)
        if old.provider and (current is None or f"{current.urn}::{current.id}" != old.provider):
            raise EngineError(
                f"provider {old.provider} for resource {step.urn} has not been registered yet, this is due to a change"
                " of providers mixed with --target. Change your program back to the original providers",
                urn=step.urn,
            )

    def _refuse_unmade(self, step: Step) -> None:
        """What needs a resource that is no target and not there cannot be made; a preview goes on and tells of all."""
        if step.op in ("skip", "untargeted") or not self._run.settings.selects:
            return
        needs = step.goal.needs()
        while urn := self._ledger.untargeted(needs):
            error = EngineError(
                f"Resource '{step.urn}' depends on '{urn}' which was was not specified in --target list.", urn=step.urn
            )
            self._note_in_preview(error)
            del self._ledger.unmade[urn]

    # The kinds of resources

    def _decide_component(self, step: Step) -> None:
        old = step.old
        self._apply_policies(step)
        changed = old is not None and step.goal.type != ROOT_TYPE and old.inputs != self._with_ignored(step, old.inputs)
        step.op = "create" if old is None else "update" if changed else "same"

    def _decide_recreation(self, step: Step, *, target: bool) -> None:
        """It was deleted with another resource, and is wanted still; as it was, if it is no target."""
        step.op = "recreate"
        keys = self._ledger.condemned.pop(step.urn)
        self._ledger.deleted.discard(step.urn)
        step.difference = Difference(True, keys)
        if not target and step.old is not None:
            step.inputs = step.old.inputs
        elif is_provider(step.goal.type):
            self._checked_provider(step, None)
        elif step.goal.custom:
            step.inputs = self._check(step, None, step.goal.inputs)
        self._apply_policies(step)

    def _decide_provider(self, step: Step) -> None:
        """An explicit or default provider: its plugin is started here and configured when the step is performed."""
        old = step.old
        plugin = self._checked_provider(step, old)
        self._apply_policies(step)
        if old is None:
            return
        answer = plugin.diff_config(step.urn, old.id, (old.inputs, old.outputs), step.inputs)
        before = {name: value for name, value in old.inputs.items() if name != "__internal"}
        step.difference = forced_by_option(
            difference_of(answer, before, step.inputs), step.goal.replace_on_changes, init_errors=False
        )
        if step.difference.replaces or old.pending_replacement:
            self._refuse_protected(step, old)
            self._replace(step, old)
        else:
            step.op = "update" if step.difference.changed else "same"

    def _checked_provider(self, step: Step, old: Resource | None) -> Provider:
        """The plugin of a provider resource, which has checked the step's inputs."""
        goal = step.goal
        given = goal.inputs if old is None else self._with_ignored(step, old.inputs)
        news = {**given, **({"version": goal.version} if goal.version else {})}
        plugin = self._registry.start(step.urn, goal.type, goal.version)
        step.inputs = news if has_unknown(news) else plugin.check_config(step.urn, old.inputs if old else {}, news)
        return plugin

    def _decide_change(self, step: Step, old: Resource) -> None:
        """A managed resource that is there: the same, an update, or a replacement."""
        if step.urn in self._run.settings.replace:
            step.inputs = self._check(step, None, step.goal.inputs)
        else:
            step.inputs = self._check(step, old.inputs, self._with_ignored(step, old.inputs))
        self._apply_policies(step)
        step.difference = forced_by_option(
            self._differ(step, old), step.goal.replace_on_changes, init_errors=bool(old.init_errors)
        )
        if step.difference.replaces or old.pending_replacement:
            self._decide_replacement(step, old)
        else:
            step.op = "update" if step.difference.changed or old.init_errors else "same"

    def _decide_replacement(self, step: Step, old: Resource) -> None:
        self._refuse_protected(step, old)
        self._refuse_import_option(step, old)
        if step.urn not in self._run.settings.replace:
            step.inputs = self._check(step, None, step.goal.inputs)
        self._replace(step, old)

    def _replace(self, step: Step, old: Resource) -> None:
        """Create first and delete at the end of the run, or delete first, and what depends on it before."""
        step.op = "replace"
        asked = step.goal.delete_before_replace
        step.delete_first = step.difference.delete_first if asked is None else asked
        if step.delete_first:
            step.dependants = self._dependants.of(old, step.urn)
            self._ledger.deleted.add(step.urn)

    def _apply_policies(self, step: Step) -> None:
        """Let policies change the inputs; a mandatory one that is not kept ends an update, and fails a preview."""
        provider = self._run.journal.current(step.provider.rsplit("::", 1)[0]) if step.provider else None
        step.inputs, forbidden = self._policies.applied(step.urn, step.goal, step.inputs, provider)
        if forbidden:
            error = EngineError(f"resource {step.urn} is invalid", urn=step.urn, told=True)
            self._note_in_preview(error)

    def _refuse_protected(self, step: Step, old: Resource) -> None:
        if old.protect and step.goal.protect and not self._run.settings.ignore_protect:
            error = EngineError(
                f'unable to replace resource "{step.urn}"\nas it is currently marked for protection. To unprotect the'
                " resource, remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`",
                urn=step.urn,
            )
            self._note_in_preview(error)

    def _note_in_preview(self, error: EngineError) -> None:
        """A preview goes on, to tell of all that is wrong."""
        if not self._run.preview:
            raise error
        error.of_step = True
        self._run.note(error)

    def _refuse_import_option(self, step: Step, old: Resource) -> None:
        if not step.goal.import_id:
            return
        lines = "\n".join(
            f"{key}: {printed(masked(old.inputs.get(key)))} => {printed(masked(step.inputs.get(key)))}"
            for key in step.difference.keys
        )
        text = (
            "previously-imported resources that still specify an ID may not be replaced; please remove the `import`"
            f" declaration from your program;\n{lines}"
        )
        if not self._run.preview:
            raise EngineError(text, urn=step.urn)
        self._run.display.diagnostic("warning", text, step.urn)

    # Asking providers

    def _with_ignored(self, step: Step, old: Values) -> Values:
        inputs, failed = with_ignored(step.goal, old)
        if failed:
            text = f'cannot ignore changes in added or removed elements of the path: "{", ".join(failed)}"'
            self._run.display.diagnostic("info", text, step.urn)
        return inputs

    def _check(self, step: Step, olds: Values | None, news: Values) -> Values:
        """Checked inputs; secret where the given ones are."""
        plugin = self._registry.of(step.provider)
        if not plugin.configured:
            return news
        sent = news if self._run.preview else without_unknowns(news)
        inputs, failures = plugin.check(step.urn, olds or {}, sent, step.seed)
        if failures:
            for failure in failures:
                self._run.tell(ProviderError(_failure(step, failure), urn=step.urn))
            raise ProviderError(f"resource {step.urn} is invalid", urn=step.urn, told=True)
        return inputs

    def _differ(self, step: Step, old: Resource) -> Difference:
        if step.urn in self._run.settings.replace:
            return Difference(True, ("id",))
        if step.goal.deleted_with in self._ledger.replaced:
            return Difference(True, ("deletedWith",))
        plugin = self._registry.of(step.provider)
        if step.provider != old.provider and self._other_provider(step, plugin, old):
            return Difference(True, ("provider",))
        if not plugin.configured:
            self._run.display.diagnostic("warning", _UNAVAILABLE, step.urn)
            return Difference(True)
        known = (old.inputs, old.outputs)
        answer = plugin.diff(step.urn, old.id, known, step.inputs, step.goal.ignore_changes)
        return difference_of(answer, old.inputs, step.inputs)

    def _other_provider(self, step: Step, plugin: Provider, old: Resource) -> bool:
        """Whether the move to another provider means another resource; the new provider says so."""
        if not old.provider:
            return True
        before = self._run.journal.original.get(old.provider_urn)
        after = self._run.journal.current(step.provider.rsplit("::", 1)[0])
        if before is None or after is None or self._run.journal.former_urn(before) != before.urn:
            return False  # a provider under a new name is the same one, whatever else changed of it
        answer = plugin.diff_config(after.urn, after.id, (before.inputs, before.outputs), after.inputs)
        return difference_of(answer, before.inputs, after.inputs).replaces


def _failure(step: Step, failure: Any) -> str:
    place = f"{type_of(step.urn)} resource '{name_of(step.urn)}'"
    if not failure.property:
        return f"{place} has a problem: {failure.reason}"
    value = printed(masked(step.goal.inputs.get(failure.property)))
    return f"{place}: property {failure.property} value {value} has a problem: {failure.reason}"
