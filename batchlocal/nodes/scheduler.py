"""Gives waiting tasks to nodes with free slots, runs them, and reports how they ended.

The work a task costs does not grow with its job: waiting tasks are read by index, a node's worth at a time.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

from batchlocal.domain import durations
from batchlocal.domain import job as jobs
from batchlocal.domain import node as nodes
from batchlocal.domain import task as tasks
from batchlocal.domain.job import Job
from batchlocal.domain.node import Node
from batchlocal.domain.pool import Pool
from batchlocal.domain.simulation import simulation_of
from batchlocal.domain.task import Ended, Task
from batchlocal.nodes.allocation import account_of
from batchlocal.nodes.environment import node_variables, task_variables
from batchlocal.nodes.folders import node_folders, task_folders
from batchlocal.nodes.packages import deploy, package_folders
from batchlocal.nodes.processes import Running, kill_leftover, start, started_at
from batchlocal.nodes.storage import FileTrouble, NodeStorage
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.store import Tx

__all__ = ["Scheduler"]

_log = logging.getLogger(__name__)


class Scheduler:
    """Runs the tasks of all pools of one server."""

    def __init__(self, platform: Platform, storage: NodeStorage) -> None:
        self._platform = platform
        self._storage = storage
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Schedule for ever; cancel to stop, which ends every running process."""
        self._recover()
        platform = self._platform
        try:
            while True:
                await platform.work.wait()
                platform.work.clear()
                while platform.pools_to_schedule:
                    self._schedule(platform.pools_to_schedule.pop())
                self._end_overtaken()
        finally:
            for running in self._running.values():
                running.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _recover(self) -> None:
        """After a restart: end what an earlier server left running, and let its tasks wait again."""
        now = moments.now()
        with self._platform.store.write() as tx:
            for pool in tx.pools.every():
                for node in tx.nodes.of_pool(pool.key):
                    for task in tx.tasks.running_on(node.key):
                        kill_leftover(int(task.process.get("pid", 0)), str(task.process.get("began", "")))
                        tx.tasks.put(tasks.lost(task, now))
                    if node.slots_used:
                        state = "idle" if node.state == "running" else node.state
                        tx.nodes.put(replace(node, slots_used=0, state=state, state_since=now))
                self._platform.schedule(pool.key)

    def _schedule(self, pool_key: str) -> None:
        """Fill the pool's free slots with waiting tasks: highest priority first, then the oldest."""
        with self._platform.store.write() as tx:
            pool = tx.pools.find(pool_key)
            if pool is None or pool.state != "active":
                return
            free = [node for node in tx.nodes.of_pool(pool_key) if node.slots_free > 0]
            begun = self._assign(tx, pool, free)
        for task, node, job in begun:
            self._running[task.key] = asyncio.create_task(self._run(task, node, job, pool))

    def _assign(self, tx: Tx, pool: Pool, free: list[Node]) -> list[tuple[Task, Node, Job]]:
        begun: list[tuple[Task, Node, Job]] = []
        now = moments.now()
        spread = pool.properties["taskSchedulingPolicy"]["nodeFillType"].lower() == "spread"
        for job in tx.jobs.waiting_on(pool.key):
            slots = sum(node.slots_free for node in free)
            if slots <= 0:
                break
            for task in tx.tasks.waiting(job.key, slots):
                node = _choose(free, task.slots, spread=spread)
                if node is None:
                    break
                occupied = nodes.occupy(node, task.slots, now)
                free[free.index(node)] = occupied
                started = tasks.begin(task, node.key, node.id, now)
                tx.nodes.put(occupied)
                tx.tasks.put(started)
                begun.append((started, occupied, job))
        return begun

    def _end_overtaken(self) -> None:
        """Cancel what runs for a task that is no longer meant to run: terminated, deleted, its node gone."""
        read = self._platform.store.read
        for key, running in list(self._running.items()):
            job, _, task_id = key.rpartition("/tasks/")
            task = read.tasks.find(job, task_id)
            if (task is None or task.state != "running") and not running.done():
                running.cancel()

    async def _run(self, task: Task, node: Node, job: Job, pool: Pool) -> None:
        """One attempt, from files in to files out; whatever happens, the node's slots come back."""
        fact = Ended(None, {"category": "servererror", "code": "InternalError", "message": "The task could not be run"})
        try:
            fact = await self._attempt(task, node, job, pool)
        except asyncio.CancelledError:
            self._release(task, node, None)
            raise
        except Exception:
            _log.exception("task %s", task.key)
        finally:
            self._running.pop(task.key, None)
        self._release(task, node, fact)
        self._platform.schedule(pool.key)

    async def _attempt(self, task: Task, node: Node, job: Job, pool: Pool) -> Ended:
        if rule := simulation_of(pool.properties, always=self._platform.simulate_nodes):
            seconds, ended = rule.of_task(task)
            await self._platform.clock.wait(seconds)
            return ended
        read, data = self._platform.store.read, self._platform.data
        account = account_of(read, pool)
        if account is None:
            raise LookupError(pool.account)
        folders, where = task_folders(data, task), node_folders(data, node.key)
        folders.make()
        references = task.properties.get("applicationPackageReferences") or []
        try:
            await deploy(read, self._storage, account, references, where)
            await self._storage.bring(task.properties.get("resourceFiles") or [], account, folders.working)
        except FileTrouble as trouble:
            return Ended(None, trouble.failure)
        packages = package_folders(read, account, pool, references, where)
        url = f"{self._platform.origin}/{account.name}"
        variables = {
            **node_variables(pool, node, where, account.name, url, packages),
            **task_variables(task, job.id, folders),
        }
        begun = await start(task.properties["commandLine"], variables, folders, windows=pool.is_windows)
        ended = begun if isinstance(begun, Ended) else await self._follow(task, begun)
        return await self._send_outputs(task, folders.working, ended)

    async def _follow(self, task: Task, running: Running) -> Ended:
        """Remember the process, so that a later server could find it, and wait for its end."""
        with self._platform.store.write() as tx:
            present = tx.tasks.find(task.job, task.id)
            if present is not None and present.state == "running":
                process = {"pid": running.pid, "began": started_at(running.pid)}
                tx.tasks.put(replace(present, process=process))
        try:
            limit = durations.seconds(task.properties["constraints"]["maxWallClockTime"])
            return await running.wait(limit)
        except asyncio.CancelledError:
            await running.end()
            raise

    async def _send_outputs(self, task: Task, folder: Path, ended: Ended) -> Ended:
        succeeded = ended.failure is None
        try:
            outputs = task.properties.get("outputFiles") or []
            await self._storage.upload_outputs(outputs, folder, succeeded=succeeded)
        except FileTrouble as trouble:
            return Ended(ended.exit_code, {**trouble.failure, "code": "FileUploadMiscError"})
        return ended

    def _release(self, task: Task, node: Node, fact: Ended | None) -> None:
        """Give the slots back and record the fact, unless the task's story went on without us."""
        now = moments.now()
        with self._platform.store.write() as tx:
            present = tx.tasks.find(task.job, task.id)
            mine = present is not None and present.state == "running" and present.started == task.started
            if present is not None and mine and fact is not None:
                tx.tasks.put(tasks.attempt_ended(present, fact, now))
            host = tx.nodes.find(node.key)
            if host is not None:
                tx.nodes.put(nodes.release(host, task.slots, now, succeeded=fact is not None and fact.failure is None))
            job = tx.jobs.find(task.job)
            if job is not None:
                counts, _ = tx.tasks.counts(job.key)
                tx.jobs.put(jobs.all_tasks_completed(job, counts.active + counts.running, now))


def _choose(free: list[Node], slots: int, *, spread: bool) -> Node | None:
    """The node for a task: the emptiest one to spread, the fullest one that fits to pack."""
    fitting = [node for node in free if node.slots_free >= slots]
    if not fitting:
        return None
    return max(fitting, key=lambda node: node.slots_free if spread else -node.slots_free)
