"""A job's preparation and release tasks on its nodes (article batch-job-prep-release)."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

from batchlocal.domain import durations, job_node, service_events
from batchlocal.domain.job import Job
from batchlocal.domain.job_node import JobNode, Run, is_prepared
from batchlocal.domain.node import Node
from batchlocal.domain.pool import Pool
from batchlocal.domain.simulation import simulation_of
from batchlocal.domain.task import Ended
from batchlocal.nodes.allocation import account_of
from batchlocal.nodes.commands import Command, job_variables, perform
from batchlocal.nodes.environment import task_variables
from batchlocal.nodes.folders import task_folders
from batchlocal.nodes.host import host_for
from batchlocal.nodes.identities import Owner
from batchlocal.nodes.processes import Running
from batchlocal.nodes.storage import NodeStorage
from batchlocal.platform import Platform
from batchlocal.protocol import moments

__all__ = ["JobTasks"]

_log = logging.getLogger(__name__)
_GONE = Ended(None, {"category": "servererror", "code": "InternalError", "message": "The task could not be run"})


class JobTasks:
    """Runs preparation tasks once a node, whoever waits for them, and release tasks where a job was prepared."""

    def __init__(self, platform: Platform, storage: NodeStorage) -> None:
        self._platform = platform
        self._storage = storage
        self._preparing: dict[tuple[str, str], asyncio.Task[bool]] = {}

    async def prepare(self, job: Job, pool: Pool, node: Node) -> bool:
        """Whether the node is ready for the job's tasks; waits for the preparation task where it must."""
        settings = job.properties.get("jobPreparationTask")
        if not settings:
            return True
        place = (job.key, node.key)
        running = self._preparing.get(place)
        if running is None:
            record = self._platform.store.read.job_nodes.find(*place)
            if record is not None and is_prepared(record, settings, node):
                return record.preparation.succeeded or not settings["waitForSuccess"]
            running = self._preparing[place] = asyncio.create_task(self._prepare(job, pool, node, settings))
            running.add_done_callback(lambda _: self._preparing.pop(place, None))
        return await asyncio.shield(running) if settings["waitForSuccess"] else True

    async def _prepare(self, job: Job, pool: Pool, node: Node, settings: dict[str, Any]) -> bool:
        record = JobNode(job.key, node.key, job_node.started(moments.now()))
        self._put(record)
        allowed = int(settings["constraints"]["maxTaskRetryCount"])
        while True:
            seconds = durations.seconds(settings["constraints"]["maxWallClockTime"])
            fact = await self._run(job, pool, node, settings, seconds)
            if fact.failure is None or (allowed != -1 and record.preparation.retries >= allowed):
                break
            record = replace(record, preparation=job_node.retried(record.preparation, moments.now()))
            self._put(record)
        record = replace(record, preparation=job_node.ended(record.preparation, fact, moments.now()))
        self._put(record, _told(job, pool, node, settings["id"], "JobPrep", record.preparation))
        return record.preparation.succeeded

    async def stop(self, job: str | None = None) -> None:
        """End the preparation tasks that still run: a job's (by key), or all."""
        running = [task for (key, _), task in self._preparing.items() if job in (key, None)]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def release(self, job: Job, pool: Pool | None) -> None:
        """Run the release task on every node on which the job was prepared, and wait for all of them."""
        settings = job.properties.get("jobReleaseTask")
        if not settings or pool is None:
            return
        records = self._platform.store.read.job_nodes.of_job(job.key)
        due = [record for record in records if record.release is None or record.release.state != "completed"]
        await asyncio.gather(*(self._release(job, pool, record, settings) for record in due))

    async def _release(self, job: Job, pool: Pool, record: JobNode, settings: dict[str, Any]) -> None:
        node = self._platform.store.read.nodes.find(record.node)
        if node is None:
            return
        self._put(replace(record, release=job_node.started(began := moments.now())))
        fact = await self._run(job, pool, node, settings, durations.seconds(settings["maxWallClockTime"]))
        run = job_node.ended(Run(started=began), fact, moments.now())
        self._put(replace(record, release=run), _told(job, pool, node, settings["id"], "JobRelease", run))

    async def _run(self, job: Job, pool: Pool, node: Node, settings: dict[str, Any], seconds: float | None) -> Ended:
        if simulation_of(pool.properties, always=self._platform.simulate_nodes):
            return Ended(0)
        account = account_of(self._platform.store.read, pool)
        if account is None:
            return _GONE
        folders = task_folders(self._platform.data, node.key, job, settings["id"])
        folders.make()
        preparing = settings is job.properties.get("jobPreparationTask")
        key = f"{job.key}/{settings['id']}"
        host = host_for(self._platform, pool, node, key, settings, read_by_tasks=preparing)
        of_job = job_variables(self._platform, account, job, pool, node, [])
        if preparing:  # has no variables that tell where it is: the others have (same article)
            of_job = {name: value for name, value in of_job.items() if not name.startswith("AZ_BATCH_JOB_PREP_")}
        variables = task_variables(of_job, settings["id"], folders, settings, host)
        command = Command(settings, Owner(account, pool), folders, variables, seconds, host)
        try:
            return await perform(self._storage, command, _forget)
        except Exception:
            _log.exception("task %s of %s on %s", settings["id"], job.key, node.key)
            return _GONE

    def _put(self, record: JobNode, told: dict[str, Any] | None = None) -> None:
        """Write a record down, with what is told of it, unless its node or its job has gone meanwhile."""
        with self._platform.store.write() as tx:
            job = tx.jobs.find(record.job)
            if job is not None and tx.nodes.find(record.node) is not None:
                tx.job_nodes.put(record)
                if told is not None:
                    tx.service_events.note(job.account, service_events.SPECIAL, told)


def _told(job: Job, pool: Pool, node: Node, task_id: str, kind: str, run: Run) -> dict[str, Any]:
    """What the service log tells of a preparation or release task that has ended."""
    info = {
        "startTime": moments.iso(run.started),
        "endTime": moments.iso(run.ended),
        "exitCode": run.exit_code,
        "failureInfo": run.failure,
    }
    return service_events.special(job.id, task_id, kind, (pool.id, node.id), info)


def _forget(_: Running) -> None:
    """A job's own task is not looked for by a later server: it runs again instead."""
