"""The operations on a stack: up, preview, refresh, destroy; each from lock to summary."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import Any

from batchlocal.engine.backend import StackStorage
from batchlocal.engine.builtin import Builtin
from batchlocal.engine.deletion import Deletion
from batchlocal.engine.deployment import Deployment
from batchlocal.engine.display import Display, View, masking
from batchlocal.engine.errors import EngineError, NeedsPulumi
from batchlocal.engine.hosting import PluginHost
from batchlocal.engine.journal import Journal
from batchlocal.engine.ledger import Ledger
from batchlocal.engine.log import LogServer
from batchlocal.engine.options import Options
from batchlocal.engine.policies import Policies
from batchlocal.engine.program import run_program
from batchlocal.engine.project import Config, Project
from batchlocal.engine.refreshing import Refresh, refuse_absent, refuse_unknown
from batchlocal.engine.registry import Registry
from batchlocal.engine.run import Names, Run
from batchlocal.engine.secrets import Secrets
from batchlocal.engine.stacks import Stack
from batchlocal.engine.state import Snapshot
from batchlocal.engine.steps import Steps
from batchlocal.engine.takeovers import Takeovers
from batchlocal.engine.targets import with_needs
from batchlocal.engine.urns import is_provider, package_of
from batchlocal.engine.views import EventView, LineView, PreviewJsonView

__all__ = ["destroy", "preview", "refresh", "up"]

_EXIT_CHANGES = 7
_EXIT_TERMINATED = 8
_LAST_WRITE_SECONDS = 2.0


@dataclass
class _Parts:
    """What one operation is made of."""

    run: Run
    host: PluginHost
    deployment: Deployment
    delete: Deletion
    refresh: Refresh
    project: Project
    storage: StackStorage
    policies: Policies
    secrets: Secrets


Work = Callable[[_Parts], None]


def up(stack: Stack, options: Options) -> int:
    """Run the program and bring the stack to what it says; returns Pulumi's exit code."""
    return _Operation(stack, options, "update", preview=False).go(_run_program)


def preview(stack: Stack, options: Options) -> int:
    """Say what ``up`` would do; changes nothing, makes no stack, and takes no lock."""
    return _Operation(stack, options, "preview", preview=True).go(_run_program)


def refresh(stack: Stack, options: Options) -> int:
    """Take what is really there into the state."""
    return _Operation(stack, options, "refresh", preview=options.preview_only).go(lambda parts: parts.refresh())


def destroy(stack: Stack, options: Options) -> int:
    """Delete everything in the stack; the stack itself stays."""
    if options.exclude_protected:
        if options.target:
            raise EngineError("you cannot specify --target and --exclude-protected")
        resources = stack.load()[0].resources
        protected = with_needs(resources, {one.urn for one in resources if one.protect})
        if protected and len(protected) == len(resources):
            return 0
        options = replace(options, exclude=(*options.exclude, *protected))
    operation = _Operation(stack, options, "destroy", preview=options.preview_only)
    return operation.go(_take_down)


def _run_program(parts: _Parts) -> None:
    run, deployment = parts.run, parts.deployment
    targets, there = run.settings.targets, {one.urn for one in run.journal.old.resources}
    refuse_unknown(run, run.settings.replace, there)
    try:
        run_program(parts.project, deployment)
    except EngineError as error:
        run.fail(error)
        run.stop()
    if not run.stopped:
        run.deleting = True
        parts.delete()
        refuse_unknown(run, targets.included, there | deployment.ledger.seen)
    _ask_policies(parts)


def _ask_policies(parts: _Parts) -> None:
    """When all went well, the policies about the stack as a whole have the last word."""
    run = parts.run
    if run.errors or run.stopped:
        return
    if parts.policies.forbidden(run.journal.done.values(), parts.deployment.ledger.goals):
        refusal = EngineError("the stack is not as its policies want it", told=True)
        refusal.of_step = True
        run.note(refusal)


def _take_down(parts: _Parts) -> None:
    targets = parts.run.settings.targets
    refuse_absent(parts.run, [*targets.included, *targets.excluded])
    parts.delete()


