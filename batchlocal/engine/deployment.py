"""One operation on a stack: decides steps as the program registers resources, performs them, records them.

Deciding is serial (``_plan``), performing is parallel: each registration runs in a thread of the program's own, and
only the decision and the record take a lock.
"""

from __future__ import annotations

import concurrent.futures
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from batchlocal.engine.display import Display
from batchlocal.engine.errors import EngineError, NeedsPulumi
from batchlocal.engine.goals import Goal
from batchlocal.engine.plan import Difference, condemned_layers, difference_of, local_difference, with_ignored
from batchlocal.engine.project import Config
from batchlocal.engine.providers import InitFailed, Plugin, PluginHost, ProviderError
from batchlocal.engine.state import Resource, Snapshot, moment
from batchlocal.engine.urns import ROOT_TYPE, is_provider, name_of, package_of, type_of, urn_for
from batchlocal.engine.values import UNKNOWN, has_secret, make_secret, rewrap

__all__ = ["Deployment", "Names", "Stopped"]

Values = dict[str, Any]


class Stopped(Exception):
    """The operation has failed elsewhere or was interrupted: nothing new is begun."""


@dataclass(frozen=True)
class Names:
    """Whose deployment it is."""

    project: str
    stack: str


@dataclass
class _Step:
    """What was decided for one registration."""

    urn: str
    goal: Goal
    inputs: Values
    old: Resource | None
    plugin: Plugin | None
    provider: str
    op: str
    difference: Difference
    seed: bytes


