"""Who performs the effects that pools owe, and the scheduler beside them."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict
from typing import Final

from batchlocal import job_lifecycle
from batchlocal.autoscaling import EVALUATION, perform_evaluation
from batchlocal.domain.pool import Pool
from batchlocal.evacuation import BOOT, LOGS
from batchlocal.nodes.allocation import perform_resize
from batchlocal.nodes.booting import perform_boot
from batchlocal.nodes.docker import docker_answers, remove_containers
from batchlocal.nodes.file_trouble import FileTrouble
from batchlocal.nodes.housekeeping import keep_house, remove_task_files
from batchlocal.nodes.leftovers import adopt_orphans, end_below, look_after_leftovers
from batchlocal.nodes.scheduler import Scheduler
from batchlocal.nodes.storage import NodeStorage
from batchlocal.platform import Platform
from batchlocal.runner import Performer
from batchlocal.store.effects import Effect

__all__ = ["PERFORMERS", "run"]

_log = logging.getLogger(__name__)


async def _boot(platform: Platform, effect: Effect) -> None:
    storage = NodeStorage(platform)
    try:
        await perform_boot(platform, effect, storage)
    finally:
        await storage.close()


async def _upload_logs(platform: Platform, effect: Effect) -> None:
    """A node's log: what is known of it, a line a fact. Trouble with storage is the caller's; the log tells it."""
    node = platform.store.read.nodes.find(effect.subject.removesuffix("/logs"))
    if node is not None:
        lines = [f"{name}: {value}" for name, value in asdict(node).items() if name != "users"]
        lines.append(f"tasks run as: {_whom(platform)}")
        storage = NodeStorage(platform)
        try:
            content = "\n".join(lines).encode() + b"\n"
            await storage.put(effect.payload["containerUrl"], f"{effect.payload['folder']}/agent-debug.log", content)
        except FileTrouble as trouble:
            _log.warning("logs of node %s could not be uploaded: %s", node.id, trouble)
        finally:
            await storage.close()
    with platform.store.write() as tx:
        tx.effects.settle(effect)


def _has_containers(pool: Pool) -> bool:
    return bool((pool.properties.get("virtualMachineConfiguration") or {}).get("containerConfiguration"))


def _whom(platform: Platform) -> str:
    users = platform.task_users
    if users.own:
        return "users of their own"
    return f"the server's user{users.reason and f', root: {users.reason}'}"


PERFORMERS: Final[dict[str, Performer]] = {
    "pool.resize": perform_resize,
    BOOT: _boot,
    LOGS: _upload_logs,
    "task.files": remove_task_files,
    job_lifecycle.EXPIRY: job_lifecycle.perform_expiry,
    job_lifecycle.EMPTY_JOB: job_lifecycle.perform_empty_check,
    job_lifecycle.SCHEDULE: job_lifecycle.perform_schedule,
    EVALUATION: perform_evaluation,
}


async def run(platform: Platform) -> None:
    """Run the tasks of all pools, and look after those that have ended, until cancelled."""
    if strays := end_below(platform.data.nodes):
        _log.warning("%d processes of an earlier server were still running and have been ended", strays)
    adopt_orphans()
    storage = NodeStorage(platform)
    if any(_has_containers(pool) for pool in platform.store.read.pools.every()) and await docker_answers():
        await remove_containers(platform.data.nodes)
    beside = [asyncio.create_task(keep_house(platform)), asyncio.create_task(look_after_leftovers())]
    try:
        await Scheduler(platform, storage).run()
    finally:
        for task in beside:
            task.cancel()
        end_below(platform.data.nodes)
        await storage.close()
