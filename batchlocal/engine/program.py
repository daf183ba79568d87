"""Runs a Pulumi program in this process, on an event loop of its own, against our monitor."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import runpy
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from batchlocal.engine.deployment import Deployment
from batchlocal.engine.errors import EngineError
from batchlocal.engine.monitor import EngineLog, InputRefused, Monitor
from batchlocal.engine.project import Project
from batchlocal.engine.run import Run

__all__ = ["run_program"]

_TURN_SECONDS = 0.001


def run_program(project: Project, deployment: Deployment) -> None:
    """Run the project's program to its end.

    Raises:
        EngineError: the program failed; what a step that it asked for said is in the run's errors.
    """
    from pulumi.runtime import Settings, configure, run_in_stack, set_all_config

    run = deployment.run
    set_all_config(run.config.values, sorted(run.config.secret_keys))
    configure(
        Settings(
            project=run.names.project,
            stack=run.names.stack,
            organization="organization",
            root_directory=str(project.root),
            parallel=run.settings.width,
            dry_run=run.preview,
            monitor=Monitor(deployment),
            engine=EngineLog(run.display),
        )
    )
    with _at_home(project.program), _quick_turns(), asyncio.Runner() as runner:
        threads = concurrent.futures.ThreadPoolExecutor(max(4 * run.settings.width, 32))
        runner.get_loop().set_default_executor(threads)
        runner.get_loop().set_exception_handler(_unheard)
        with _told(run):
            runner.run(run_in_stack(lambda: _execute(project.program)))


@contextmanager
def _told(run: Run) -> Iterator[None]:
    """Say in words how the program failed; what a step said has been told already."""
    from pulumi import RunError

    try:
        yield
    except RunError as error:
        if not run.stopped:
            run.display.diagnostic("error", str(error))
            raise _ended(1) from None
    except SystemExit as ended:
        if ended.code not in (None, 0) and not run.stopped:
            raise _ended(ended.code) from None
    except Exception as error:
        if not run.stopped:
            raise EngineError(f"Program failed with an unhandled exception:\n{_traceback(error)}") from None


def _traceback(error: BaseException) -> str:
    """Where it came from; what the engine refused was registered in the background, no line of the program's shows."""
    if _of_refusal(error):
        return f"(Traceback of Pulumi's SDK left out)\n{type(error).__name__}: {error}"
    return "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip()


def _of_refusal(error: BaseException | None) -> bool:
    return error is not None and (isinstance(error, InputRefused) or _of_refusal(error.__context__))


def _ended(code: object) -> EngineError:
    return EngineError(f"an unhandled error occurred: program exited with non-zero exit code: {code}")


def _execute(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


@contextmanager
def _at_home(program: Path) -> Iterator[None]:
    """In the program's folder, as the CLI runs it, with modules of its own left behind afterwards."""
    here, path = Path.cwd(), list(sys.path)
    os.chdir(program)
    sys.path.insert(0, str(program))
    try:
        yield
    finally:
        os.chdir(here)
        sys.path[:] = path


def _unheard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Outputs that nobody waits for any more, because the run was ended, are no news."""
    from pulumi import RunError

    error = context.get("exception")
    if not (isinstance(error, RunError) or _of_refusal(error)):
        loop.default_exception_handler(context)


@contextmanager
def _quick_turns() -> Iterator[None]:
    """Threads that come back from the disk or a provider need not wait 5 ms for the busy event loop to let them in."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
