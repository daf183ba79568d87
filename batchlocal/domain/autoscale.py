"""A pool that a formula sizes: enabled, evaluated, disabled.

Sources: article batch-automatic-scaling, Enable autoscaling on an existing pool; recorded-facts F6 and F11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from batchlocal.domain import pool as pools
from batchlocal.domain.formulas import DEFAULT_INTERVAL, AutoScaleSettingsInvalid, check_formula
from batchlocal.domain.pool import AllocationState, Pool, PoolBeingDeleted, ResizeOngoing
from batchlocal.domain.pool_settings import filled

if TYPE_CHECKING:
    from batchmgmt.autoscale import Run, Sample, Situation

__all__ = ["PoolSamples", "applied", "as_facts", "disable", "enable", "evaluate", "situation", "told"]

_UNIX_EPOCH_TICKS: Final = 621_355_968_000_000_000
_KEPT_SAMPLES: Final = 2880  # a day of samples, one each 30 seconds


class PoolSamples:
    """What was seen of the pools that scale themselves: a day of samples each, the oldest first; moments are ticks."""

    def __init__(self) -> None:
        self._taken: dict[str, list[tuple[int, Mapping[str, float]]]] = {}

    def track(self, pool: str) -> None:
        self._taken.setdefault(pool, [])

    def forget(self, pool: str) -> None:
        self._taken.pop(pool, None)

    @property
    def tracked(self) -> tuple[str, ...]:
        """Keys of the pools of which samples are taken."""
        return tuple(self._taken)

    def record(self, pool: str, now: int, values: Mapping[str, float]) -> None:
        taken = self._taken.get(pool)
        if taken is not None:
            taken.append((now, values))
            del taken[:-_KEPT_SAMPLES]

    def history(self, pool: str, now: int, pace: float) -> dict[str, list[Sample]]:
        """Samples by metric, their ages in Azure's time: what ``pace`` has shortened is stretched again."""
        from batchmgmt.autoscale import Sample, Timestamp

        found: dict[str, list[Sample]] = {}
        for at, values in self._taken.get(pool, ()):
            moment = Timestamp(now - _UNIX_EPOCH_TICKS - round((now - at) / pace))
            for metric, value in values.items():
                found.setdefault(metric, []).append(Sample(moment, value))
        return found


def situation(pool: Pool, present: Mapping[str, float], history: Mapping[str, list[Sample]], now: int) -> Situation:
    """The pool as its formula sees it."""
    from batchmgmt.autoscale import Situation, Timestamp

    known = {"TaskSlotsPerNode": float(pool.slots_per_node), **present}
    at = Timestamp(now - _UNIX_EPOCH_TICKS)
    return Situation(at, pool.target_dedicated, pool.target_low_priority, known, history)


def enable(pool: Pool, formula: str | None, interval: str | None, now: int) -> Pool:
    """Let a formula size the pool, or change formula or interval of one that it sizes already.

    Raises:
        PoolBeingDeleted, ResizeOngoing, AutoScaleSettingsInvalid, FormulaTooLong, FormulaUnreadable, PropertyNotTaken
    """
    if pool.state == "deleting":
        raise PoolBeingDeleted
    enabled = pool.properties["enableAutoScale"]
    if not enabled and pool.allocation_state is AllocationState.RESIZING:  # recorded: 200 while it is stopping
        raise ResizeOngoing
    if enabled and formula is None and interval is None:
        raise AutoScaleSettingsInvalid("Either autoScaleFormula or autoScaleEvaluationInterval must be given")
    properties = {name: value for name, value in pool.properties.items() if name != "resizeTimeout"}
    properties |= {
        "enableAutoScale": True,
        "autoScaleFormula": formula or properties.get("autoScaleFormula"),
        "autoScaleEvaluationInterval": interval or properties.get("autoScaleEvaluationInterval") or DEFAULT_INTERVAL,
    }
    properties = filled(properties)
    pools.check(properties)
    return replace(pool, properties=properties, modified=now)


def disable(pool: Pool) -> Pool:
    """Leave the pool at its present targets; its ETag stays (27 of 42 recordings).

    Raises:
        PoolBeingDeleted
    """
    if pool.state == "deleting":
        raise PoolBeingDeleted
    own = {"autoScaleFormula", "autoScaleEvaluationInterval"}
    properties = {name: value for name, value in pool.properties.items() if name not in own}
    properties |= {"enableAutoScale": False, "resizeTimeout": pools.DEFAULTS["resizeTimeout"]}
    return replace(pool, properties=properties, auto_scale_run=None)


def evaluate(formula: str, seen: Situation) -> Run:
    """One run of a formula.

    Raises:
        FormulaTooLong, FormulaUnreadable: the text is no formula.
    """
    from batchmgmt import autoscale

    check_formula({"enableAutoScale": True, "autoScaleFormula": formula})
    return autoscale.evaluate(formula, seen)


def as_facts(run: Run, timestamp: str) -> dict[str, Any]:
    """The run as the service tells it: ``timestamp``, ``results`` and, where there is one, ``error``."""
    facts: dict[str, Any] = {"timestamp": timestamp, "results": run.results()}
    if run.error is not None:
        values = [{"name": "Message", "value": str(run.error)}]
        facts["error"] = {"code": run.error.code, "message": run.error.message, "values": values}
    return facts


def told(pool: Pool, run: Run, timestamp: str) -> Pool:
    """The pool with the run written down."""
    return replace(pool, auto_scale_run=as_facts(run, timestamp))


def applied(pool: Pool, run: Run, timestamp: str, now: int) -> Pool:
    """The pool with the run written down, resizing when its targets are others; an error changes no target."""
    noted = told(pool, run, timestamp)
    if (run.dedicated, run.low_priority) == (pool.target_dedicated, pool.target_low_priority):
        return noted
    return pools.resizing(noted, run.dedicated, run.low_priority, run.deallocation_option, now)
