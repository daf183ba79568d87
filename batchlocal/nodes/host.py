"""How this machine runs a command of a node: in which way, and as whom."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchlocal.domain.node import Node
from batchlocal.domain.pool import Pool
from batchlocal.domain.task_user import TaskUser, user_of
from batchlocal.nodes.folders import NodeFolders, TaskFolders
from batchlocal.nodes.users import closed_folder
from batchlocal.platform import Platform

__all__ = ["Host", "host_for", "open_to_users"]

_OWN = 0o700
_READ_BY_THE_NODE = 0o750
"""Task folders that tasks of other users may read: of start and job preparation tasks (article batch-user-accounts)."""


@dataclass(frozen=True)
class Host:
    """``user`` is whom the command stands for; it also runs as it where ``own`` is true, otherwise as the server's.

    ``windows``: the command line is written for Windows. ``simulate_containers``: what is meant for a container runs
    on the host. ``read_by_tasks``: tasks of other users read its folder.
    """

    user: TaskUser
    own: bool = False
    windows: bool = False
    simulate_containers: bool = False
    read_by_tasks: bool = False

    @property
    def ids(self) -> tuple[int, int]:
        """The numbers of the user and the group that the command runs as."""
        if not self.own:
            return os.geteuid(), os.getegid()
        return (0, 0) if self.user.number is None else (self.user.number, self.user.group)

    @property
    def is_server(self) -> bool:
        """Whether it runs as the server itself does."""
        return self.ids == (os.geteuid(), os.getegid())

    def may_read(self, file: Path, node: Path) -> bool:
        """Whether a file that a task names may be read for it: not one that its user made a link to somebody else's.

        On its node (a folder) everything may; elsewhere, what everybody may read.
        """
        real = file.resolve()
        if self.is_server or real.is_relative_to(node):
            return True
        return bool(real.stat().st_mode & stat.S_IROTH) and closed_folder(real) is None

    def hand_over(self, folders: TaskFolders) -> None:
        """Give a task's folder, with what is in it, to its user."""
        if not self.own:
            return
        owner = self.user.number or 0
        for path in _all_of(folders):
            os.chown(path, owner, self.user.group, follow_symlinks=False)
        folders.root.chmod(_READ_BY_THE_NODE if self.read_by_tasks else _OWN)


def _all_of(folders: TaskFolders) -> Iterator[str]:
    """The paths of a folder and what is in it, never through a link."""
    yield str(folders.root)
    for folder, folders_in_it, files in os.walk(folders.root):
        yield from (os.path.join(folder, name) for name in (*folders_in_it, *files))  # noqa: PTH118


def host_for(
    platform: Platform, pool: Pool, node: Node, task: str, settings: Mapping[str, Any], *, read_by_tasks: bool = False
) -> Host:
    """How a command of a task (its key, or a name of its own on the node) is run."""
    user = user_of(pool, node.key, task, settings.get("userIdentity"))
    return Host(user, platform.task_users.own, pool.is_windows, platform.simulate_containers, read_by_tasks)


def open_to_users(platform: Platform, folders: NodeFolders) -> None:
    """Let users of tasks reach their folders and share one; the server's secrets lie beside them, in closed folders."""
    if not platform.task_users.own:
        return
    for folder in (folders.root, *folders.root.parents):
        if folder.is_relative_to(platform.data.nodes):
            folder.chmod(0o711)
    for folder in (folders.shared, folders.mounts, *(path for path in folders.mounts.iterdir() if path.is_dir())):
        folder.chmod(0o1777)
