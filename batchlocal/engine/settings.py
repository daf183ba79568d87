"""``config set``, ``get``, ``rm`` and ``ls``: the stack file, edited."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from batchlocal.engine.errors import EngineError
from batchlocal.engine.paths import parsed
from batchlocal.engine.project import Config, Project
from batchlocal.engine.secrets import Secrets

__all__ = ["get_setting", "list_settings", "remove_setting", "set_setting"]


def set_setting(project: Project, stack: str, key: str, text: str, *, secret: bool, path: bool) -> None:
    """Write a value; ``secret`` encrypts it, ``path`` takes the key as a path into an object."""
    settings = _read(project, stack)
    value: Any = text
    if secret:
        secrets = Secrets(str(settings.get("encryptionsalt") or ""))
        settings["encryptionsalt"] = secrets.salt
        value = {"secure": secrets.encrypt(text)}
    elif path:
        value = _typed(text)
    parts = _parts(key) if path else [key]
    parts[0] = _full(project, parts[0])
    config = settings.get("config") or {}
    settings["config"] = config
    _put(config, parts, value)
    _write(project, stack, settings)


def remove_setting(project: Project, stack: str, key: str) -> None:
    """Take a value away; one that is not there is no error."""
    settings = _read(project, stack)
    (settings.get("config") or {}).pop(_full(project, key), None)
    _write(project, stack, settings)


def get_setting(project: Project, stack: str, key: str) -> str:
    """A value, decrypted.

    Raises:
        EngineError: there is no such key.
    """
    values = Config.read(project, stack, validate=False).values
    if _full(project, key) not in values:
        raise EngineError(f"configuration key '{key}' not found for stack '{stack}'")
    return values[_full(project, key)]


def list_settings(project: Project, stack: str) -> dict[str, str]:
    """All values; secret ones as ``[secret]``."""
    config = Config.read(project, stack, validate=False)
    return {key: "[secret]" if key in config.secret_keys else value for key, value in sorted(config.values.items())}


def _full(project: Project, key: str) -> str:
    return key if ":" in key else f"{project.name}:{key}"


def _parts(key: str) -> list[str]:
    return [str(part) for part in parsed(key)] or [key]


def _typed(text: str) -> Any:
    """Within an object, what is spelt as a whole number or a truth value is one."""
    return json.loads(text) if re.fullmatch(r"true|false|0|-?[1-9]\d*", text) else text


def _put(into: dict[str, Any], parts: list[str], value: Any) -> None:
    found: Any = into
    for part, after in zip(parts, [*parts[1:], ""], strict=True):
        empty: Any = value if after == "" else [] if after.isdigit() else {}
        if isinstance(found, list):
            place = int(part)
            if place == len(found):
                found.append(empty)
            elif after == "":
                found[place] = value
            found = found[place]
        else:
            found[part] = value if after == "" else found.get(part, empty)
            found = found[part]


def _read(project: Project, stack: str) -> dict[str, Any]:
    file = project.stack_file(stack)
    return (yaml.safe_load(file.read_text()) or {}) if file.exists() else {}


def _write(project: Project, stack: str, settings: dict[str, Any]) -> None:
    file = project.stack_file(stack)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.new")
    draft.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))
    draft.replace(file)
