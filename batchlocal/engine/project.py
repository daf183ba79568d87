"""Pulumi.yaml and the stack files: what the project is, and what a stack's configuration says."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from batchlocal.engine.errors import EngineError, NeedsPulumi
from batchlocal.engine.secrets import Secrets

__all__ = ["Config", "Project", "find_project"]


@dataclass(frozen=True)
class Project:
    """One project: ``root`` holds Pulumi.yaml, ``settings`` is its content."""

    root: Path
    settings: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.settings["name"])

    @property
    def program(self) -> Path:
        """The program's folder (``main``)."""
        return self.root / str(self.settings.get("main", "."))

    @property
    def provider_paths(self) -> dict[str, Path]:
        """Providers that live in folders of the project (``plugins.providers``)."""
        named = (self.settings.get("plugins") or {}).get("providers") or []
        return {entry["name"]: self.root / entry["path"] for entry in named}

    def stack_file(self, stack: str) -> Path:
        """``Pulumi.STACK.yaml`` in ``stackConfigDir``."""
        folder = self.settings.get("stackConfigDir") or self.settings.get("config")
        return self.root / (folder if isinstance(folder, str) else ".") / f"Pulumi.{stack}.yaml"


def find_project(start: Path) -> Project:
    """The project of a folder: the nearest Pulumi.yaml upward.

    Raises:
        EngineError: there is none, or it cannot be read.
    """
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / "Pulumi.yaml").exists():
            settings = _read_yaml(folder / "Pulumi.yaml")
            runtime = settings.get("runtime")
            name = runtime.get("name") if isinstance(runtime, dict) else runtime
            if name != "python":
                raise NeedsPulumi(f"programs in '{name}'; this engine runs Python programs")
            return Project(folder, settings)
    raise EngineError(f"no Pulumi.yaml project file found (searching upwards from {start})")


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        found = yaml.load(file.read_text(), Loader=_Loader)  # noqa: S506 - a SafeLoader, less its dates
    except yaml.YAMLError as error:
        raise EngineError(f"could not read {file.name}: {error}") from None
    return found or {}


class _Loader(yaml.SafeLoader):
    """YAML without dates: a value that looks like one stays text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass
class Config:
    """A stack's configuration: values as the program gets them (texts), and which of them are secret."""

    values: dict[str, str] = field(default_factory=dict)
    secret_keys: set[str] = field(default_factory=set)
    salt: str = ""
    _decrypted: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, project: Project, stack: str, *, validate: bool = True) -> Config:
        """The stack file laid over the project's defaults.

        Raises:
            EngineError: a value is missing or of the wrong type, or the passphrase is wrong.
        """
        file = project.stack_file(stack)
        settings = _read_yaml(file) if file.exists() else {}
        config = cls(salt=str(settings.get("encryptionsalt") or ""))
        given = {_full(project, key): value for key, value in (settings.get("config") or {}).items()}
        for key, entry in (project.settings.get("config") or {}).items() if _has_defaults(project) else ():
            _declare(config, stack, _full(project, key), entry, given, validate=validate)
        for key, value in given.items():
            config._put(key, value)
        return config

    def _put(self, key: str, value: Any) -> None:
        opened, secret = self._opened(value)
        if secret:
            self.secret_keys.add(key)
        self.values[key] = _text(opened)

    def _opened(self, value: Any) -> tuple[Any, bool]:
        """The value with its ciphertexts opened, and whether there was one."""
        if isinstance(value, dict):
            if set(value) == {"secure"}:
                text = Secrets(self.salt).decrypt(value["secure"])
                self._decrypted.add(text)
                return text, True
            opened = {name: self._opened(item) for name, item in value.items()}
            return {name: item for name, (item, _) in opened.items()}, any(secret for _, secret in opened.values())
        if isinstance(value, list):
            items = [self._opened(item) for item in value]
            return [item for item, _ in items], any(secret for _, secret in items)
        return value, False

    @property
    def secrets(self) -> list[str]:
        """Secret texts, long enough to be worth masking, that must not be printed: values, and what stands within."""
        texts = self._decrypted | {self.values[key] for key in self.secret_keys}
        spelt = {form for text in texts for form in (text, json.dumps(text)[1:-1], _text([text])[2:-2])}
        return [text for text in spelt if len(text) >= 3]

    def of_package(self, package: str) -> dict[str, str]:
        """The values under a package's namespace, without it."""
        return {key.split(":", 1)[1]: value for key, value in self.values.items() if key.split(":", 1)[0] == package}


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def _has_defaults(project: Project) -> bool:
    return isinstance(project.settings.get("config"), dict)


def _declare(config: Config, stack: str, key: str, entry: Any, given: dict[str, Any], *, validate: bool) -> None:
    """A key that Pulumi.yaml declares: its default or value, its type, and whether it must be there."""
    if not isinstance(entry, dict):
        config._put(key, entry)
        return
    if "value" in entry or "default" in entry:
        config._put(key, entry.get("value", entry.get("default")))
    if not validate:
        return
    short = key.split(":", 1)[1]
    if key not in given and key not in config.values:
        raise EngineError(f"validating stack config: Stack '{stack}' is missing configuration value '{short}'")
    wanted = entry.get("type")
    if key in given and wanted in _TYPES and not isinstance(given[key], _TYPES[wanted]):
        raise EngineError(
            f"validating stack config: Stack '{stack}' with configuration key '{short}' must be of type '{wanted}'"
        )


def _full(project: Project, key: str) -> str:
    return key if ":" in key else f"{project.name}:{key}"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
