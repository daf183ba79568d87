"""Who performs the effects that pools owe, and the scheduler beside them."""

from __future__ import annotations

from typing import Final

from batchlocal.autoscaling import EVALUATION, perform_evaluation
from batchlocal.nodes.allocation import perform_resize
from batchlocal.nodes.scheduler import Scheduler
from batchlocal.nodes.storage import NodeStorage
from batchlocal.platform import Platform
from batchlocal.runner import Performer
from batchlocal.store.effects import Effect

__all__ = ["PERFORMERS", "run"]


async def _resize(platform: Platform, effect: Effect) -> None:
    storage = NodeStorage(platform)
    try:
        await perform_resize(platform, effect, storage)
    finally:
        await storage.close()


async def _delete_job(platform: Platform, effect: Effect) -> None:
    """The job goes with its tasks, once no process of theirs runs any more."""
    with platform.store.write() as tx:
        tx.jobs.remove(effect.subject)
        tx.effects.settle(effect)
    platform.work.set()


PERFORMERS: Final[dict[str, Performer]] = {
    "pool.resize": _resize,
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
