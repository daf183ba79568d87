"""How this machine runs a command of a node: in which way, and as whom."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batchlocal.domain.node import Node
from batchlocal.domain.pool import Pool
from batchlocal.domain.task_user import user_id
from batchlocal.nodes.folders import NodeFolders, TaskFolders
from batchlocal.platform import Platform

__all__ = ["Host", "host_for", "let_through", "open_to_all"]


@dataclass(frozen=True)
class Host:
    """``windows``: the command line is written for Windows. ``simulate_containers``: what is meant for a container runs
    on the host. ``user``: the number of the user that it runs as, None for the server's own."""

    windows: bool = False
    simulate_containers: bool = False
    user: int | None = None

    def hand_over(self, folders: TaskFolders) -> None:
        """Give a task's folder to its user."""
        if self.user is None:
            return
        for path in (folders.root, *folders.root.rglob("*")):
            os.chown(path, self.user, self.user, follow_symlinks=False)


def host_for(platform: Platform, pool: Pool, node: Node, task: str, settings: Mapping[str, Any]) -> Host:
    """How a command of a task (its key, or a name of its own on the node) is run."""
    user = user_id(pool, node.key, task, settings.get("userIdentity")) if platform.task_users else None
    return Host(pool.is_windows, platform.simulate_containers, user)


def open_to_all(platform: Platform, folders: NodeFolders) -> None:
    """Let users of tasks reach their folders and share one; the server's secrets lie beside them, in closed folders."""
    if not platform.task_users:
        return
    let_through(platform)
    for folder in (folders.root, *folders.root.parents):
        if folder.is_relative_to(platform.data.nodes):
            folder.chmod(0o711)
    folders.shared.chmod(0o1777)


def let_through(platform: Platform) -> None:
    """Let users of tasks pass through the data folder, which every start closes, to their nodes' folders."""
    if platform.task_users:
        platform.data.root.chmod(0o711)
        platform.data.nodes.chmod(0o711)
