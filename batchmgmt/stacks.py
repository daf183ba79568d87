"""What a Pulumi stack says about its account: the outputs that are not secret, read from where the state lies.

A file backend's checkpoint is read directly (its layout is Pulumi's: ``.pulumi/stacks/PROJECT/STACK.json``, JSON of
version 3 or 4); for every other backend the Pulumi CLI is asked.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from batchmgmt.errors import BatchManagementError, UsageError
from batchmgmt.files import home

__all__ = ["StackOutputs", "read_stack"]

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"  # marks a value that is no plain JSON, such as a secret


class StackOutputs(NamedTuple):
    """A stack's outputs for its Batch account, none of them secret."""

    stack: str
    resource_group: str
    account: str
    subscription_id: str
    values: Mapping[str, Any]


def read_stack(name: str) -> StackOutputs:
    """The outputs of a stack, by the backend of ``PULUMI_BACKEND_URL`` or of the project around the working directory.

    Args:
        name: ``STACK``, ``PROJECT/STACK`` or ``organization/PROJECT/STACK``.

    Raises:
        UsageError: the name is none, or there is no project. BatchManagementError: no such stack, or not deployed.
    """
    parts = name.split("/")
    if not all(re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", part) for part in parts) or len(parts) > 3:
        raise UsageError(f"'{name}' is no stack name: it is STACK, PROJECT/STACK or organization/PROJECT/STACK")
    project = _project()
    backend = os.environ.get("PULUMI_BACKEND_URL") or (project and project.backend) or ""
    if backend and not backend.startswith("file://"):
        return _outputs(name, _ask_pulumi(name))
    project_name = parts[-2] if len(parts) > 1 else project and project.name
    if not project_name:
        raise UsageError(f"stack '{name}': no Pulumi.yaml here or above; go to the project or say PROJECT/STACK")
    folders = [_folder(backend)] if backend else [project.folder, home()] if project else [home()]
    return _outputs(name, _from_files(name, folders, project_name, parts[-1]))


class _Project(NamedTuple):
    folder: Path
    name: str
    backend: str


def _project() -> _Project | None:
    here = Path.cwd()
    for folder in (here, *here.parents):
        file = folder / "Pulumi.yaml"
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            found = re.search(r"(?m)^name:\s*['\"]?([A-Za-z0-9_.-]+)", text)
            backend = re.search(r"(?m)^backend:\s*\n\s+url:\s*['\"]?([^\s'\"]+)", text)
            return _Project(folder, found[1] if found else "", backend[1] if backend else "")
    return None


def _folder(backend: str) -> Path:
    parts = urlsplit(backend)
    return Path(unquote(parts.netloc + parts.path)).expanduser()


def _from_files(name: str, folders: list[Path], project: str, stack: str) -> Mapping[str, Any]:
    for folder in folders:
        file = folder / ".pulumi" / "stacks" / project / f"{stack}.json"
        for candidate, read in ((file, Path.read_bytes), (file.with_name(f"{file.name}.gz"), _read_gzip)):
            if candidate.is_file():
                return _stack_outputs(name, read(candidate))
    places = " and ".join(str(folder / ".pulumi") for folder in folders)
    raise BatchManagementError(
        f"there is no stack '{name}' of project '{project}' in {places}; deploy it, or set PULUMI_BACKEND_URL"
    )


def _read_gzip(path: Path) -> bytes:
    import gzip

    return gzip.decompress(path.read_bytes())


def _stack_outputs(name: str, checkpoint: bytes) -> Mapping[str, Any]:
    """The root stack's outputs; other resources are not looked at."""
    try:
        resources = json.loads(checkpoint)["checkpoint"]["latest"].get("resources") or []
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BatchManagementError(f"stack '{name}': its state is no Pulumi checkpoint") from None
    for resource in resources:
        if resource.get("type") == "pulumi:pulumi:Stack":
            outputs = resource.get("outputs") or {}
            return {key: value for key, value in outputs.items() if not _is_marked(value)}
    return {}


def _is_marked(value: object) -> bool:
    return isinstance(value, dict) and SIGNATURE in value


def _ask_pulumi(name: str) -> Mapping[str, Any]:
    import subprocess

    command = ["pulumi", "stack", "output", "--json", "--non-interactive", "--stack", name]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    except FileNotFoundError:
        raise BatchManagementError(
            f"stack '{name}' lies in a backend that only the Pulumi CLI reads, and there is no `pulumi` on PATH"
        ) from None
    except subprocess.TimeoutExpired:
        raise BatchManagementError(f"stack '{name}': `pulumi stack output` gave no answer in 120 s") from None
    if asked.returncode != 0:
        raise BatchManagementError(f"stack '{name}': {' '.join(asked.stderr.split())}")
    outputs = json.loads(asked.stdout)
    return {key: value for key, value in outputs.items() if value != "[secret]"}


def _outputs(name: str, values: Mapping[str, Any]) -> StackOutputs:
    wanted = ("resourceGroup", "batchAccount", "subscriptionId")
    lacking = [key for key in wanted if not isinstance(values.get(key), str)]
    if lacking:
        raise BatchManagementError(
            f"stack '{name}' has no output {', '.join(lacking)}: it is not deployed, or not a stack of this program"
        )
    return StackOutputs(name, values["resourceGroup"], values["batchAccount"], values["subscriptionId"], values)
