"""Decides what each registration of a program means and has it performed.

Deciding is serial, in the order in which registrations arrive; performing is parallel.
"""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from typing import Any

from batchlocal.engine.assets import hashed
from batchlocal.engine.errors import EngineError, NeedsPulumi
from batchlocal.engine.goals import Goal
from batchlocal.engine.plan import Difference, difference_of, local_difference, with_ignored
from batchlocal.engine.providers import ProviderError
from batchlocal.engine.registry import Provider, Registry
from batchlocal.engine.run import Run, Stopped
from batchlocal.engine.state import Resource
from batchlocal.engine.steps import Step, Steps
from batchlocal.engine.urns import ROOT_TYPE, is_provider, name_of, package_of, type_of, urn_for
from batchlocal.engine.values import UNKNOWN, has_secret, has_unknown, make_secret, masked, unwrapped

__all__ = ["Deployment", "Skipped"]

Values = dict[str, Any]


class Skipped(Exception):
    """The resource was not made, and the run goes on: ``failed`` after an error, else because it is no target."""

    def __init__(self, urn: str, *, failed: bool) -> None:
        super().__init__(urn)
        self.urn = urn
        self.failed = failed


class Deployment:
    """What a program's registrations lead to."""

    def __init__(self, run: Run, registry: Registry, steps: Steps) -> None:
        self.run = run
        self.seen: set[str] = set()
        self.stack_outputs: Values | None = None
        self._registry = registry
        self._steps = steps
        self._deciding = threading.RLock()
        self._goals: dict[str, Goal] = {}
        self._unmade: dict[str, bool] = {}

    def register(self, goal: Goal) -> Resource:
        """Bring one resource to its goal.

        Raises:
            Stopped: the run has failed already.
            Skipped: the resource was not made, and the run goes on.
            EngineError: this step failed.
        """
        urn = urn_for(self.run.names.stack, self.run.names.project, goal.type, goal.name, goal.parent)
        try:
            return self._registered(urn, goal)
        except EngineError as error:
            self._unmade[urn] = True
            error.urn = error.urn or urn
            self.run.fail(error)
            if self.run.settings.continue_on_error:
                raise Skipped(urn, failed=True) from None
            raise

    def _registered(self, urn: str, goal: Goal) -> Resource:
        with self._deciding:
            if self.run.stopped:
                raise Stopped
            goal, old = self._claim(urn, goal)
            provider = "" if not goal.custom or is_provider(goal.type) else self._reference_for(goal)
        if goal.custom and goal.import_id and _to_import(goal, old) and self._is_target(urn, goal, old):
            return self._import(urn, goal, old, provider)
        with self._deciding:
            if self.run.stopped:
                raise Stopped
            step = self._decide(urn, goal, old, provider)
        return self._perform(step)

    def _perform(self, step: Step) -> Resource:
        if step.op == "untargeted":
            assert step.old is not None
            return self._steps.untargeted(step.old)
        if not step.goal.custom:
            return self._steps.component(step)
        if is_provider(step.goal.type):
            return self._steps.provider(step)
        if step.op == "create":
            return self._steps.create(step)
        if step.op == "update":
            return self._steps.update(step)
        return self._steps.same(step) if step.op == "same" else self._steps.replace(step)

    def register_outputs(self, urn: str, outputs: Values) -> None:
        """A component's outputs; the stack's are kept until it is known how the run ends."""
        found = self.run.journal.done.get(urn)
        if found is None:
            return
        if found.type == ROOT_TYPE:
            self.stack_outputs = outputs
        elif found.outputs != outputs:
            self.run.journal.change(urn, outputs=outputs)

    def settle_outputs(self, *, failed: bool) -> None:
        """Write the stack's outputs: after a failure, what was registered is laid over the old ones."""
        for urn, resource in self.run.journal.done.items():
            if resource.type == ROOT_TYPE and self.stack_outputs is not None:
                outputs = {**resource.outputs, **self.stack_outputs} if failed else self.stack_outputs
                if outputs != resource.outputs:
                    self.run.journal.change(urn, outputs=outputs)

    # Claiming

    def _claim(self, urn: str, goal: Goal) -> tuple[Goal, Resource | None]:
        """The goal with what its parent gives it, and the old entry that it continues."""
        if urn in self.seen:
            raise EngineError(f"Duplicate resource URN '{urn}'; try giving it a unique name")
        self.seen.add(urn)
        goal = self._inherit(goal)
        goal.inputs = hashed(goal.inputs)
        self._goals[urn] = goal
        old = self.run.journal.live(urn)
        for alias in goal.aliases if old is None else ():
            found = self.run.journal.live(alias)
            if found is not None and alias not in self.seen:
                self.run.journal.rename(found, urn)
                return goal, found
        return goal, old

    def _inherit(self, goal: Goal) -> Goal:
        """Options that a resource takes from its parent when it says nothing itself."""
        parent = self._goals.get(goal.parent)
        if parent is None:
            return goal
        package = package_of(goal.type)
        own = goal.custom and not goal.provider and not is_provider(goal.type)
        given = parent.providers.get(package, "") if own else ""
        if own and not given and parent.custom and parent.provider and package_of(parent.type) == package:
            given = parent.provider
        return replace(
            goal,
            protect=parent.protect if goal.protect is None else goal.protect,
            retain_on_delete=parent.retain_on_delete if goal.retain_on_delete is None else goal.retain_on_delete,
            deleted_with=goal.deleted_with or (parent.deleted_with if goal.custom else ""),
            provider=goal.provider or given,
            providers={**parent.providers, **goal.providers},
        )

    def _is_target(self, urn: str, goal: Goal, old: Resource | None) -> bool:
        targets = self.run.settings.targets
        if targets.all or is_provider(goal.type) or goal.type == ROOT_TYPE:
            return True
        return targets.takes(urn, old.needs() if old else goal.dependencies)

    # Deciding

    def _decide(self, urn: str, goal: Goal, old: Resource | None, provider: str) -> Step:
        step = Step(urn, goal, goal.inputs, old, provider, "create")
        if not self._is_target(urn, goal, old):
            return self._left_alone(step)
        self._refuse_unmade(step)
        if not goal.custom:
            changed = old is not None and local_difference(goal, old.inputs, goal.inputs).changed
            changed = changed and goal.type != ROOT_TYPE
            step.op = "create" if old is None else "update" if changed else "same"
            return step
        if is_provider(goal.type):
            return self._decide_provider(step)
        seed = os.urandom(32)
        plugin = self._registry.of(provider)
        if old is None or old.pending_replacement or old.external or urn in self.run.settings.replace:
            return self._decide_anew(step, plugin, seed)
        step.inputs = self._check(plugin, step, old.inputs, with_ignored(goal, old.inputs), seed)
        self._refuse_unknown(step)
        step.difference = self._differ(step, plugin, old)
        if not step.difference.replaces:
            step.op = "update" if step.difference.changed or old.init_errors else "same"
            return step
        if goal.import_id and goal.import_id == old.import_id:
            raise EngineError(f"previously-imported resource '{urn}' would be replaced; take its import option away")
        step.inputs = self._check(plugin, step, None, goal.inputs, seed)
        return self._decide_replacement(step)

    def _left_alone(self, step: Step) -> Step:
        """Not a target: stays as it is; one that is not there yet is shown as the same and not made."""
        if step.old is not None:
            step.op = "untargeted"
            return step
        self.run.display.only_named("same", step.urn)
        self._unmade[step.urn] = False
        raise Skipped(step.urn, failed=False)

    def _refuse_unmade(self, step: Step) -> None:
        """What needs a resource that was not made is not made either."""
        needed = {*step.goal.dependencies, *(urn for urns in step.goal.property_dependencies.values() for urn in urns)}
        for urn in sorted(needed & self._unmade.keys()):
            if not self._unmade[urn]:
                raise EngineError(
                    f"Resource '{step.urn}' depends on '{urn}' which was not specified in --target list.", urn=step.urn
                )
        if any(self._unmade.get(urn) for urn in needed) and not self.run.preview:
            if step.goal.custom and not is_provider(step.goal.type):
                self._check(self._registry.of(step.provider), step, None, step.goal.inputs, os.urandom(32))
            self._skip(step.urn)

    def _refuse_unknown(self, step: Step) -> None:
        """Outside a preview, unknown inputs come from a resource that failed."""
        if not self.run.preview and has_unknown(step.inputs):
            self._skip(step.urn)

    def _skip(self, urn: str) -> None:
        self._unmade[urn] = True
        raise Skipped(urn, failed=True)

    def _decide_anew(self, step: Step, plugin: Provider, seed: bytes) -> Step:
        """Made without looking at what was: it is new, or is made again on purpose."""
        old = step.old
        step.inputs = self._check(plugin, step, None, step.goal.inputs, seed)
        self._refuse_unknown(step)
        if old is None:
            return step
        if old.pending_replacement or old.external:
            step.op = "replace"
            return step
        step.difference = Difference(True, ("id",), {}, delete_first=False)
        return self._decide_replacement(step)

    def _decide_replacement(self, step: Step) -> Step:
        old, goal = step.old, step.goal
        assert old is not None
        if old.protect and goal.protect:
            raise EngineError(
                f'unable to replace resource "{step.urn}" as it is currently marked for protection; take the `protect`'
                " option away in the program and run `up` first",
                urn=step.urn,
            )
        step.op = "replace"
        asked = goal.delete_before_replace
        step.delete_first = step.difference.delete_first if asked is None else asked
        if step.delete_first:
            step.dependants = [*self._dependants(old), old]
            for one in step.dependants[:-1]:
                if one.protect:
                    raise EngineError(f'unable to replace "{step.urn}": its dependent "{one.urn}" is protected')
                one.pending_replacement = True
        return step

    def _decide_provider(self, step: Step) -> Step:
        """An explicit or default provider: its plugin is started here and configured when performed."""
        old, goal = step.old, step.goal
        news = {**goal.inputs, **({"version": goal.version} if goal.version else {})}
        plugin = self._registry.start(step.urn, goal.type)
        step.inputs = news if has_unknown(news) else plugin.check_config(step.urn, old.inputs if old else {}, news)
        if old is None:
            return step
        answer = plugin.diff_config(step.urn, old.id, (old.inputs, old.outputs), step.inputs)
        before = {name: value for name, value in old.inputs.items() if name != "__internal"}
        step.difference = difference_of(answer, goal, before, step.inputs)
        if step.difference.replaces:
            step.op = "create-replacement"
        else:
            step.op = "update" if step.difference.changed else "same"
        return step

    # Asking providers

    def _check(self, plugin: Provider, step: Step, olds: Values | None, news: Values, seed: bytes) -> Values:
        if not plugin.configured:
            return news
        inputs, failures = plugin.check(step.urn, olds, news, seed)
        if failures:
            raise ProviderError("; ".join(_failure(step, news, one) for one in failures), urn=step.urn)
        secret = {name for name, value in news.items() if has_secret(value)}
        return {
            name: make_secret(value) if name in secret and not has_secret(value) else value
            for name, value in inputs.items()
        }

    def _differ(self, step: Step, plugin: Provider, old: Resource) -> Difference:
        if step.provider != old.provider and self._other_provider(step, plugin, old):
            return Difference(True, ("provider",), {})
        if not plugin.configured:
            return local_difference(step.goal, old.inputs, step.inputs)
        known = (old.inputs, old.outputs)
        answer = plugin.diff(step.urn, old.id, known, step.inputs, step.goal.ignore_changes)
        return difference_of(answer, step.goal, old.inputs, step.inputs)

    def _other_provider(self, step: Step, plugin: Provider, old: Resource) -> bool:
        """Whether the move to another provider means another resource; the new provider says so."""
        before = self.run.journal.original.get(old.provider_urn)
        after = self.run.journal.current(step.provider.rsplit("::", 1)[0])
        if before is None or after is None or not plugin.configured:
            return False
        answer = plugin.diff_config(after.urn, after.id, (before.inputs, before.outputs), after.inputs)
        return bool(answer.replaces)

    def _dependants(self, old: Resource) -> list[Resource]:
        """Old resources that must be replaced with this one, dependants of dependants first."""
        condemned, found = {old.urn}, list[Resource]()
        for one in self.run.journal.remaining():
            ours = {name for name, urns in one.property_dependencies.items() if condemned & set(urns)}
            told = one.deleted_with in condemned or one.provider_urn in condemned
            if one.delete or one.external or one.pending_replacement or not one.custom or not (ours or told):
                continue
            if told or (one.urn not in self.seen and self._would_replace(one, ours)):
                condemned.add(one.urn)
                found.insert(0, one)
        return found

    def _would_replace(self, one: Resource, unknown: set[str]) -> bool:
        news = {name: UNKNOWN if name in unknown else value for name, value in one.inputs.items()}
        plugin = self._registry.of_old(one.provider)
        answer = plugin.diff(one.urn, one.id, (one.inputs, one.outputs), news, one.ignore_changes)
        goal = Goal(one.type, name_of(one.urn), True, news, replace_on_changes=one.replace_on_changes)
        return difference_of(answer, goal, one.inputs, news).replaces

    # Providers

    def _reference_for(self, goal: Goal) -> str:
        """The reference ``URN::ID`` of the provider that a goal names, its parent's, or the package's default one."""
        package = package_of(goal.type)
        return goal.provider or goal.providers.get(package, "") or self._default_provider(package, goal.version)

    def _default_provider(self, package: str, version: str) -> str:
        goal = self._registry.default_goal(package, version)
        urn = urn_for(self.run.names.stack, self.run.names.project, goal.type, goal.name)
        if urn not in self.run.journal.done:
            self.seen.add(urn)
            self._perform(self._decide(urn, goal, self.run.journal.live(urn), ""))
        return f"{urn}::{self.run.journal.done[urn].id}"

    # Reading and importing

    def read(self, goal: Goal, resource_id: str) -> Resource:
        """A resource that is looked at and not managed (``X.get``); raises as ``register`` does."""
        urn = urn_for(self.run.names.stack, self.run.names.project, goal.type, goal.name, goal.parent)
        try:
            with self._deciding:
                if self.run.stopped:
                    raise Stopped
                goal, old = self._claim(urn, goal)
                provider = self._reference_for(goal)
            if not self.run.preview and (has_unknown(goal.inputs) or resource_id == UNKNOWN):
                self._skip(urn)
            return self._steps.read(Step(urn, goal, goal.inputs, old, provider, "read"), resource_id)
        except EngineError as error:
            error.urn = error.urn or urn
            self._unmade[urn] = True
            self.run.fail(error)
            if self.run.settings.continue_on_error:
                raise Skipped(urn, failed=True) from None
            raise

    def _import(self, urn: str, goal: Goal, old: Resource | None, provider: str) -> Resource:
        op = "import" if old is None or old.external else "import-replacement"
        made = self._steps.imported(Step(urn, goal, goal.inputs, old, provider, op))
        with self._deciding:
            plugin = self._registry.of(provider)
            step = Step(urn, goal, goal.inputs, made, provider, "same", quiet=True)
            step.inputs = self._check(plugin, step, made.inputs, with_ignored(goal, made.inputs), os.urandom(32))
            step.difference = self._differ(step, plugin, made)
        if step.difference.replaces:
            keys = ", ".join(step.difference.keys)
            raise EngineError(f"the imported resource '{urn}' would be replaced because of {keys}; make the inputs fit")
        step.op = "update" if step.difference.changed else "same"
        return self._perform(step)

    def invoke(self, token: str, arguments: Values, provider: str, version: str) -> tuple[Values, list[Any]]:
        """A provider's function."""
        with self._deciding:
            if self.run.stopped:
                raise Stopped
            reference = self._reference_for(Goal(token, "", True, {}, provider=provider, version=version))
        return self._registry.of(reference).invoke(token, arguments)


def _to_import(goal: Goal, old: Resource | None) -> bool:
    return old is None or old.external or goal.import_id not in (old.id, old.import_id)


def _failure(step: Step, news: Values, failure: Any) -> str:
    place = f"{type_of(step.urn)} resource '{name_of(step.urn)}'"
    if not failure.property:
        return f"{place} has a problem: {failure.reason}"
    value = masked(news.get(failure.property))
    shown = "" if value is None else f" value {{{unwrapped(value)}}}"
    return f"{place}: property {failure.property}{shown} has a problem: {failure.reason}"


def refused(goal: Goal) -> NeedsPulumi | None:
    """What a goal asks for that only the Pulumi CLI does."""
    for asked, what in ((goal.replace_with, "the option replaceWith"), (goal.trigger, "the option replacementTrigger")):
        if asked:
            return NeedsPulumi(what)
    return None