class Deployment:
    """The state of one run. ``save`` writes a snapshot down; in a preview nothing is saved and nothing is changed."""

    def __init__(
        self,
        names: Names,
        config: Config,
        old: Snapshot,
        host: PluginHost,
        display: Display,
        save: Callable[[Snapshot], None],
        *,
        preview: bool,
        parallel: int = 0,
    ) -> None:
        self.names = names
        self.config = config
        self.preview = preview
        self.parallel = parallel or 4 * (os.cpu_count() or 1)
        self.display = display
        self.stack_outputs: Values | None = None
        self._host = host
        self._save = save
        self._plan_lock = threading.RLock()
        self._state_lock = threading.RLock()
        self._old = old
        self._old_live = old.live()
        self._done: dict[str, Resource] = {}
        self._gone: set[int] = set()
        self._seen: set[str] = set()
        self._plugins: dict[str, Plugin] = {}
        self._pending: list[Values] = list(old.pending_operations)
        self._failed = threading.Event()
        self._to_delete: list[Resource] = [resource for resource in old.resources if resource.delete]

    # ------------------------------------------------------------------ state

    def snapshot(self) -> Snapshot:
        """What the state is now: what this run finished, then what it has not touched, in the old order."""
        with self._state_lock:
            untouched = [one for one in self._old.resources if id(one) not in self._gone]
            return Snapshot([*self._done.values(), *untouched], list(self._pending), self._old.salt)

    def _write(self) -> None:
        if not self.preview:
            self._save(self.snapshot())

    def _finish(self, resource: Resource, old: Resource | None, *, changed: bool = True) -> None:
        """A resource is as its goal wants it; it takes the place of its old entry in one go."""
        with self._state_lock:
            self._done[resource.urn] = resource
            if old is not None:
                self._gone.add(id(old))
            if changed:
                self._write()

    @property
    def failed(self) -> bool:
        return self._failed.is_set()

    def stop(self) -> None:
        """Begin nothing new from now on."""
        self._failed.set()

    # ------------------------------------------------------------- registering

    def register(self, goal: Goal) -> Resource:
        """Bring one resource to its goal.

        Raises:
            Stopped: the run has failed already.
            EngineError: this step failed.
        """
        if self.failed:
            raise Stopped
        try:
            if not goal.custom:
                return self._register_component(goal)
            with self._plan_lock:
                step = self._plan(goal)
            return self._perform(step)
        except EngineError:
            self.stop()
            raise

    def _claim(self, goal: Goal) -> tuple[str, Resource | None]:
        """The goal's URN, once a run, and the old entry it continues."""
        urn = urn_for(self.names.stack, self.names.project, goal.type, goal.name, goal.parent)
        if urn in self._seen:
            raise EngineError(f"Duplicate resource URN '{urn}'; try giving it a unique name")
        self._seen.add(urn)
        old = self._old_live.get(urn)
        for alias in goal.aliases if old is None else ():
            found = self._old_live.get(alias)
            if found is not None and alias not in self._seen:
                self._seen.add(alias)
                old = found
                break
        return urn, old

    def _inherit(self, goal: Goal) -> Goal:
        """Options that a resource takes from its parent when it says nothing itself."""
        parent = self._done.get(goal.parent)
        if parent is None or parent.type == ROOT_TYPE:
            return goal
        protect = parent.protect if goal.protect is None else goal.protect
        retain = parent.retain_on_delete if goal.retain_on_delete is None else goal.retain_on_delete
        return replace(goal, protect=protect, retain_on_delete=retain)

    def _register_component(self, goal: Goal) -> Resource:
        with self._plan_lock:
            goal = self._inherit(goal)
            urn, old = self._claim(goal)
            difference = local_difference(goal, old.inputs if old else {}, goal.inputs)
        op = "create" if old is None else "update" if difference.changed else "same"
        made = self._entry(urn, goal, goal.inputs, "", old)
        made.outputs = dict(old.outputs) if old else {}
        self._finish(made, old, changed=op != "same")
        self.display.step(op, urn, 0.0)
        return made

    def register_outputs(self, urn: str, outputs: Values) -> None:
        """A component's outputs; the stack's are what the program exports."""
        with self._state_lock:
            resource = self._done[urn]
            self._done[urn] = replace(resource, outputs=outputs)
            if resource.type == ROOT_TYPE:
                self.stack_outputs = outputs
            if resource.outputs != outputs:
                self._write()

    # ----------------------------------------------------------------- planning

    def _plan(self, goal: Goal) -> _Step:
        if goal.import_id:
            raise NeedsPulumi("the resource option import")
        goal = self._inherit(goal)
        urn, old = self._claim(goal)
        plugin, provider = (None, "") if is_provider(goal.type) else self._provider_for(goal)
        inputs = with_ignored(goal, old.inputs if old else {})
        seed = uuid.uuid4().bytes + uuid.uuid4().bytes
        if plugin is None:
            return self._plan_provider(urn, goal, inputs, old, seed)
        if old is None or old.pending_replacement or old.external:
            inputs = self._check(plugin, urn, None, goal.inputs, seed)
            op = "create" if old is None else "create-replacement"
            return _Step(urn, goal, inputs, old, plugin, provider, op, Difference(), seed)
        inputs = self._check(plugin, urn, old.inputs, inputs, seed)
        step = _Step(urn, goal, inputs, old, plugin, provider, "create", Difference(), seed)
        answer = plugin.diff(urn, old.id, (old.inputs, old.outputs), inputs, goal.ignore_changes)
        step.difference = difference_of(answer, goal, old.inputs, inputs)
        if step.difference.replaces:
            self._refuse_protected(old, goal)
            step.inputs = self._check(plugin, urn, None, goal.inputs, seed)
            step.op = "replace"
        else:
            step.op = "update" if step.difference.changed or old.init_errors else "same"
        return step

    def _plan_provider(self, urn: str, goal: Goal, inputs: Values, old: Resource | None, seed: bytes) -> _Step:
        """An explicit provider: a resource of the state whose plugin is started and configured here."""
        if goal.version:
            inputs = {**inputs, "version": goal.version}
        plugin = self._host.plugin(package_of(goal.type))
        inputs = plugin.check_config(urn, old.inputs if old else {}, inputs)
        self._plugins[urn] = plugin
        difference = local_difference(goal, old.inputs if old else {}, inputs)
        op = "create" if old is None else "update" if difference.changed else "same"
        return _Step(urn, goal, inputs, old, None, "", op, difference, seed)

    @staticmethod
    def _refuse_protected(old: Resource, goal: Goal) -> None:
        if old.protect and goal.protect:
            raise EngineError(
                f"unable to replace resource '{old.urn}': it is protected; set `protect` to false in the program first"
            )

    @staticmethod
    def _check(plugin: Plugin, urn: str, olds: Values | None, news: Values, seed: bytes) -> Values:
        inputs, failures = plugin.check(urn, olds, news, seed)
        if failures:
            reasons = "; ".join(f"{one.property}: {one.reason}" if one.property else one.reason for one in failures)
            raise ProviderError(f"{type_of(urn)} {name_of(urn)} has a problem: {reasons}")
        secret = {name for name, value in news.items() if has_secret(value)}
        return {
            name: make_secret(value) if name in secret and not has_secret(value) else value
            for name, value in inputs.items()
        }

    # ---------------------------------------------------------------- providers

    def _provider_for(self, goal: Goal) -> tuple[Plugin, str]:
        """The plugin for a goal and its reference ``URN::ID``: the one it names, its parent's, or the default one."""
        package = package_of(goal.type)
        reference = goal.provider or goal.providers.get(package, "")
        if not reference:
            reference = self._default_provider(package, goal.version)
        return self._plugins[reference.rsplit("::", 1)[0]], reference

    def _default_provider(self, package: str, version: str) -> str:
        suffix = "_" + version.replace(".", "_").replace("-", "_") if version else ""
        kind = f"pulumi:providers:{package}"
        urn = urn_for(self.names.stack, self.names.project, kind, f"default{suffix}")
        if urn not in self._done:
            given = self.config.of_package(package)
            secret = {key.split(":", 1)[1] for key in self.config.secret_keys if key.startswith(f"{package}:")}
            inputs: Values = {name: make_secret(text) if name in secret else text for name, text in given.items()}
            goal = Goal(kind, f"default{suffix}", True, inputs, version=version)
            self._perform(self._plan(goal))
        return f"{urn}::{self._done[urn].id}"

    def _perform_provider(self, step: _Step) -> Resource:
        made = self._entry(step.urn, step.goal, {**step.inputs, "__internal": {}}, "", step.old)
        made.id = step.old.id if step.old else str(uuid.uuid4())
        made.outputs = dict(step.inputs)
        self._plugins[step.urn].configure(step.inputs, step.urn, made.id)
        self._finish(made, step.old, changed=step.op != "same")
        return made

    # --------------------------------------------------------------- performing

    def _perform(self, step: _Step) -> Resource:
        if step.plugin is None:
            return self._perform_provider(step)
        began = time.monotonic()
        try:
            made = {
                "same": self._same,
                "create": self._create,
                "create-replacement": self._create,
                "update": self._update,
                "replace": self._replace,
            }[step.op](step)
        except ProviderError as error:
            self.display.failed(step.op, step.urn, str(error))
            raise
        op = "create-replacement" if step.op == "replace" else step.op
        values = (step.old.inputs if step.old else {}, step.inputs)
        self.display.step(op, step.urn, time.monotonic() - began, step.difference, values)
        return made

    def _same(self, step: _Step) -> Resource:
        old = step.old
        assert old is not None
        made = self._entry(step.urn, step.goal, step.inputs, step.provider, old)
        made.id, made.outputs, made.modified = old.id, old.outputs, old.modified
        made.outputs = rewrap(old.outputs, step.inputs, step.goal.additional_secret_outputs)
        self._finish(made, old, changed=False)
        return made

    def _create(self, step: _Step) -> Resource:
        assert step.plugin is not None
        made = self._entry(step.urn, step.goal, step.inputs, step.provider, None)
        seconds = step.goal.custom_timeouts.get("create", 0)
        with self._pending_while("creating", made):
            try:
                made.id, outputs = self._provided(
                    step, lambda plugin: plugin.create(step.urn, step.inputs, seconds, preview=self.preview)
                )
            except InitFailed as failed:
                self._keep_unfinished(made, step.old, failed)
                raise ProviderError("; ".join(failed.reasons)) from None
        made.outputs = rewrap(outputs, step.inputs, step.goal.additional_secret_outputs)
        self._finish(made, step.old)
        return made

    def _provided(self, step: _Step, call: Callable[[Plugin], tuple[str, Values]]) -> tuple[str, Values]:
        assert step.plugin is not None
        if self.preview and not step.plugin.supports_preview:
            return "", dict.fromkeys(step.inputs, UNKNOWN)
        return call(step.plugin)

    def _keep_unfinished(self, made: Resource, old: Resource | None, failed: InitFailed) -> None:
        """Created but not ready: state must know of it, so that the next run can go on."""
        made.id, made.init_errors = failed.id, failed.reasons
        made.outputs = rewrap(failed.outputs, made.inputs, made.additional_secret_outputs)
        self._finish(made, old)

    def _update(self, step: _Step) -> Resource:
        old, plugin = step.old, step.plugin
        assert old is not None
        assert plugin is not None
        made = self._entry(step.urn, step.goal, step.inputs, step.provider, old)
        made.id = old.id
        seconds = step.goal.custom_timeouts.get("update", 0)
        with self._pending_while("updating", old):
            try:
                _, outputs = self._provided(
                    step,
                    lambda found: (
                        old.id,
                        found.update(
                            step.urn, old.id, (old.inputs, old.outputs), step.inputs, seconds, preview=self.preview
                        ),
                    ),
                )
            except InitFailed as failed:
                made.inputs, made.init_errors, made.outputs = old.inputs, failed.reasons, failed.outputs
                self._finish(made, old)
                raise ProviderError("; ".join(failed.reasons)) from None
        made.outputs = rewrap(outputs, step.inputs, step.goal.additional_secret_outputs, old.outputs)
        self._finish(made, old)
        return made

    def _replace(self, step: _Step) -> Resource:
        """Create before delete, or, when the option or the provider asks for it, the other way round."""
        old = step.old
        assert old is not None
        asked = step.goal.delete_before_replace
        if step.difference.delete_first if asked is None else asked:
            with self._plan_lock:
                self._delete_first(old)
            return self._create(step)
        made = self._create(replace(step, old=None))
        with self._state_lock:
            old.delete = True
            self._to_delete.append(old)
            self._old_live.pop(old.urn, None)
            self._write()
        return made

    def _delete_first(self, old: Resource) -> None:
        """Delete a resource that is about to be made anew, after the dependants that cannot live without it."""
        for resource in [*self._dependants(old), old]:
            if resource.protect:
                raise EngineError(f"unable to delete '{resource.urn}': it is protected")
            self._delete(resource, "delete-replaced")
            resource.pending_replacement = not self.preview
        self._write()

    def _dependants(self, old: Resource) -> list[Resource]:
        """Old resources that must be replaced with this one, dependants of dependants first."""
        condemned, found = {old.urn}, list[Resource]()
        for resource in self._old.resources:
            ours = {name for name, urns in resource.property_dependencies.items() if condemned & set(urns)}
            if resource.delete or resource.urn in self._done or not ours or not resource.custom or resource.external:
                continue
            plugin = self._plugins.get(resource.provider_urn)
            if plugin is None:
                continue
            news = {name: UNKNOWN if name in ours else value for name, value in resource.inputs.items()}
            answer = plugin.diff(resource.urn, resource.id, (resource.inputs, resource.outputs), news, [])
            if answer.replaces:
                condemned.add(resource.urn)
                found.insert(0, resource)
        return found

    def _delete(self, resource: Resource, op: str) -> None:
        began = time.monotonic()
        if resource.custom and not resource.external and not resource.retain_on_delete and not self.preview:
            plugin = self._plugin_of(resource)
            with self._pending_while("deleting", resource):
                old = (resource.inputs, resource.outputs)
                plugin.delete(resource.urn, resource.id, old, resource.custom_timeouts.get("delete", 0))
        self.display.step(op, resource.urn, time.monotonic() - began)

    def _plugin_of(self, resource: Resource) -> Plugin:
        """The plugin of a resource of the old state; its provider is configured as the state says."""
        urn = resource.provider_urn
        with self._plan_lock:
            if urn not in self._plugins:
                provider = self._done.get(urn) or self._old_live[urn]
                plugin = self._host.plugin(package_of(provider.type))
                plugin.configure(provider.inputs, urn, provider.id)
                self._plugins[urn] = plugin
            return self._plugins[urn]

    def _pending_while(self, kind: str, resource: Resource) -> _Pending:
        return _Pending(self, kind, resource)

    def _entry(self, urn: str, goal: Goal, inputs: Values, provider: str, old: Resource | None) -> Resource:
        """The new state entry of a goal, without what the provider will say."""
        now = moment()
        return Resource(
            urn=urn,
            type=goal.type,
            custom=goal.custom,
            inputs=inputs,
            parent=goal.parent,
            protect=bool(goal.protect),
            retain_on_delete=bool(goal.retain_on_delete),
            dependencies=goal.dependencies,
            property_dependencies=goal.property_dependencies if goal.custom else {},
            provider=provider,
            additional_secret_outputs=goal.additional_secret_outputs,
            custom_timeouts=goal.custom_timeouts,
            deleted_with=goal.deleted_with,
            ignore_changes=goal.ignore_changes,
            replace_on_changes=goal.replace_on_changes,
            source_position=goal.source_position,
            created=old.created if old and old.created else now,
            modified=now,
        )

    # ------------------------------------------------------------------ reading

    def read(self, goal: Goal, resource_id: str) -> Resource:
        """A resource that is looked at and not managed (``X.get``)."""
        with self._plan_lock:
            urn, old = self._claim(goal)
            plugin, provider = self._provider_for(goal)
        found_id, _, outputs = plugin.read(urn, resource_id, goal.inputs, goal.inputs)
        if not found_id:
            raise EngineError(f"resource '{resource_id}' does not exist")
        made = self._entry(urn, goal, goal.inputs, provider, old)
        made.id, made.external = found_id, True
        made.outputs = rewrap(outputs, goal.inputs, goal.additional_secret_outputs)
        self._finish(made, old)
        self.display.step("read", urn, 0.0)
        return made

    def invoke(self, token: str, arguments: Values, provider: str, version: str) -> tuple[Values, list[Any]]:
        """A provider's function."""
        with self._plan_lock:
            plugin, _ = self._provider_for(Goal(token, "", True, {}, provider=provider, version=version))
        return plugin.invoke(token, arguments)

    # ----------------------------------------------------------------- deleting

    def delete_unseen(self) -> None:
        """After a program that succeeded: delete what it no longer mentions and what was replaced.

        Raises:
            EngineError: something could not be deleted; what it depends on is kept.
        """
        unseen = [one for one in self._old.resources if not one.delete and one.urn not in self._seen]
        self._delete_all([*unseen, *self._to_delete])

    def delete_everything(self) -> None:
        """Delete every resource of the stack."""
        self._delete_all(list(self._old.resources))

    def _delete_all(self, condemned: list[Resource]) -> None:
        for resource in condemned:
            if resource.protect:
                raise EngineError(f"resource '{resource.urn}' cannot be deleted: it is protected; unprotect it first")
        errors: list[EngineError] = []
        for layer in condemned_layers(condemned):
            with concurrent.futures.ThreadPoolExecutor(self.parallel) as pool:
                list(pool.map(lambda one: self._delete_one(one, errors), layer))
            if errors or self.failed:
                break
        self._raise_first(errors)

    def _delete_one(self, resource: Resource, errors: list[EngineError]) -> None:
        op = "delete-replaced" if resource.delete else "delete"
        try:
            if resource.pending_replacement:
                pass
            elif is_provider(resource.type):
                self.display.step("same", resource.urn, 0.0)
                self.display.counts["same"] -= 1
            else:
                self._delete(resource, op)
        except EngineError as error:
            self.display.failed(op, resource.urn, str(error))
            errors.append(error)
            return
        with self._state_lock:
            self._gone.add(id(resource))
            self._write()

    def _raise_first(self, errors: Iterable[EngineError]) -> None:
        for error in errors:
            self.stop()
            raise error

    # --------------------------------------------------------------- refreshing

    def refresh(self) -> None:
        """Ask the providers what each resource is now, and take that into the state."""
        errors: list[EngineError] = []
        wanted = [one for one in self._old.resources if one.custom and not is_provider(one.type) and not one.delete]
        with concurrent.futures.ThreadPoolExecutor(self.parallel) as pool:
            list(pool.map(lambda one: self._refresh_one(one, errors), wanted))
        self._old_live = self._old.live()
        self._write()
        self._raise_first(errors)

    def _refresh_one(self, resource: Resource, errors: list[EngineError]) -> None:
        began = time.monotonic()
        try:
            plugin = self._plugin_of(resource)
            found_id, inputs, outputs = plugin.read(resource.urn, resource.id, resource.inputs, resource.outputs)
        except EngineError as error:
            self.display.failed("refresh", resource.urn, str(error))
            errors.append(error)
            return
        with self._state_lock:
            if not found_id:
                self._forget(resource)
                self.display.step("delete", resource.urn, time.monotonic() - began)
                return
            old_inputs, old_outputs = resource.inputs, resource.outputs
            new_inputs = old_inputs if inputs is None else rewrap(inputs, old_inputs, ())
            new_outputs = rewrap(outputs, new_inputs, resource.additional_secret_outputs, old_outputs)
            if not self.preview:
                resource.inputs, resource.outputs, resource.id = new_inputs, new_outputs, found_id
        goal = Goal(resource.type, name_of(resource.urn), True, old_inputs)
        difference = local_difference(goal, old_inputs, new_inputs)
        op = "update" if difference.changed else "same"
        self.display.step(op, resource.urn, time.monotonic() - began, difference, (old_inputs, new_inputs))

    def _forget(self, resource: Resource) -> None:
        """Drop a resource that is gone, and every mention of it."""
        if self.preview:
            return
        self._old.resources.remove(resource)
        for other in self._old.resources:
            other.dependencies = [urn for urn in other.dependencies if urn != resource.urn]
            for name, urns in other.property_dependencies.items():
                other.property_dependencies[name] = [urn for urn in urns if urn != resource.urn]


class _Pending:
    """Writes down that a provider call has begun, and that it has ended: a killed run is told of by the next one."""

    def __init__(self, deployment: Deployment, kind: str, resource: Resource) -> None:
        self._deployment = deployment
        body = {"urn": resource.urn, "custom": True, "type": resource.type, "provider": resource.provider}
        self._entry = {"resource": {**body, **({"id": resource.id} if resource.id else {})}, "type": kind}

    def __enter__(self) -> None:
        with self._deployment._state_lock:
            self._deployment._pending.append(self._entry)
            self._deployment._write()

    def __exit__(self, *_: object) -> None:
        with self._deployment._state_lock:
            self._deployment._pending.remove(self._entry)
