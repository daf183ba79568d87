"""One attempt at a task, from files in to files out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from batchlocal.domain import durations
from batchlocal.domain.exit_conditions import not_started
from batchlocal.domain.node import Node
from batchlocal.domain.simulation import simulation_of
from batchlocal.domain.task import Ended
from batchlocal.nodes.allocation import account_of
from batchlocal.nodes.assignment import Attempt
from batchlocal.nodes.commands import Command, job_variables, perform
from batchlocal.nodes.environment import task_variables
from batchlocal.nodes.file_trouble import FileTrouble
from batchlocal.nodes.folders import TaskFolders, node_folders, task_folders
from batchlocal.nodes.gangs import Gang
from batchlocal.nodes.host import Host, host_for
from batchlocal.nodes.identities import Owner
from batchlocal.nodes.leftovers import started_at
from batchlocal.nodes.outputs import Outputs
from batchlocal.nodes.packages import deploy
from batchlocal.nodes.processes import Running
from batchlocal.nodes.storage import NodeStorage
from batchlocal.platform import Platform
from batchlocal.store.resources import Resource

__all__ = ["Attempts"]


class Attempts:
    """Runs the commands of tasks on their nodes."""

    def __init__(self, platform: Platform, storage: NodeStorage) -> None:
        self._platform = platform
        self._storage = storage

    async def run(self, attempt: Attempt) -> Ended:
        """Run a task's command on a node that is ready for its job, and send its output files.

        Raises:
            LookupError: the account has gone.
        """
        if rule := simulation_of(attempt.pool.properties, always=self._platform.simulate_nodes):
            seconds, ended = rule.of_task(attempt.task)
            await self._platform.clock.wait(seconds)
            return ended
        account = account_of(self._platform.store.read, attempt.pool)
        if account is None:
            raise LookupError(attempt.pool.account)
        folders = task_folders(self._platform.data, attempt.node.key, attempt.job, attempt.task.id)
        folders.make()
        try:
            for node in attempt.nodes:
                where = node_folders(self._platform.data, node.key)
                references = attempt.task.properties.get("applicationPackageReferences") or []
                await deploy(self._platform, self._storage, Owner(account, attempt.pool), references, where)
        except FileTrouble as trouble:
            return Ended(None, trouble.failure)
        if attempt.task.instances:
            gang = Gang(self._platform, self._storage, attempt, account, self._variables)
            async with gang as failure:
                ended = failure or await self._perform(attempt, account, folders, gang.variables(attempt.node))
        else:
            ended = await self._perform(attempt, account, folders, {})
        return await self._send_outputs(attempt, account, folders, ended)

    async def _perform(self, attempt: Attempt, account: Resource, folders: TaskFolders, more: dict[str, str]) -> Ended:
        settings = attempt.task.properties
        variables = {**more, **self._variables(attempt, account, attempt.node, folders)}
        seconds = durations.seconds(settings["constraints"]["maxWallClockTime"])
        host = self._host(attempt, attempt.node)
        command = Command(settings, Owner(account, attempt.pool), folders, variables, seconds, host)
        return await perform(self._storage, command, lambda running: self._remember(attempt, running))

    def _variables(self, attempt: Attempt, account: Resource, node: Node, folders: TaskFolders) -> dict[str, str]:
        task = attempt.task
        references = task.properties.get("applicationPackageReferences") or []
        variables = job_variables(self._platform, account, attempt.job, attempt.pool, node, references)
        if (task.properties.get("authenticationTokenSettings") or {}).get("access"):
            variables["AZ_BATCH_AUTHENTICATION_TOKEN"] = self._platform.tokens.issue_for_task(task.key)
        return task_variables(variables, task.id, folders, task.properties, self._host(attempt, node))

    def _host(self, attempt: Attempt, node: Node) -> Host:
        return host_for(self._platform, attempt.pool, node, attempt.task.key, attempt.task.properties)

    def _remember(self, attempt: Attempt, running: Running) -> None:
        """Keep the process's name, so that a later server can find it."""
        with self._platform.store.write() as tx:
            present = tx.tasks.find(attempt.task.job, attempt.task.id)
            if present is not None and present.state == "running":
                process: dict[str, Any] = {"pid": running.pid, "began": started_at(running.pid)}
                tx.tasks.put(replace(present, process=process))

    async def _send_outputs(self, attempt: Attempt, account: Resource, folders: TaskFolders, ended: Ended) -> Ended:
        outputs = attempt.task.properties.get("outputFiles") or []
        if not outputs or not_started(ended.exit_code, ended.failure):  # article batch-task-output-files
            return ended
        variables = self._variables(attempt, account, attempt.node, folders)
        host, node = self._host(attempt, attempt.node), node_folders(self._platform.data, attempt.node.key).root
        owner = Owner(account, attempt.pool)
        sending = Outputs(self._storage, owner, folders, variables, lambda file: host.may_read(file, node))
        try:
            await sending.send(outputs, succeeded=ended.failure is None)
        except FileTrouble as trouble:
            return replace(ended, failure=trouble.failure, upload_failed=True)
        return ended
