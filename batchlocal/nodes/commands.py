"""One command line on a node, from its files to its end: of a task, of a job's own tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from batchlocal.domain.job import Job
from batchlocal.domain.node import Node
from batchlocal.domain.pool import Pool
from batchlocal.domain.task import Ended
from batchlocal.nodes.containers import NO_RUNTIME, Container, image_failure, registries_of
from batchlocal.nodes.docker import client_environment, docker_answers
from batchlocal.nodes.environment import node_variables
from batchlocal.nodes.file_trouble import FileTrouble
from batchlocal.nodes.folders import TaskFolders, node_folders, task_folders
from batchlocal.nodes.host import Host
from batchlocal.nodes.identities import Owner
from batchlocal.nodes.packages import package_folders
from batchlocal.nodes.processes import Running, start
from batchlocal.nodes.storage import NodeStorage
from batchlocal.platform import Platform
from batchlocal.store.resources import Resource

__all__ = ["Command", "job_variables", "perform"]

Remember = Callable[[Running], None]


@dataclass(frozen=True)
class Command:
    """What to run and where. ``settings`` has commandLine and resourceFiles, ``seconds`` limits it, None does not.

    ``host`` says how this machine runs it.
    """

    settings: dict[str, Any]
    owner: Owner
    folders: TaskFolders
    variables: dict[str, str]
    seconds: float | None
    host: Host


async def perform(storage: NodeStorage, command: Command, remember: Remember) -> Ended:
    """Bring the files, run the command to its end; cancelled, end it. ``remember`` gets the process when it runs."""
    inside = command.settings.get("containerSettings")
    if inside and not command.host.simulate_containers and not await docker_answers():
        return Ended(None, dict(NO_RUNTIME))
    try:
        files = command.settings.get("resourceFiles") or []
        await storage.bring(files, command.owner, command.folders.working)
    except FileTrouble as trouble:
        return Ended(None, trouble.failure)
    if not inside:
        return await _run(command, command.settings["commandLine"], remember)
    if command.host.simulate_containers:
        with command.folders.stderr.open("a") as stderr:
            stderr.write(f"batchlocal: run on the host, not in a container of {inside['imageName']}\n")
        return await _run(command, command.settings["commandLine"], remember)
    return await _in_container(command, remember)


async def _in_container(command: Command, remember: Remember) -> Ended:
    inside = command.settings["containerSettings"]
    if failure := await image_failure(inside["imageName"], registries_of(command.owner.pool, inside)):
        return Ended(None, failure)
    container = Container.of(command.settings, command.variables, command.host)
    command.host.hand_over(command.folders)
    found = {**command.variables, **client_environment()}
    client = replace(command, variables=found, host=replace(command.host, own=False))  # the server's user asks Docker
    try:
        ended = await _run(client, container.command(), remember)
        failure = container.settings_failure(ended.exit_code, command.folders)
        return ended if failure is None else Ended(None, failure)
    finally:
        await asyncio.shield(container.remove())


async def _run(command: Command, command_line: str, remember: Remember) -> Ended:
    begun = await start(command_line, command.variables, command.folders, command.host)
    if isinstance(begun, Ended):
        return begun
    remember(begun)
    try:
        return await begun.wait(command.seconds)
    except asyncio.CancelledError:
        await begun.end()
        raise


def job_variables(
    platform: Platform, account: Resource, job: Job, pool: Pool, node: Node, references: list[dict[str, Any]]
) -> dict[str, str]:
    """What every process of a job finds on a node: the node's variables, the job's and its common settings."""
    where = node_folders(platform.data, node.key)
    packages = package_folders(platform.store.read, account, pool, references, where)
    url = f"{platform.origin}/{account.name}"
    variables = {
        **node_variables(pool, node, where, account.name, url, packages),
        "AZ_BATCH_JOB_ID": job.id,
        **{one["name"]: one.get("value") or "" for one in job.properties.get("commonEnvironmentSettings") or []},
    }
    if preparation := job.properties.get("jobPreparationTask"):
        folders = task_folders(platform.data, node.key, job, preparation["id"])
        variables["AZ_BATCH_JOB_PREP_DIR"] = str(folders.root)
        variables["AZ_BATCH_JOB_PREP_WORKING_DIR"] = str(folders.working)
    return variables
