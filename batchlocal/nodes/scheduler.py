"""Gives waiting tasks to nodes with free slots, runs them, and reports how they ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from batchlocal import job_lifecycle
from batchlocal.domain import node as nodes
from batchlocal.domain import task as tasks
from batchlocal.domain.service_events import NOT_PREPARED, SCHEDULE_FAILED, facts_of, not_scheduled
from batchlocal.domain.task import Ended, Task
from batchlocal.nodes.assignment import Attempt, assign
from batchlocal.nodes.attempts import Attempts
from batchlocal.nodes.job_tasks import JobTasks
from batchlocal.nodes.processes import kill_leftover
from batchlocal.nodes.settling import Settling
from batchlocal.nodes.storage import NodeStorage
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.store import Tx
from batchlocal.store.tasks import TaskTimes

__all__ = ["Scheduler"]

_log = logging.getLogger(__name__)
_NOT_RUN = Ended(None, {"category": "servererror", "code": "InternalError", "message": "The task could not be run"})
_UNDER_WAY = ("preparing", "running")


class Scheduler:
    """Runs the tasks of all pools of one server."""

    def __init__(self, platform: Platform, storage: NodeStorage) -> None:
        self._platform = platform
        self._attempts = Attempts(platform, storage)
        self._job_tasks = JobTasks(platform, storage)
        self._settling = Settling(platform, self._job_tasks, self._of_job)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._places: dict[str, Attempt] = {}
        self._told: dict[str, set[str]] = {}

    async def run(self) -> None:
        """Schedule for ever; cancel to stop, which ends every running process."""
        self._recover()
        platform = self._platform
        try:
            while True:
                await platform.work.wait()
                platform.work.clear()
                self._settling.look()
                while platform.pools_to_schedule:
                    self._schedule(platform.pools_to_schedule.pop())
                self._end_overtaken()
        finally:
            await self._settling.stop()
            for running in self._running.values():
                running.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)
            await self._job_tasks.stop()

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
        self._platform.work.set()

    def _schedule(self, pool_key: str) -> None:
        """Fill the pool's free slots with waiting tasks."""
        with self._platform.store.write() as tx:
            pool = tx.pools.find(pool_key)
            if pool is None or pool.state != "active":
                self._told.pop(pool_key, None)
                return
            begun = assign(tx, pool, moments.now(), self._running, self._told.setdefault(pool_key, set()))
        for attempt in begun:
            self._places[attempt.task.key] = attempt
            self._running[attempt.task.key] = asyncio.create_task(self._run(attempt))

    def _of_job(self, job: str) -> Collection[asyncio.Task[None]]:
        return [running for key, running in self._running.items() if key.rpartition("/tasks/")[0] == job]

    def _end_overtaken(self) -> None:
        """Cancel what runs for a task that is no longer meant to run: terminated, deleted, a node of it gone."""
        read = self._platform.store.read
        for key, running in list(self._running.items()):
            attempt = self._places[key]
            task = read.tasks.find(attempt.task.job, attempt.task.id)
            meant = task is not None and task.state in _UNDER_WAY and not task.expired
            if not (meant and self._has_nodes(attempt)) and not running.done() and not running.cancelling():
                running.cancel()  # once: its processes have a moment to end by themselves

    def _has_nodes(self, attempt: Attempt) -> bool:
        """Whether the nodes of a multi-instance task are all there; a lost one takes the task with it."""
        lost = [node for node in attempt.nodes[1:] if self._platform.store.read.nodes.find(node.key) is None]
        if lost:
            with self._platform.store.write() as tx:
                present = tx.tasks.find(attempt.task.job, attempt.task.id)
                if present is not None and present.state in _UNDER_WAY:
                    tx.tasks.put(tasks.lost(present, moments.now()))
        return not lost

    async def _run(self, attempt: Attempt) -> None:
        """One attempt, from the job's preparation to the task's end; whatever happens, the slots come back."""
        fact: Ended | None = None
        try:
            fact = await self._attempt(attempt)
        except Exception:
            _log.exception("task %s", attempt.task.key)
            fact = _NOT_RUN
        finally:
            self._running.pop(attempt.task.key, None)
            self._release(self._places.pop(attempt.task.key, attempt), fact)
            self._platform.schedule(attempt.pool.key)

    async def _attempt(self, attempt: Attempt) -> Ended | None:
        """How the task ended; None when its nodes could not be prepared for the job."""
        ready = await asyncio.gather(
            *(self._job_tasks.prepare(attempt.job, attempt.pool, node) for node in attempt.nodes)
        )
        if not all(ready):
            self._change(attempt, lambda task: tasks.unprepared(task, moments.now()), NOT_PREPARED)
            return None
        if attempt.task.state == "preparing":
            prepared = self._change(attempt, lambda task: tasks.prepared(task, moments.now()))
            if prepared is None:
                return None
            attempt = replace(attempt, task=prepared)
            self._places[attempt.task.key] = attempt
        return await self._attempts.run(attempt)

    def _change(
        self, attempt: Attempt, change: Callable[[Task], Task], unscheduled: Mapping[str, str] | None = None
    ) -> Task | None:
        """Change the task, unless its story went on without us; ``unscheduled`` is why it lost its place."""
        with self._platform.store.write() as tx:
            present = tx.tasks.find(attempt.task.job, attempt.task.id)
            if present is None or not _is_of(present, self._places[attempt.task.key]):
                return None
            changed = change(present)
            tx.tasks.put(changed)
            if unscheduled is not None:
                told = not_scheduled(changed, unscheduled)
                tx.service_events.note(attempt.pool.account, SCHEDULE_FAILED, told, facts_of(attempt.job))
            return changed

    def _release(self, attempt: Attempt, fact: Ended | None) -> None:
        """Give the slots back and record the fact, unless the task's story went on without us."""
        now = moments.now()
        succeeded = fact is not None and fact.failure is None
        with self._platform.store.write() as tx:
            for node in attempt.nodes:
                present = tx.nodes.find(node.key)
                if present is not None:
                    tx.nodes.put(nodes.release(present, attempt.slots, now, succeeded=succeeded))
            if fact is not None:
                self._record(tx, attempt, fact, now)

    def _record(self, tx: Tx, attempt: Attempt, fact: Ended, now: int) -> None:
        task = tx.tasks.find(attempt.task.job, attempt.task.id)
        job = tx.jobs.find(attempt.job.key)
        if task is None or job is None or not _is_of(task, attempt):
            return
        ended = tasks.attempt_ended(task, fact, now)
        waited = 0 if task.retries else task.started - task.created
        usage = fact.usage._replace(ran=now - task.started)
        tx.tasks.took(job.key, TaskTimes(waited, ended.retries - task.retries, usage))
        if ended.state == "completed":
            job_lifecycle.complete_task(self._platform, tx, job, ended, now)
        else:
            tx.tasks.put(ended)


def _is_of(task: Task, attempt: Attempt) -> bool:
    """Whether the task is still where the attempt at it left it."""
    return task.state in _UNDER_WAY and task.started == attempt.task.started and not task.expired
