"""The operations on a stack: up, preview, refresh, destroy; each from lock to summary."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from batchlocal.engine.backend import Backend, open_backend
from batchlocal.engine.deployment import Deployment, Names
from batchlocal.engine.display import Display
from batchlocal.engine.errors import EngineError
from batchlocal.engine.program import run_program
from batchlocal.engine.project import Config, Project
from batchlocal.engine.providers import PluginHost
from batchlocal.engine.secrets import Secrets
from batchlocal.engine.state import Snapshot
from batchlocal.engine.urns import ROOT_TYPE, is_provider, package_of

__all__ = ["Options", "Stack", "destroy", "preview", "refresh", "up"]

_EXIT_CHANGES = 7
_EXIT_TERMINATED = 8


@dataclass(frozen=True)
class Options:
    """How to run an operation; the names are the CLI's flags."""

    parallel: int = 0
    as_json: bool = False
    details: bool = False
    refresh: bool = False
    expect_no_changes: bool = False
    message: str = ""


class Stack:
    """A stack of a project, in its backend."""

    def __init__(self, project: Project, name: str, backend: Backend | None = None) -> None:
        self.project = project
        self.name = name
        self.backend = backend or open_backend(project.root)

    def ensure(self) -> None:
        """Make the stack if there is none."""
        if not self.backend.exists(self.project.name, self.name):
            secrets = Secrets()
            self.save(Snapshot(salt=secrets.salt), secrets)

    def load(self) -> tuple[Snapshot, Secrets]:
        """The stack's state and the secrets that open it."""
        return self.backend.load(self.project.name, self.name)

    def save(self, snapshot: Snapshot, secrets: Secrets) -> None:
        self.backend.save(self.project.name, self.name, snapshot, secrets)


def up(stack: Stack, options: Options) -> int:
    """Run the program and bring the stack to what it says; returns Pulumi's exit code."""
    return _operate(stack, options, "update", preview=False, work=_run_and_delete)


def preview(stack: Stack, options: Options) -> int:
    """Say what ``up`` would do; changes nothing and takes no lock."""
    return _operate(stack, options, "preview", preview=True, work=_run_and_delete)


def refresh(stack: Stack, options: Options) -> int:
    """Take what is really there into the state."""
    return _operate(stack, options, "refresh", preview=False, work=lambda deployment, _: deployment.refresh())


def destroy(stack: Stack, options: Options) -> int:
    """Delete everything in the stack; the stack itself stays."""
    return _operate(stack, options, "destroy", preview=False, work=lambda deployment, _: deployment.delete_everything())


def _run_and_delete(deployment: Deployment, project: Project) -> None:
    run_program(project, deployment)
    deployment.delete_unseen()


Work = Callable[[Deployment, Project], None]


def _operate(stack: Stack, options: Options, kind: str, *, preview: bool, work: Work) -> int:
    config = Config.read(stack.project, stack.name)
    started = int(time.time())
    with ExitStack() as held:
        if not preview:
            held.enter_context(stack.backend.lock(stack.project.name, stack.name))
        old, secrets = stack.load()
        display = Display(preview=preview, as_json=options.as_json, details=options.details)
        host = PluginHost(stack.project.provider_paths)
        held.callback(host.close)
        for package in _packages(old):
            host.prepare(package)
        deployment = Deployment(
            Names(stack.project.name, stack.name),
            config,
            old,
            host,
            display,
            lambda snapshot: stack.save(snapshot, secrets),
            preview=preview,
            parallel=options.parallel,
        )
        _announce(display, kind, stack, old)
        code = _work(deployment, display, stack, options, work)
        if not preview:
            stack.save(deployment.snapshot(), secrets)
            _record(stack, kind, started, display, config, secrets, succeeded=code in (0, _EXIT_CHANGES))
    return code


def _work(deployment: Deployment, display: Display, stack: Stack, options: Options, work: Work) -> int:
    try:
        with _interruptible(deployment):
            if options.refresh:
                deployment.refresh()
                display.counts.clear()
            work(deployment, stack.project)
    except EngineError as error:
        display.diagnostic("error", str(error))
        display.summary("failed")
        return error.exit_code
    if deployment.stack_outputs is not None:
        display.outputs(deployment.stack_outputs)
    display.summary()
    if options.expect_no_changes and display.changed:
        display.diagnostic("error", f"no changes were expected but {display.changed} changes occurred")
        return _EXIT_CHANGES
    return 0


def _announce(display: Display, kind: str, stack: Stack, old: Snapshot) -> None:
    words = {"update": "Updating", "preview": "Previewing update", "refresh": "Refreshing", "destroy": "Destroying"}
    display.say(f"{words[kind]} ({stack.name}):\n")
    for pending in old.pending_operations:
        urn = pending["resource"]["urn"]
        display.diagnostic(
            "warning", f"an earlier run was cut off while {pending['type']} {urn}; its outcome is unknown"
        )


def _packages(old: Snapshot) -> list[str]:
    """The packages whose plugins the stack has used before: they are started while the program is being loaded."""
    return sorted({package_of(one.type) for one in old.resources if is_provider(one.type)})


@contextmanager
def _interruptible(deployment: Deployment) -> Iterator[None]:
    """Ctrl-C once: nothing new begins, what runs may finish. Twice: stop at once (exit code 8)."""
    times = 0

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal times
        times += 1
        if times > 1:
            sys.exit(_EXIT_TERMINATED)
        deployment.stop()
        deployment.display.diagnostic("warning", "interrupted: running calls finish first; again to stop at once")

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if deployment.failed:
        raise EngineError("the operation was interrupted")


def _record(
    stack: Stack, kind: str, started: int, display: Display, config: Config, secrets: Secrets, *, succeeded: bool
) -> None:
    """An entry of the stack's history."""
    entry: dict[str, Any] = {
        "kind": kind,
        "startTime": started,
        "message": "",
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
    stack.backend.record(stack.project.name, stack.name, entry)


def outputs_of(snapshot: Snapshot) -> dict[str, Any]:
    """The stack's outputs as its state has them."""
    for resource in snapshot.resources:
        if resource.type == ROOT_TYPE:
            return resource.outputs
    return {}
