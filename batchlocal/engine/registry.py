"""The providers of a run: which plugin serves a resource, and how a provider resource becomes one."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

from batchlocal.engine.builtin import Builtin
from batchlocal.engine.errors import EngineError
from batchlocal.engine.goals import Goal
from batchlocal.engine.hosting import PluginHost, PluginMissing
from batchlocal.engine.providers import Plugin
from batchlocal.engine.run import Run
from batchlocal.engine.urns import package_of
from batchlocal.engine.values import has_unknown, make_secret, unwrapped
from batchlocal.engine.versions import is_older

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
        self._newest: dict[str, tuple[str, str]] = {}

    def start(self, urn: str, kind: str, version: str) -> Provider:
        """A fresh, unconfigured plugin for a provider resource, which asks for a version of it or later."""
        with self._lock:
            self._now[urn] = self._started(kind, version)
            return self._now[urn]

    def _started(self, kind: str, version: str) -> Provider:
        package = package_of(kind)
        if package == "pulumi":
            return self._builtin
        try:
            plugin = self._host.plugin(package)
        except PluginMissing as missing:
            where = f"in the workspace{f' at version v{version}' if version else ''} or on your $PATH"
            raise EngineError(f"no resource plugin '{missing}' found {where}") from None
        if version and is_older(found := plugin.version(), version):
            text = f"resource plugin {package} is expected to have version >={version}, but has {found}"
            more = "; the wrong version may be on your path, or this may be a bug in the plugin"
            self._run.display.diagnostic("warning", text + more)
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
                plugin = self._started(entry.type, str(unwrapped(entry.inputs.get("version", ""))))
                plugin.configure(entry.inputs, urn, entry.id)
                return plugin
        raise EngineError(f"the state has no provider {urn} with the id {provider_id}")

    def default_goal(self, wanting: Goal, asker: str) -> Goal:
        """The goal of the default provider of what ``wanting`` is of: its package's configuration, and its version.

        Raises:
            EngineError: the project wants explicit providers only; ``asker`` must have one.
        """
        package = package_of(wanting.type)
        if package not in self._newest:
            self._newest[package] = self._newest_of(package)
        newest, source = self._newest[package]
        version, url = wanting.version or newest, wanting.plugin_url or source
        suffix = ("_" + re.sub(r"[.+-]", "_", version) if version else "") + (f"_{_spelt(url)}" if url else "")
        disabled = self._run.config.values.get("pulumi:disable-default-providers", "")
        if {package, "*"} & _listed(disabled):
            raise EngineError(f"Default provider for '{package}' disabled. '{asker}' must use an explicit provider.")
        inputs = self._settings_of(package)
        return Goal(f"pulumi:providers:{package}", f"default{suffix}", True, inputs, version=version, plugin_url=url)

    def _settings_of(self, package: str) -> Values:
        """What the stack's configuration says to a package's default provider."""
        config = self._run.config
        if package == _DYNAMIC:  # its code may read any setting
            given, secret = config.values, config.secret_keys
        else:
            given = config.of_package(package) if package != "pulumi" else {}
            secret = {key.split(":", 1)[1] for key in config.secret_keys if key.startswith(f"{package}:")}
        return {name: make_secret(text) if name in secret else text for name, text in given.items()}

    def _newest_of(self, package: str) -> tuple[str, str]:
        """The newest version of the state's providers of a package, and its source; who asks for none gets it."""
        newest = source = ""
        for entry in self._run.journal.old.resources:
            if entry.type == f"pulumi:providers:{package}":
                version = str(unwrapped(entry.inputs.get("version", "")))
                if not is_older(version, newest):
                    newest, source = version, entry.inputs.get("__internal", {}).get("pluginDownloadURL", "")
        return newest, source


def _listed(text: str) -> set[str]:
    """The members of a list in JSON.

    Raises:
        EngineError: it is none.
    """
    try:
        found = json.loads(text or "[]")
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise EngineError(f"pulumi:disable-default-providers is a list of packages; it is '{text}'")
    return set(map(str, found))


def _spelt(url: str) -> str:
    """A URL as part of a provider's name."""
    return "/".join(re.sub(r"[^A-Za-z0-9_.-]|^[^A-Za-z0-9_.]", "_", part) for part in url.split("/") if part)
