"""Runs pools' formulas: the pool as its formula sees it, the run written down, the next one owed.

Both planes and the nodes' room use it. Waits are scaled by the platform's pace, and so are samples: a formula that
asks for five minutes of them sees as many as on Azure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from batchlocal.domain import autoscale, durations
from batchlocal.domain.node import UNUSABLE
from batchlocal.domain.pool import AllocationState, Pool
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.store import Tx
from batchlocal.store.effects import Effect

if TYPE_CHECKING:
    from batchmgmt.autoscale import Run, Situation

__all__ = ["EVALUATION", "enabled", "evaluate", "perform_evaluation", "take_samples"]

EVALUATION: Final = "pool.autoscale"
_FIRST_SECONDS: Final = 30.0  # from a formula's setting to its first effect; at least a second (recorded)


def evaluate(platform: Platform, tx: Tx, pool: Pool, formula: str, now: int) -> Run:
    """What a formula would say of a pool at this moment; nothing is changed.

    Raises:
        FormulaTooLong, FormulaUnreadable
    """
    return autoscale.evaluate(formula, _situation(platform, tx, pool, now))


def enabled(platform: Platform, tx: Tx, pool: Pool, now: int) -> Pool:
    """A formula was just set: evaluate it at once, and write pool and run down; it sizes the pool a little later.

    Recorded: pools whose formula is taken back within a second keep the targets that they had.
    """
    platform.samples.track(pool.key)
    run = evaluate(platform, tx, pool, str(pool.properties["autoScaleFormula"]), now)
    told = autoscale.told(pool, run, moments.iso(now))
    tx.pools.put(told)
    _owe_next(platform, tx, told, now, _FIRST_SECONDS)
    return told


async def perform_evaluation(platform: Platform, effect: Effect) -> None:
    """The interval is over: evaluate again, unless the pool has gone or no longer scales itself."""
    with platform.store.write() as tx:
        tx.effects.settle(effect)
        pool = tx.pools.find(effect.subject.removesuffix("/autoscale"))
        if pool is None or pool.state == "deleting" or not pool.properties["enableAutoScale"]:
            platform.samples.forget(effect.subject.removesuffix("/autoscale"))
        elif pool.allocation_state is AllocationState.STEADY:
            _run_formula(platform, tx, pool, moments.now())
        else:  # a formula's targets wait for the resize that goes on
            _owe_next(platform, tx, pool, moments.now(), _FIRST_SECONDS)


def _run_formula(platform: Platform, tx: Tx, pool: Pool, now: int) -> None:
    """Evaluate a pool's own formula, write pool and run down, owe the resize and the next evaluation."""
    platform.samples.track(pool.key)
    run = evaluate(platform, tx, pool, str(pool.properties["autoScaleFormula"]), now)
    result = autoscale.applied(pool, run, moments.iso(now), now)
    tx.pools.put(result)
    if result.version != pool.version:
        platform.owe(tx, Effect("pool.resize", pool.key, now))
    interval = durations.seconds(str(pool.properties["autoScaleEvaluationInterval"])) or 0.0
    _owe_next(platform, tx, pool, now, interval)


def _owe_next(platform: Platform, tx: Tx, pool: Pool, now: int, seconds: float) -> None:
    tx.effects.drop(_subject(pool.key), EVALUATION)
    platform.owe(tx, Effect(EVALUATION, _subject(pool.key), moments.after(now, seconds * platform.pace)))


async def take_samples(platform: Platform) -> None:
    """Sample the pools that scale themselves, for ever; cancel to stop. Without such a pool it only sleeps."""
    from batchmgmt.autoscale import PERIOD

    while True:
        await platform.clock.wait(PERIOD.seconds)
        now = moments.now()
        for key in platform.samples.tracked:
            pool = platform.store.read.pools.find(key)
            if pool is None:
                platform.samples.forget(key)
            else:
                platform.samples.record(key, now, {**_nodes(platform.store.read, key), **_tasks(platform, pool)})


def _subject(pool: str) -> str:
    """Evaluations wait for no resize, so they are owed about a subject of their own."""
    return f"{pool}/autoscale"


def _situation(platform: Platform, tx: Tx, pool: Pool, now: int) -> Situation:
    history = platform.samples.history(pool.key, now, platform.pace)
    return autoscale.situation(pool, _nodes(tx, pool.key), history, now)


def _nodes(tx: Tx, pool: str) -> dict[str, float]:
    nodes = tx.nodes.of_pool(pool)
    dedicated = sum(node.dedicated for node in nodes)
    return {
        "CurrentDedicatedNodes": float(dedicated),
        "CurrentLowPriorityNodes": float(len(nodes) - dedicated),
        "PreemptedNodeCount": float(sum(node.state == "preempted" for node in nodes)),
        "SampleNodeCount": float(len(nodes)),
        "UsableNodeCount": float(sum(node.state not in UNUSABLE for node in nodes)),
    }


def _tasks(platform: Platform, pool: Pool) -> dict[str, float]:
    """Task metrics; CPUPercent is the share of task slots in use, 0 to 1 as the article's formulas compare it."""
    read = platform.store.read
    counts = read.tasks.counts_of_pool(pool.key)
    slots = sum(node.slots for node in read.nodes.of_pool(pool.key))
    return {
        "ActiveTasks": float(counts.active),
        "RunningTasks": float(counts.running),
        "PendingTasks": float(counts.active + counts.running),
        "SucceededTasks": float(counts.succeeded),
        "FailedTasks": float(counts.failed),
        "CPUPercent": min(1.0, counts.running / slots) if slots else 0.0,
    }
