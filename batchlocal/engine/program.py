"""Runs a Pulumi program in this process, on an event loop of its own, against our monitor."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import runpy
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import IO, cast

from batchlocal.engine.deployment import Deployment
from batchlocal.engine.display import MaskedStream
from batchlocal.engine.errors import EngineError
from batchlocal.engine.monitor import EngineLog, Monitor
from batchlocal.engine.project import Project

__all__ = ["run_program"]


def run_program(project: Project, deployment: Deployment) -> None:
    """Run the project's program to its end.

    Raises:
        EngineError: the program, or a step that it asked for, failed.
    """
    from pulumi import RunError
    from pulumi.runtime import Settings, configure, run_in_stack, set_all_config

    monitor, log = Monitor(deployment), EngineLog(deployment.display)
    set_all_config(deployment.config.values, sorted(deployment.config.secret_keys))
    configure(
        Settings(
            project=deployment.names.project,
            stack=deployment.names.stack,
            organization="organization",
            root_directory=str(project.root),
            parallel=deployment.parallel,
            dry_run=deployment.preview,
            monitor=monitor,
            engine=log,
        )
    )
    with _at_home(project.program), _masking(deployment.config.secrets), asyncio.Runner() as runner:
        threads = concurrent.futures.ThreadPoolExecutor(4 * deployment.parallel)
        runner.get_loop().set_default_executor(threads)
        try:
            runner.run(run_in_stack(lambda: _execute(project.program)))
        except RunError as error:
            if not monitor.errors:
                raise EngineError(str(error)) from None
        except SystemExit as ended:
            if ended.code not in (None, 0) and not monitor.errors:
                raise EngineError(f"the program ended with exit code {ended.code}") from None
        except Exception as error:
            if not monitor.errors:
                _tell(deployment, error)
                raise EngineError("the program failed with an unhandled exception") from None
    if monitor.errors:
        raise monitor.errors[0]
    if log.errors:
        raise EngineError("the program reported an error")


def _execute(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


def _tell(deployment: Deployment, error: BaseException) -> None:
    """The program's own traceback, from its own files on."""
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    deployment.display.diagnostic("error", "Program failed with an unhandled exception:\n" + "".join(lines).rstrip())


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


@contextmanager
def _masking(secrets: list[str]) -> Iterator[None]:
    if not secrets:
        yield
        return
    out, err = (cast("IO[str]", MaskedStream(stream, secrets)) for stream in (sys.stdout, sys.stderr))
    with redirect_stdout(out), redirect_stderr(err):
        yield
