"""Commands in containers: by Docker where its daemon answers, on the host where that was asked for, or not at all.

Sources: the article batch-docker-container-workloads; the REST reference, TaskContainerSettings. A container runs as
the task's user would (the article: "Batch will map the user/group permission to the container").
"""

from __future__ import annotations

import shlex
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from batchlocal.domain.pool import Pool
from batchlocal.nodes.docker import LABEL, fetch_image, remove_container
from batchlocal.nodes.folders import TaskFolders
from batchlocal.nodes.host import Host

__all__ = ["NO_RUNTIME", "Container", "image_failure", "registries_of"]

NO_RUNTIME: Final = {
    "category": "usererror",
    "code": "ContainerPoolNotSupported",  # as Microsoft's .NET tests expect of nodes without a container runtime
    "message": "The compute node has no container runtime: no Docker daemon answers on this machine"
    " (batchlocal start --containers simulate runs such commands on the host)",
}
_NOT_MADE: Final = 125  # docker run, when it is Docker that failed and not the command
_KEPT_OUT: Final = frozenset({"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"})
"""Variables of the host that mean nothing in an image."""

_SOURCES: Final = {
    "shared": "AZ_BATCH_NODE_SHARED_DIR",
    "startup": "AZ_BATCH_NODE_STARTUP_DIR",
    "vfsmounts": "AZ_BATCH_NODE_MOUNTS_DIR",
    "task": "AZ_BATCH_TASK_DIR",
    "jobprep": "AZ_BATCH_JOB_PREP_DIR",
}


def registries_of(pool: Pool, settings: Mapping[str, Any] | None = None) -> list[Mapping[str, Any]]:
    """The registries that a pool names, and the one of a task's container settings, which goes before them."""
    machine = pool.properties.get("virtualMachineConfiguration") or {}
    found = (machine.get("containerConfiguration") or {}).get("containerRegistries") or []
    own = (settings or {}).get("registry")
    return [*found, *([own] if own else [])]


async def image_failure(image: str, registries: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Why an image cannot be had, as a task's failure; None once it is here. The code is Azure's (Azure/Batch#49)."""
    said = await fetch_image(image, registries)
    if not said:
        return None
    details = [{"name": "ImageName", "value": image}, {"name": "Message", "value": said}]
    text = "The specified container image cannot be found or pulled"
    return {"category": "usererror", "code": "ContainerInvalidImage", "message": text, "details": details}


@dataclass(frozen=True)
class Container:
    """One container: ``settings`` are a task's, its containerSettings among them, ``variables`` what the task finds."""

    settings: Mapping[str, Any]
    variables: Mapping[str, str]
    host: Host
    name: str

    @classmethod
    def of(cls, settings: Mapping[str, Any], variables: Mapping[str, str], host: Host) -> Container:
        """A container under a name of its own."""
        return cls(settings, variables, host, f"batchlocal-{uuid.uuid4().hex[:12]}")

    @property
    def _asked(self) -> Mapping[str, Any]:
        asked: Mapping[str, Any] = self.settings["containerSettings"]
        return asked

    @property
    def _made(self) -> Path:
        """A file that Docker writes once there is a container."""
        return Path(self.variables["AZ_BATCH_NODE_ROOT_DIR"]) / "volatile" / self.name

    def command(self) -> str:
        """The command line that runs the task's one in the container. Values of variables are not in it."""
        words = ["docker", "run", "--rm", "--name", self.name, "--cidfile", str(self._made)]
        words += ["--label", f"{LABEL}={self.variables['AZ_BATCH_NODE_ROOT_DIR']}"]
        words += ["--user", "{}:{}".format(*self.host.ids)]
        if str(self._asked.get("workingDirectory") or "taskWorkingDirectory").lower() == "taskworkingdirectory":
            words += ["--workdir", self.variables["AZ_BATCH_TASK_WORKING_DIR"]]
        for mount in self._mounts():
            words += ["--volume", mount]
        own = {one["name"] for one in self.settings.get("environmentSettings") or []}
        for name in sorted(set(self.variables) - (_KEPT_OUT - own)):
            words += ["--env", name]
        words += shlex.split(str(self._asked.get("containerRunOptions") or ""))
        return shlex.join([*words, str(self._asked["imageName"]), *shlex.split(self.settings["commandLine"])])

    def _mounts(self) -> Iterator[str]:
        """The node's whole directory tree, or only what containerHostBatchBindMounts names."""
        root = self.variables["AZ_BATCH_NODE_ROOT_DIR"]
        chosen = self._asked.get("containerHostBatchBindMounts")
        if not chosen:
            yield f"{root}:{root}"
            return
        known = {"applications": str(Path(root) / "applications")}
        known |= {source: self.variables[name] for source, name in _SOURCES.items() if name in self.variables}
        for mount in chosen:
            if folder := known.get(str(mount.get("source", "")).lower()):
                yield f"{folder}:{folder}{':ro' if mount.get('isReadOnly') else ''}"

    def settings_failure(self, exit_code: int | None, folders: TaskFolders) -> dict[str, Any] | None:
        """Why Docker made no container, as Azure words it (Azure/Batch#4); None when the command itself ended so."""
        if exit_code != _NOT_MADE or self._made.exists():
            return None
        text = "At least one value of specified task container settings is invalid"
        said = folders.stderr.read_text(errors="replace").strip()
        details = [{"name": "Message", "value": said}]
        return {"category": "usererror", "code": "ContainerInvalidSettings", "message": text, "details": details}

    async def remove(self) -> None:
        """End the container, which a killed client leaves running."""
        await remove_container(self.name)
        self._made.unlink(missing_ok=True)
