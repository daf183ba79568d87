"""The providers of a run: which plugin serves a resource, and how a provider resource becomes one."""

from __future__ import annotations

import threading
from typing import Any

from batchlocal.engine.builtin import Builtin
from batchlocal.engine.errors import EngineError
from batchlocal.engine.goals import Goal
from batchlocal.engine.hosting import PluginHost
from batchlocal.engine.providers import Plugin
from batchlocal.engine.run import Run
from batchlocal.engine.urns import package_of
from batchlocal.engine.values import has_unknown, make_secret

__all__ = ["Provider", "Registry"]

Provider = Plugin | Builtin
_DYNAMIC = "pulumi-python"
Values = dict[str, Any]


class Registry:
    """Plugins by the URN of their provider resource."""

    def __init__(self, run: Run, host: PluginHost, builtin: Builtin) -> None:
        self._run = run
        self._host = host
        self._builtin = builtin
        self._lock = threading.RLock()
        self._now: dict[str, Provider] = {}
        self._before: dict[str, Provider] = {}

    def start(self, urn: str, kind: str) -> Provider:
        """A fresh, unconfigured plugin for a provider resource."""
        package = package_of(kind)
        with self._lock:
            plugin: Provider = self._builtin if package == "pulumi" else self._host.plugin(package)
            self._now[urn] = plugin
            return plugin

    def configure(self, urn: str, provider_id: str, inputs: Values) -> None:
        """Configure a provider's plugin, unless its inputs are still unknown."""
        if not has_unknown(inputs):
            self._now[urn].configure(inputs, urn, provider_id)

    def of(self, reference: str) -> Provider:
        """The plugin behind a reference ``URN::ID`` of this run.

        Raises:
            EngineError: no such provider was registered.
        """
        urn = reference.rsplit("::", 1)[0]
        found = self._now.get(urn)
        if found is None:
            raise EngineError(f"unknown provider '{reference}'")
        return found

    def of_old(self, reference: str) -> Provider:
        """The plugin of an entry of the state, configured as this run or else the state says."""
        urn, provider_id = reference.rsplit("::", 1)
        with self._lock:
            current = self._run.journal.done.get(urn)
            if urn in self._now and current is not None and current.id == provider_id:
                return self._now[urn]
            if reference not in self._before:
                self._before[reference] = self._from_state(urn, provider_id)
            return self._before[reference]

    def _from_state(self, urn: str, provider_id: str) -> Provider:
        for entry in self._run.journal.old.resources:
            if entry.urn == urn and entry.id == provider_id:
                package = package_of(entry.type)
                plugin: Provider = self._builtin if package == "pulumi" else self._host.plugin(package)
                plugin.configure(entry.inputs, urn, entry.id)
                return plugin
        raise EngineError(f"the state has no provider {urn} with the id {provider_id}")

    def default_goal(self, package: str, version: str, asker: str) -> Goal:
        """The goal of a package's default provider: its configuration and its version.

        Raises:
            EngineError: the project wants explicit providers only; ``asker`` must have one.
        """
        kind = f"pulumi:providers:{package}"
        suffix = "_" + version.replace(".", "_").replace("-", "_").replace("+", "_") if version else ""
        config = self._run.config
        disabled = config.values.get("pulumi:disable-default-providers", "")
        if package in disabled or '"*"' in disabled:
            raise EngineError(f"Default provider for '{package}' disabled. '{asker}' must use an explicit provider.")
        if package == _DYNAMIC:  # its code may read any setting
            given, secret = config.values, config.secret_keys
        else:
            given = config.of_package(package) if package != "pulumi" else {}
            secret = {key.split(":", 1)[1] for key in config.secret_keys if key.startswith(f"{package}:")}
        inputs: Values = {name: make_secret(text) if name in secret else text for name, text in given.items()}
        return Goal(kind, f"default{suffix}", True, inputs, version=version)
