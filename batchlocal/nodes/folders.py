"""Where things lie on a node (Microsoft's article batch-service-workflow-features / files-and-directories)."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from batchlocal.datafolder import DataFolder
from batchlocal.domain.job import Job
from batchlocal.domain.node import Node
from batchlocal.domain.pool import Pool

__all__ = ["NodeFolders", "TaskFolders", "node_folders", "task_folders"]


@dataclass(frozen=True)
class NodeFolders:
    """The directories of one node, below AZ_BATCH_NODE_ROOT_DIR."""

    root: Path

    @property
    def startup(self) -> Path:
        return self.root / "startup"

    @property
    def shared(self) -> Path:
        return self.root / "shared"

    @property
    def workitems(self) -> Path:
        return self.root / "workitems"

    @property
    def applications(self) -> Path:
        return self.root / "applications"

    @property
    def mounts(self) -> Path:
        return self.root / "fsmounts"

    @property
    def volatile(self) -> Path:
        return self.root / "volatile"

    def make(self) -> None:
        """Make the tree; what is there stays."""
        inner = self.volatile / "startup"  # recorded: there on every node, whether its pool has a start task or none
        for folder in (self.startup, self.shared, self.workitems, self.applications, self.mounts, inner):
            folder.mkdir(parents=True, exist_ok=True)

    def make_mounts(self, pool: Pool) -> None:
        """Make a plain folder of each file system that the pool mounts, and say so beside them."""
        configurations = (one for mount in pool.properties.get("mountConfiguration") or [] for one in mount.values())
        paths = [str(one["relativeMountPath"]) for one in configurations if (one or {}).get("relativeMountPath")]
        for path in paths:
            target = (self.mounts / path.lstrip("/")).resolve()
            if target.is_relative_to(self.mounts.resolve()):
                target.mkdir(parents=True, exist_ok=True)
        if paths:
            (self.mounts / "README.txt").write_text(_NOT_MOUNTED.format("\n".join(sorted(paths))))


_NOT_MOUNTED = """Nothing is mounted here: on batchlocal the file systems of a pool are plain folders of this machine,
empty at first and a node's own.

{}
"""


@dataclass(frozen=True)
class TaskFolders:
    """The directories of one task: AZ_BATCH_TASK_DIR with its working directory and two output files."""

    root: Path

    @property
    def working(self) -> Path:
        return self.root / "wd"

    @property
    def certificates(self) -> Path:
        return self.root / "certs"

    @property
    def stdout(self) -> Path:
        return self.root / "stdout.txt"

    @property
    def stderr(self) -> Path:
        return self.root / "stderr.txt"

    @property
    def upload_log(self) -> Path:
        return self.root / "fileuploadout.txt"

    @property
    def upload_errors(self) -> Path:
        return self.root / "fileuploaderr.txt"

    def make(self) -> None:
        """Make the directories and empty output files; what an earlier attempt put in their place goes."""
        if self.working.is_symlink():
            self.working.unlink()
        self.working.mkdir(parents=True, exist_ok=True)
        self.certificates.mkdir(exist_ok=True)
        for file in (self.stdout, self.stderr):
            file.unlink(missing_ok=True)
            self.append(file).close()

    @staticmethod
    def append(file: Path) -> BinaryIO:
        """Open an output file to add to it; one that has become a link leads nowhere.

        Raises:
            OSError: it is a link, which a task may have left for whoever writes here next.
        """
        return os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o644), "ab")

    @staticmethod
    def read(file: Path) -> BinaryIO:
        """Open an output file to read it.

        Raises:
            OSError: it is a link, or no file: a pipe, which a task may have left, would be waited for without end.
        """
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise FileNotFoundError(file)
        return os.fdopen(handle, "rb")


def node_folders(data: DataFolder, node_key: str) -> NodeFolders:
    """A node's folder; its key ends in ``batchaccounts/ACCOUNT/pools/POOL/nodes/NODE``."""
    parts = node_key.split("/")
    return NodeFolders(data.node(parts[-5], parts[-3], parts[-1]))


def task_folders(data: DataFolder, node_key: str, job: Job, task_id: str) -> TaskFolders:
    """The folder on a node of a job's task, also of its preparation or release task."""
    return TaskFolders(node_folders(data, node_key).root / job.directory / task_id)


def startup_folders(data: DataFolder, node: Node) -> TaskFolders:
    """The start task's folder."""
    return TaskFolders(node_folders(data, node.key).startup)
