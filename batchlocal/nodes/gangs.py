"""A multi-instance task: its subtasks on the other nodes, and the coordination command on all (article batch-mpi).

The command of the task itself runs on the primary's node, once every coordination command has ended with 0. What those
started in the background lives until the primary ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Final

from batchlocal.domain.node import Node
from batchlocal.domain.pool import node_path
from batchlocal.domain.sizes import cores_of
from batchlocal.domain.task import Ended
from batchlocal.nodes.assignment import Attempt
from batchlocal.nodes.file_trouble import FileTrouble
from batchlocal.nodes.folders import TaskFolders, node_folders, task_folders
from batchlocal.nodes.host import host_for
from batchlocal.nodes.identities import Owner
from batchlocal.nodes.processes import Running, start
from batchlocal.nodes.storage import NodeStorage
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.store.resources import Resource

__all__ = ["Gang"]

Variables = Callable[[Attempt, Resource, Node, TaskFolders], dict[str, str]]

_MASTER_PORT: Final = 6000


@dataclass
class _Member:
    """The primary (number 0) or a subtask on its node."""

    number: int
    node: Node
    folders: TaskFolders
    started: int = field(default_factory=moments.now)
    process: Running | None = None


class Gang:
    """An asynchronous context: entered when the nodes are coordinated, with why they are not; left, all ends."""

    def __init__(
        self, platform: Platform, storage: NodeStorage, attempt: Attempt, account: Resource, variables: Variables
    ) -> None:
        self._platform = platform
        self._storage = storage
        self._attempt = attempt
        self._account = account
        self._variables = variables
        self._settings = attempt.task.properties["multiInstanceSettings"]
        self._cores = cores_of(str(attempt.pool.properties.get("vmSize", ""))) or 1
        self._members = [_Member(number, node, self._folders(number)) for number, node in enumerate(attempt.nodes)]

    def _folders(self, number: int) -> TaskFolders:
        """The primary's folder is the task's; a subtask's is one of its number in the task's."""
        task, node = self._attempt.task, self._attempt.nodes[number]
        of_task = task_folders(self._platform.data, node.key, self._attempt.job, task.id)
        return TaskFolders(of_task.root / str(number)) if number else of_task

    async def __aenter__(self) -> Ended | None:
        self._tell("running")
        try:
            facts = await asyncio.gather(*(self._coordinate(member) for member in self._members))
        except BaseException:
            self._end_processes()
            raise
        failed = [number for number, fact in enumerate(facts) if fact.failure is not None]
        self._tell("completed" if failed else "running", dict(enumerate(facts)))
        if not failed:
            return None
        return replace(facts[failed[0]], subtask_failed=True)

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._end_processes()
        self._tell("completed")

    def _end_processes(self) -> None:
        for member in self._members:
            if member.process is not None:
                member.process.finish()

    async def _coordinate(self, member: _Member) -> Ended:
        """Common files into the task's shared directory, then the coordination command."""
        member.folders.make()
        shared = self._shared(member)
        try:
            files = self._settings.get("commonResourceFiles") or []
            await self._storage.bring(files, Owner(self._account, self._attempt.pool), shared.root)
        except FileTrouble as trouble:
            return Ended(None, trouble.failure)
        task = self._attempt.task
        host = host_for(self._platform, self._attempt.pool, member.node, task.key, task.properties)
        host.hand_over(shared)
        command = self._settings.get("coordinationCommandLine")
        if not command:
            return Ended(0)
        variables = self._variables(self._attempt, self._account, member.node, member.folders)
        variables = {**self.variables(member.node), **variables}
        begun = await start(command, variables, member.folders, host)
        if isinstance(begun, Ended):
            return begun
        member.process = begun
        return Ended.exited((await begun.exit()).code)

    @staticmethod
    def _shared(member: _Member) -> TaskFolders:
        """The task's directory, at the same place on every node: a subtask's own lies in it."""
        return member.folders if member.number == 0 else TaskFolders(member.folders.root.parent)

    def variables(self, node: Node) -> dict[str, str]:
        """What a multi-instance task's commands find beside a task's (article on environment variables)."""
        nodes = self._attempt.nodes
        addresses = [one.address for one in nodes]
        member = next(one for one in self._members if one.node.key == node.key)
        return {
            "AZ_BATCH_NODE_LIST": ";".join(addresses),
            "AZ_BATCH_HOST_LIST": ",".join(addresses),
            "AZ_BATCH_MASTER_NODE": f"{addresses[0]}:{_MASTER_PORT}",
            "AZ_BATCH_IS_CURRENT_NODE_MASTER": "true" if member.number == 0 else "false",
            "AZ_BATCH_TASK_SHARED_DIR": str(self._shared(member).root),
            "CCP_NODES": " ".join([str(len(nodes)), *(f"{address} {self._cores}" for address in addresses)]),
        }

    def _tell(self, state: str, facts: dict[int, Ended] | None = None) -> None:
        """Write the subtasks down on the task, where their list finds them."""
        now = moments.now()
        with self._platform.store.write() as tx:
            present = tx.tasks.find(self._attempt.task.job, self._attempt.task.id)
            if present is None or present.started != self._attempt.task.started:
                return
            known = {one["id"]: one for one in present.subtasks}
            shown = [
                self._shown(member, state, known.get(member.number, {}), (facts or {}).get(member.number), now)
                for member in self._members[1:]
            ]
            tx.tasks.put(replace(present, subtasks=shown))

    def _shown(
        self, member: _Member, state: str, known: dict[str, Any], fact: Ended | None, now: int
    ) -> dict[str, Any]:
        pool, account = self._attempt.pool, self._account
        nodes = f"{self._platform.origin}/{account.name}/pools/{pool.id}/nodes/{member.node.id}"
        directory = str(member.folders.root.relative_to(node_folders(self._platform.data, member.node.key).root))
        info: dict[str, Any] = {
            "affinityId": f"TVM:{member.node.id}",
            "nodeUrl": nodes,
            "poolId": pool.id,
            "nodeId": member.node.id,
            "taskRootDirectory": node_path(directory, windows=pool.is_windows),
            "taskRootDirectoryUrl": f"{nodes}/files/{directory}",
        }
        shown = {**known, "id": member.number, "nodeInfo": info, "startTime": moments.iso(member.started)}
        if shown.get("state") != state:
            if "state" in shown:
                shown["previousState"] = shown["state"]
                shown["previousStateTransitionTime"] = shown["stateTransitionTime"]
            shown |= {"state": state, "stateTransitionTime": moments.iso(now)}
        if fact is not None and fact.exit_code is not None:
            shown["exitCode"] = fact.exit_code
        if fact is not None and fact.failure:
            shown["failureInfo"] = fact.failure
        if state == "completed":
            shown.setdefault("endTime", moments.iso(now))
            shown.setdefault("result", "failure" if shown.get("failureInfo") else "success")
        return shown
