"""Jobs on their way from one state to another: their tasks end, their release tasks run, then they are there."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection

from batchlocal import job_lifecycle
from batchlocal.datafolder import remove_tree
from batchlocal.domain import job as jobs
from batchlocal.domain import task as tasks
from batchlocal.domain.job import Job
from batchlocal.nodes.folders import node_folders
from batchlocal.nodes.job_tasks import JobTasks
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.store import Tx

__all__ = ["Settling"]

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.2
_AT_ONCE = 5_000
"""Tasks that are removed in one transaction; requests are answered between two of them."""

UnderWay = Callable[[str], Collection["asyncio.Task[None]"]]


class Settling:
    """Brings every job to the state that it is on its way to; derived from the store, so a restart goes on."""

    def __init__(self, platform: Platform, job_tasks: JobTasks, under_way: UnderWay) -> None:
        self._platform = platform
        self._job_tasks = job_tasks
        self._under_way = under_way
        self._settling: dict[str, asyncio.Task[None]] = {}

    def look(self) -> None:
        """Take up the jobs that are on their way and nobody has taken up."""
        for job in self._platform.store.read.jobs.unsettled():
            if job.key not in self._settling:
                self._leave_nodes(job)
                self._settling[job.key] = asyncio.create_task(self._settle(job))

    async def stop(self) -> None:
        """Stop settling; the store knows what is left to do."""
        for task in self._settling.values():
            task.cancel()
        await asyncio.gather(*self._settling.values(), return_exceptions=True)

    def _leave_nodes(self, job: Job) -> None:
        """Take the job's running tasks off their nodes, by what it is on its way to."""
        if job.state == "enabling" or job.disabled_how == "wait":
            return
        now = moments.now()
        with self._platform.store.write() as tx:
            for task in tx.tasks.under_way(job.key):
                requeued = job.state == "disabling" and job.disabled_how == "requeue"
                tx.tasks.put(tasks.lost(task, now) if requeued else tasks.terminate(task, now))

    async def _settle(self, job: Job) -> None:
        try:
            if await self._has_left_nodes(job):
                await self._finish(job)
        except Exception:
            _log.exception("job %s could not be settled; it is tried again", job.key)
            await asyncio.sleep(_LOOK_SECONDS)
        finally:
            self._settling.pop(job.key, None)
            self._platform.schedule(job.pool)

    async def _has_left_nodes(self, job: Job) -> bool:
        """Wait until no process of the job's tasks runs; False when the job has changed its way meanwhile."""
        while running := self._under_way(job.key):
            await asyncio.wait(running, timeout=_LOOK_SECONDS)
            present = self._platform.store.read.jobs.find(job.key)
            if present is None or present.state_since != job.state_since:
                return False
        return True

    async def _finish(self, job: Job) -> None:
        if job.state in ("terminating", "deleting"):
            await self._job_tasks.stop(job.key)
            await self._job_tasks.release(job, self._platform.store.read.pools.find(job.pool))
        if job.state == "deleting":
            await self._remove_files(job)
            await self._remove_tasks(job)
        now = moments.now()
        with self._platform.store.write() as tx:
            present = tx.jobs.find(job.key)
            if present is not None and present.state_since == job.state_since:
                self._arrive(tx, present, now)

    def _arrive(self, tx: Tx, job: Job, now: int) -> None:
        if job.state == "deleting":
            tx.jobs.remove(job.key)
        else:
            tx.jobs.put(jobs.settled(job, now))
        if job.state in ("terminating", "deleting"):
            job_lifecycle.job_ended(self._platform, tx, job, now)

    async def _remove_files(self, job: Job) -> None:
        """The folders of the job's tasks go, whatever their retention time (REST reference, Job - Delete)."""
        for node in self._platform.store.read.nodes.of_pool(job.pool):
            folder = node_folders(self._platform.data, node.key).root / job.directory
            await asyncio.to_thread(remove_tree, folder)
            with contextlib.suppress(OSError):  # other jobs of its schedule may lie there
                folder.parent.rmdir()

    async def _remove_tasks(self, job: Job) -> None:
        more = True
        while more:
            with self._platform.store.write() as tx:
                more = tx.jobs.remove_tasks(job.key, _AT_ONCE)
            await asyncio.sleep(0)
