"""Who performs the effects that pools owe, and the scheduler beside them."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Final

from batchlocal.autoscaling import EVALUATION, perform_evaluation
from batchlocal.evacuation import BOOT, LOGS
from batchlocal.nodes.allocation import perform_resize
from batchlocal.nodes.booting import perform_boot
from batchlocal.nodes.scheduler import Scheduler
from batchlocal.nodes.storage import FileTrouble, NodeStorage
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


async def _delete_job(platform: Platform, effect: Effect) -> None:
    """The job goes with its tasks, once no process of theirs runs any more."""
    with platform.store.write() as tx:
        tx.jobs.remove(effect.subject)
        tx.effects.settle(effect)
    platform.work.set()


PERFORMERS: Final[dict[str, Performer]] = {
    "pool.resize": perform_resize,
    BOOT: _boot,
    LOGS: _upload_logs,
    "job.delete": _delete_job,
    EVALUATION: perform_evaluation,
}


async def run(platform: Platform) -> None:
    """Run the tasks of all pools until cancelled."""
    storage = NodeStorage(platform)
    try:
        await Scheduler(platform, storage).run()
    finally:
        await storage.close()
