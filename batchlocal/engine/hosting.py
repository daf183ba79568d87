"""Provider plugins as processes: found on PATH or in the project, started, ended; or running already."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from batchlocal.engine.errors import EngineError
from batchlocal.engine.providers import Plugin

__all__ = ["PluginHost", "PluginMissing", "Process", "Running"]


class PluginMissing(EngineError):
    """There is no executable of this name on PATH, and Pulumi.yaml names no folder for it."""


class Process:
    """A plugin of our own: it prints its port as the first line of its output."""

    def __init__(
        self, package: str, command: list[str], folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._package = package
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is the engine's to hear; it asks plugins to cancel
        )
        self._said: list[str] = []
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._said.append(line)

    def port(self) -> int:
        """Its port; waits for the first line.

        Raises:
            EngineError: it ended, or printed something else.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line.isdigit():
            reason = "".join(self._said[-8:]).strip() or f"exit code {self._process.wait()}"
            raise EngineError(f"the plugin '{self._package}' did not start: {reason}")
        return int(line)

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def end(self) -> None:
        """Tell the process to end."""
        self._process.terminate()

    def close(self) -> None:
        """Return when the process, which has been told to end, has ended."""
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


class Running:
    """A plugin that somebody else runs."""

    def __init__(self, port: int) -> None:
        self._port = port

    def port(self) -> int:
        """Its port."""
        return self._port

    def kill(self) -> None:
        """It is not ours to end."""

    def end(self) -> None:
        """It is not ours to end."""

    def close(self) -> None:
        """It is not ours to end."""


def _attached() -> dict[str, int]:
    """Ports of the plugins that PULUMI_DEBUG_PROVIDERS names: ``package:port``, separated by commas."""
    given = os.environ.get("PULUMI_DEBUG_PROVIDERS", "")
    pairs = [entry.rpartition(":") for entry in given.split(",") if entry]
    try:
        return {package: int(port) for package, _, port in pairs}
    except ValueError:
        raise EngineError(f"PULUMI_DEBUG_PROVIDERS is package:port,...; it is '{given}'") from None


class PluginHost:
    """Starts plugins by package, early where it is known that they will be needed."""

    def __init__(self, project_providers: Mapping[str, Path], folder: Path, engine: str) -> None:
        self._engine = engine
        self._attached = _attached()
        self._folders = dict(project_providers)
        self._folder = folder
        self._ready: dict[str, list[Plugin]] = {}
        self._all: list[Plugin] = []
        self._lock = threading.Lock()

    def prepare(self, package: str) -> None:
        """Start a plugin that will be asked for soon; one that cannot be found is told of when it is needed."""
        with contextlib.suppress(EngineError):
            plugin = self._start(package)
            with self._lock:
                self._ready.setdefault(package, []).append(plugin)

    def plugin(self, package: str) -> Plugin:
        """A fresh plugin process for one provider resource.

        Raises:
            PluginMissing: there is no such plugin.
        """
        with self._lock:
            waiting = self._ready.get(package)
            if waiting:
                return waiting.pop()
        return self._start(package)

    def _start(self, package: str) -> Plugin:
        if package in self._attached:
            return Plugin(package, Running(self._attached[package]), self._engine)
        plugin = Plugin(package, Process(package, [*self._command(package), self._engine], self._folder), self._engine)
        with self._lock:
            self._all.append(plugin)
        return plugin

    def _command(self, package: str) -> list[str]:
        if package in self._folders:
            return [sys.executable, str(self._folders[package])]
        if package == "pulumi-python":
            return [sys.executable, "-m", "pulumi.dynamic"]
        executable = f"pulumi-resource-{package}"
        found = shutil.which(executable)
        if found is None:
            raise PluginMissing(executable)
        return [found]

    def cancel(self) -> None:
        """Ask all plugins to hurry."""
        for plugin in list(self._all):
            plugin.cancel()

    def kill(self) -> None:
        """End all plugins at once."""
        for plugin in list(self._all):
            plugin.kill()

    def close(self) -> None:
        """End all plugins, side by side."""
        for plugin in self._all:
            plugin.end()
        for plugin in self._all:
            plugin.close()