@dataclass
class _Operation:
    """One operation; ``go`` takes it from lock to summary."""

    stack: Stack
    options: Options
    kind: str
    preview: bool
    _held: ExitStack = field(default_factory=ExitStack)

    def go(self, work: Work) -> int:
        """Do the work and return Pulumi's exit code."""
        stack, options = self.stack, self.options
        config = Config.read(stack.project, stack.name, validate=self.kind in ("update", "preview"))
        if any(key.split(":")[-1] == "autonaming" and key.startswith("pulumi:") for key in config.values):
            raise NeedsPulumi("the setting pulumi:autonaming")
        started = int(time.time())
        with self._held:
            if self.kind != "preview":
                stack.backend.require(stack.project.name, stack.name)
            if not self.preview:
                self._held.enter_context(stack.backend.lock(stack.project.name, stack.name))
            self._held.enter_context(masking(config.secrets))
            display = Display(self._view(), preview=self.preview, event_log=options.event_log)
            self._held.callback(display.close)
            display.hide(config.secrets)
            log = LogServer(display)
            self._held.callback(log.close)
            host = self._host(log)  # plugins start while the state's secrets are opened
            loaded = stack.load_or_empty() if self.kind == "preview" else stack.load()
            parts = self._parts(config, loaded, display, log, host)
            secrets = parts.secrets
            self._announce(parts.run, secrets)
            code = self._worked(parts, work)
            if not self.preview:
                parts.run.journal.close()
                parts.storage.close()
                self._record(started, display, config, secrets, succeeded=code in (0, _EXIT_CHANGES))
        return code

    def _view(self) -> View:
        if self.options.as_json:
            return PreviewJsonView() if self.preview else EventView()
        if self.options.interactive and sys.stdout.isatty():
            from batchlocal.engine.live import LiveView  # rich takes longer to import than a short run has

            return LiveView(preview=self.preview, details=self.options.diff)
        return LineView(preview=self.preview, details=self.options.diff)

    def _host(self, log: LogServer) -> PluginHost:
        """The host of plugins, those of the state's providers started."""
        stack = self.stack
        host = PluginHost(stack.project.provider_paths, stack.project.program, log.address)
        self._held.callback(host.close)
        types = stack.backend.types(stack.project.name, stack.name)
        for package in sorted({package_of(kind) for kind in types if is_provider(kind)} - {"pulumi"}):
            host.prepare(package)
        return host

    def _parts(
        self, config: Config, loaded: tuple[Snapshot, Secrets], display: Display, log: LogServer, host: PluginHost
    ) -> _Parts:
        stack, (old, secrets) = self.stack, loaded
        storage = stack.backend.storage(stack.project.name, stack.name, secrets)
        journal = Journal(old, secrets, None if self.preview else storage)
        settings = self.options.settings(preview=self.preview)
        run = Run(Names(stack.project.name, stack.name), config, journal, display, settings)
        registry = Registry(run, host, Builtin(stack.outputs_of))
        policies = Policies(self.options.policies, display, preview=self.preview)
        self._held.callback(policies.close)
        policies.start((stack.project.name, stack.name), config, log.address)
        ledger = Ledger()
        steps = Steps(run, registry, ledger)
        return _Parts(
            run,
            host,
            Deployment(run, registry, steps, Takeovers(run, registry, ledger), policies),
            Deletion(run, steps, ledger),
            Refresh(run, registry, first=self.kind != "refresh"),
            stack.project,
            storage,
            policies,
            secrets,
        )

    def _worked(self, parts: _Parts, work: Work) -> int:
        run = parts.run
        with self._interruptible(parts):
            try:
                if self.options.refresh and self.kind != "refresh":
                    parts.refresh()
                    run.display.counts.clear()
                if not (run.stopped or run.errors):
                    work(parts)
            except EngineError as error:
                run.fail(error)
            parts.deployment.settle_outputs(failed=bool(run.errors) or run.stopped)
        return self._ended(parts)

    def _ended(self, parts: _Parts) -> int:
        run, display = parts.run, parts.run.display
        failed = bool(run.errors) or (run.canceled and self.kind != "destroy")
        if failed:
            noun = "preview" if self.preview else "update"
            of_steps = all(error.of_step for error in run.errors)
            if run.errors and of_steps:
                display.diagnostic("error", f"{noun} failed")
            elif not run.errors:
                display.diagnostic("error", "context canceled" if run.deleting else f"{noun} canceled")
        elif parts.deployment.stack_outputs is not None:
            display.outputs(parts.deployment.stack_outputs)
        display.summary("failed" if failed else "succeeded")
        if run.canceled and not failed:  # as with the CLI, exit code 0
            display.aside("warning", "interrupted: what had not begun is still there, destroy again to go on")
        if failed:
            return max([error.exit_code for error in run.errors], default=1)
        if self.options.expect_no_changes and display.changed:
            display.aside("error", f"no changes were expected but {display.changed} changes occurred")
            return _EXIT_CHANGES
        return 0

    def _announce(self, run: Run, secrets: Secrets) -> None:
        words = {"update": "Updating", "preview": "Previewing update", "refresh": "Refreshing", "destroy": "Destroying"}
        if run.config.secret_keys:
            shown = {key: "[secret]" if key in run.config.secret_keys else v for key, v in run.config.values.items()}
        else:
            shown = dict(run.config.values)
        run.display.begin(shown)
        run.display.say(f"{words[self.kind]} ({self.stack.name}):\n")
        flat = self.options.import_pending_creates
        if len(flat) % 2:
            raise EngineError("each URN must be followed by an ID: found an odd number of entries")
        for urn in run.journal.import_pending_creates(dict(zip(flat[::2], flat[1::2], strict=True)), secrets):
            run.display.aside("warning", f'"{urn}" did not correspond to a pending create')
        if self.options.clear_pending_creates:
            run.journal.clear_pending_creates()
        pending = run.journal.old.pending_operations
        if pending and self.kind in ("update", "destroy") and not self.preview and not self.options.refresh:
            lines = "".join(f"  * {one['resource']['urn']}, interrupted while {one['type']}\n" for one in pending)
            run.display.diagnostic(
                "warning",
                f"Attempting to deploy or update resources with {len(pending)} pending operations from previous"
                f" deployment.\n{lines}Whether they were done is not known. `refresh` finds out about updates and"
                " deletions; what was being created must be looked for by hand, then `refresh --clear-pending-creates`"
                " forgets it, or the `import` option takes it over.",
            )

    @contextmanager
    def _interruptible(self, parts: _Parts) -> Iterator[None]:
        """Ctrl-C once: nothing new begins, what runs may finish. Twice: stop at once (exit code 8)."""
        times = 0

        def interrupted(_number: int, _frame: FrameType | None) -> None:
            nonlocal times
            times += 1
            if times > 1:
                self._terminate(parts)
            parts.run.cancel()
            threading.Thread(target=told, daemon=True).start()  # a signal's handler may wait for no lock

        def told() -> None:
            text = "interrupted: what runs may finish, nothing new begins; Ctrl-C again stops at once"
            parts.run.display.aside("warning", text)
            parts.host.cancel()

        before = signal.signal(signal.SIGINT, interrupted)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _terminate(self, parts: _Parts) -> None:
        """Leave now; what was begun is on disk, and in the checkpoint if it can be written at once."""
        writing = threading.Thread(target=parts.run.journal.close, daemon=True)
        writing.start()
        writing.join(_LAST_WRITE_SECONDS)
        parts.deployment.show_stack()
        parts.run.display.diagnostic("error", "update failed")
        parts.run.display.summary("failed")
        parts.run.display.close()
        parts.host.kill()
        self._held.close()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_EXIT_TERMINATED)

    def _record(self, started: int, display: Display, config: Config, secrets: Secrets, *, succeeded: bool) -> None:
        """An entry of the stack's history."""
        entry: dict[str, Any] = {
            "kind": self.kind,
            "startTime": started,
            "message": self.options.message,
            "environment": {},
            "config": {
                key: {"secure": secrets.encrypt(value)} if key in config.secret_keys else value
                for key, value in config.values.items()
            },
            "result": "succeeded" if succeeded else "failed",
            "endTime": int(time.time()),
            "version": 0,
            "resourceChanges": {op: count for op, count in display.counts.items() if count},
        }
        self.stack.backend.record(self.stack.project.name, self.stack.name, entry)
