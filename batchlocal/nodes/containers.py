"""Commands in containers: by Docker where its daemon answers, on the host where that was asked for, or not at all.

Sources: the article batch-docker-container-workloads; the REST reference, TaskContainerSettings. Images are pulled by
Docker with what the user has logged in to; registries' own credentials are not passed on.
"""

from __future__ import annotations

import asyncio
import shlex
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["NO_RUNTIME", "Container", "docker_answers"]

NO_RUNTIME: Final = {
    "category": "usererror",
    "code": "ContainerPoolNotSupported",  # as Microsoft's .NET tests expect of nodes without a container runtime
    "message": "The compute node has no container runtime: no Docker daemon answers on this machine"
    " (batchlocal start --containers simulate runs such commands on the host)",
}
_KEPT_OUT: Final = frozenset({"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"})
"""Variables of the host that mean nothing in an image."""

_SOURCES: Final = {
    "shared": "AZ_BATCH_NODE_SHARED_DIR",
    "startup": "AZ_BATCH_NODE_STARTUP_DIR",
    "vfsmounts": "AZ_BATCH_NODE_MOUNTS_DIR",
    "task": "AZ_BATCH_TASK_DIR",
    "jobprep": "AZ_BATCH_JOB_PREP_DIR",
}
_ANSWER_SECONDS: Final = 5.0
_REMEMBERED_SECONDS: Final = 60.0

_asked: tuple[float, bool] | None = None


async def docker_answers() -> bool:
    """Whether Docker's daemon answers; remembered for a minute."""
    global _asked
    if _asked is None or time.monotonic() - _asked[0] > _REMEMBERED_SECONDS:
        _asked = time.monotonic(), await asyncio.to_thread(_docker, "version")
    return _asked[1]


def _docker(*words: str) -> bool:
    quiet = subprocess.DEVNULL
    try:
        asked = subprocess.run(
            ["docker", *words], stdin=quiet, stdout=quiet, stderr=quiet, timeout=_ANSWER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


@dataclass(frozen=True)
class Container:
    """One container of a task: ``settings`` are its containerSettings, ``variables`` what the task finds."""

    settings: Mapping[str, Any]
    variables: Mapping[str, str]
    name: str

    @classmethod
    def of(cls, settings: Mapping[str, Any], variables: Mapping[str, str]) -> Container:
        """A container under a name of its own."""
        return cls(settings, variables, f"batchlocal-{uuid.uuid4().hex[:12]}")

    def command(self, command_line: str) -> str:
        """The command line that runs a task's one in the container. Values of variables are not in it."""
        words = ["docker", "run", "--rm", "--init", "--name", self.name]
        if str(self.settings.get("workingDirectory") or "taskWorkingDirectory").lower() == "taskworkingdirectory":
            words += ["--workdir", self.variables["AZ_BATCH_TASK_WORKING_DIR"]]
        for mount in self._mounts():
            words += ["--volume", mount]
        for name in sorted(set(self.variables) - _KEPT_OUT):
            words += ["--env", name]
        words += shlex.split(str(self.settings.get("containerRunOptions") or ""))
        return shlex.join([*words, str(self.settings["imageName"]), *shlex.split(command_line)])

    def _mounts(self) -> Iterator[str]:
        """The node's whole directory tree, or only what containerHostBatchBindMounts names."""
        root = self.variables["AZ_BATCH_NODE_ROOT_DIR"]
        chosen = self.settings.get("containerHostBatchBindMounts")
        if not chosen:
            yield f"{root}:{root}"
            return
        known = {"applications": str(Path(root) / "applications")}
        known |= {source: self.variables[name] for source, name in _SOURCES.items() if name in self.variables}
        for mount in chosen:
            if folder := known.get(str(mount.get("source", "")).lower()):
                yield f"{folder}:{folder}{':ro' if mount.get('isReadOnly') else ''}"

    async def remove(self) -> None:
        """End the container, which a killed client leaves running."""
        await asyncio.to_thread(_docker, "rm", "--force", self.name)
