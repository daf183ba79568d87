"""Docker's command line: whether its daemon answers, images, and what is left of containers.

Source: article batch-docker-container-workloads. An image that is here is used; another one is pulled with the
credentials that the pool or the task gives, or with what the server's user has logged in to.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from batchlocal.datafolder import write_private

__all__ = ["LABEL", "client_environment", "docker_answers", "fetch_image", "remove_container", "remove_containers"]

LABEL: Final = "batchlocal.node"
"""The label of every container: its node's folder."""

_ANSWER_SECONDS: Final = 5.0
_PULL_SECONDS: Final = 1800.0
_REMEMBERED_SECONDS: Final = 60.0
_HUB: Final = "docker.io"
_HUB_KEY: Final = "https://index.docker.io/v1/"  # by this name Docker keeps the credentials of its own registry

_asked: tuple[float, bool] | None = None


async def docker_answers() -> bool:
    """Whether Docker's daemon answers; remembered for a minute."""
    global _asked
    if _asked is None or time.monotonic() - _asked[0] > _REMEMBERED_SECONDS:
        _asked = time.monotonic(), (await _docker("version"))[0]
    return _asked[1]


def client_environment() -> dict[str, str]:
    """By which variables Docker's client finds its daemon and its settings, whoever's HOME it is started with."""
    told = {name: value for name, value in os.environ.items() if name.startswith(("DOCKER_", "XDG_RUNTIME_DIR"))}
    return {"DOCKER_CONFIG": str(Path.home() / ".docker"), **told}


async def fetch_image(image: str, registries: Iterable[Mapping[str, Any]]) -> str:
    """Have an image here: '' once it is, otherwise why it cannot be had, in Docker's words."""
    if (await _docker("image", "inspect", image))[0]:
        return ""
    credentials = _credentials(registries)
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ)
        if credentials:
            write_private(Path(folder) / "config.json", json.dumps({"auths": credentials}))
            environment["DOCKER_CONFIG"] = folder
        pulled, said = await _docker("pull", "--quiet", image, seconds=_PULL_SECONDS, environment=environment)
    return "" if pulled else said


def _credentials(registries: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Docker's ``auths`` of the registries that have a user; one that is reached by an identity has none here."""
    found = {}
    for registry in registries:
        if name := registry.get("username"):
            server = str(registry.get("registryServer") or _HUB).removeprefix("https://").rstrip("/")
            token = base64.b64encode(f"{name}:{registry.get('password', '')}".encode()).decode()
            found[_HUB_KEY if server == _HUB else server] = {"auth": token}
    return found


async def remove_containers(folder: Path) -> None:
    """End the containers of nodes below a folder, which an earlier server left running."""
    listed, names = await _docker("ps", "--all", "--format", f'{{{{.ID}}}} {{{{.Label "{LABEL}"}}}}')
    lines = [line.split(" ", 1) for line in names.splitlines()] if listed else []
    if left := [identity for identity, *node in lines if node and Path(node[0]).is_relative_to(folder)]:
        await remove_container(*left)


async def remove_container(*names: str) -> None:
    """End containers and remove them; one that has gone is no trouble."""
    await _docker("rm", "--force", *names, seconds=_ANSWER_SECONDS * 4)


async def _docker(
    *words: str, seconds: float = _ANSWER_SECONDS, environment: Mapping[str, str] | None = None
) -> tuple[bool, str]:
    """Whether a command of Docker's went well, and what it said."""
    return await asyncio.to_thread(_run, words, seconds, environment)


def _run(words: tuple[str, ...], seconds: float, environment: Mapping[str, str] | None) -> tuple[bool, str]:
    try:
        done = subprocess.run(
            ["docker", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            env=environment,
        )
    except FileNotFoundError:
        return False, "docker is not installed"
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    return done.returncode == 0, (done.stdout if done.returncode == 0 else done.stderr).strip()
