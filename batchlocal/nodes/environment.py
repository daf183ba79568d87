"""The variables that a task finds (Microsoft's article batch-compute-node-environment-variables)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from batchlocal.domain.node import Node
from batchlocal.domain.pool import Pool
from batchlocal.domain.task_user import TaskUser
from batchlocal.nodes.folders import NodeFolders, TaskFolders
from batchlocal.nodes.host import Host

__all__ = ["node_variables", "package_variables", "task_variables"]

_RESERVED_BYTES = "1000000"  # the article's example; here no disk is ever called full
_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")


def package_variables(application: str, version: str | None, *, windows: bool) -> tuple[str, ...]:
    """The names under which a package's folder is found: ``AZ_BATCH_APP_PACKAGE_ID`` and the version, if one was named.

    On Windows ``ID#VERSION``; on Linux periods, hyphens and number signs are underscores. Microsoft's pages disagree
    on whether Linux has the id as it was given or in lower case, so both names are there.
    """
    name = application if version is None else f"{application}#{version}"
    if windows:
        return (f"AZ_BATCH_APP_PACKAGE_{name}",)
    plain = re.sub(r"[.#-]", "_", name)
    return tuple(f"AZ_BATCH_APP_PACKAGE_{one}" for one in dict.fromkeys((plain, plain.lower())))


def node_variables(
    pool: Pool, node: Node, folders: NodeFolders, account: str, url: str, packages: Mapping[str, str]
) -> dict[str, str]:
    """What every process on a node finds. ``packages`` are package variables with their folders."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {
        **inherited,
        "AZ_BATCH_ACCOUNT_NAME": account,
        "AZ_BATCH_ACCOUNT_URL": f"{url}/",
        "AZ_BATCH_NODE_ID": node.id,
        "AZ_BATCH_NODE_IS_DEDICATED": "true" if node.dedicated else "false",
        "AZ_BATCH_NODE_ROOT_DIR": str(folders.root),
        "AZ_BATCH_NODE_SHARED_DIR": str(folders.shared),
        "AZ_BATCH_NODE_STARTUP_DIR": str(folders.startup),
        "AZ_BATCH_NODE_MOUNTS_DIR": str(folders.mounts),
        "AZ_BATCH_POOL_ID": pool.id,
        "AZ_BATCH_TASK_RESERVED_EPHEMERAL_DISK_SPACE_BYTES": _RESERVED_BYTES,
        **packages,
    }


def task_variables(
    variables: Mapping[str, str], task_id: str, folders: TaskFolders, settings: Mapping[str, Any], host: Host
) -> dict[str, str]:
    """``variables``, the node's and the job's, with what is a task's own; the start task has no id ('').

    Programs are looked for in the node's shared directory and the task's own too, as PATH was printed by tasks on
    Azure. Certificates' directories are Linux's. The task's environment settings go before everything.
    """
    path = (variables.get("PATH", os.defpath), variables["AZ_BATCH_NODE_SHARED_DIR"], str(folders.working))
    return {
        **variables,
        **({"AZ_BATCH_TASK_ID": task_id} if task_id else {}),
        **({} if host.windows else {"AZ_BATCH_CERTIFICATES_DIR": str(folders.certificates)}),
        "AZ_BATCH_TASK_DIR": str(folders.root),
        "AZ_BATCH_TASK_WORKING_DIR": str(folders.working),
        **_user_variables(host.user),
        "HOME": str(folders.working),
        "PATH": os.pathsep.join(path),
        **{one["name"]: one.get("value") or "" for one in settings.get("environmentSettings") or []},
    }


def _user_variables(user: TaskUser) -> dict[str, str]:
    """What tells a process its user: printed by tasks on Azure (Microsoft's quickstart quick-create-cli shows two)."""
    identity = {"AZ_BATCH_TASK_USER_IDENTITY": user.identity} if user.identity else {}
    return {"AZ_BATCH_TASK_USER": user.name, **identity, "USER": user.name}
