"""A formula over a day of load: nodes and queue, evaluation by evaluation.

The model is simple on purpose: a node is there one allocation time after it was asked for, each slot finishes its
tasks at an even rate, and samples are never late. Azure's are, by about a minute.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from batchmgmt.autoscale.errors import FormulaError
from batchmgmt.autoscale.evaluator import Run, evaluate
from batchmgmt.autoscale.samples import PERIOD, Sample, Situation
from batchmgmt.autoscale.syntax import parse
from batchmgmt.autoscale.values import TICKS_PER_SECOND, Timestamp

__all__ = ["Arrivals", "Moment", "PoolModel", "simulate"]

_STEP: Final = int(PERIOD.seconds)
_HISTORY: Final = 2 * 86_400 // _STEP
_SAMPLED: Final = ("ActiveTasks", "RunningTasks", "PendingTasks", "SucceededTasks", "CPUPercent")


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Tasks that are added at a moment: seconds since the start, and how many."""

    seconds: float
    tasks: int


@dataclass(frozen=True, slots=True)
class PoolModel:
    """The pool that is simulated.

    Attributes:
        interval_seconds: between evaluations, Azure's autoScaleEvaluationInterval.
        allocation_seconds: from asking for a node to its first task.
        task_seconds: how long a task runs.
        slots: task slots a node.
        dedicated: nodes at the start.
        start: the moment at which the trace begins.
    """

    interval_seconds: int = 900
    allocation_seconds: int = 180
    task_seconds: float = 60.0
    slots: int = 1
    dedicated: int = 0
    start: Timestamp = field(default_factory=lambda: Timestamp(0))


@dataclass(frozen=True, slots=True)
class Moment:
    """The simulated pool after one evaluation; ``seconds`` since the start."""

    seconds: int
    target_dedicated: int
    target_low_priority: int
    nodes: int
    active: int
    running: int
    completed: int
    error: FormulaError | None = None


def simulate(text: str, trace: Sequence[Arrivals], model: PoolModel, hours: float) -> Iterator[Moment]:
    """Evaluate a formula at each interval of so many hours, the first at once.

    Raises:
        SyntaxProblem, TooLong: the text is no formula; at the first moment that is asked for.
        ValueError: the interval is outside Azure's 5 minutes to 168 hours.
    """
    if not 300 <= model.interval_seconds <= 168 * 3600:
        raise ValueError("an evaluation interval is from 5 minutes to 168 hours")
    formula = parse(text)
    pool = _SimulatedPool(model, deque(sorted(trace, key=lambda arrivals: arrivals.seconds)))
    for seconds in range(0, int(hours * 3600) + 1, _STEP):
        pool.advance(seconds)
        if seconds % (model.interval_seconds // _STEP * _STEP) == 0:
            run = evaluate(formula, pool.situation(seconds))
            pool.resize(run, seconds)
            yield pool.moment(seconds, run)


class _SimulatedPool:
    def __init__(self, model: PoolModel, arrivals: deque[Arrivals]) -> None:
        self._model = model
        self._arrivals = arrivals
        self._nodes = model.dedicated
        self._target = (model.dedicated, 0)
        self._coming: deque[tuple[float, int]] = deque()
        self._queue = 0.0
        self._completed = 0.0
        self._samples: dict[str, deque[Sample]] = {name: deque(maxlen=_HISTORY) for name in _SAMPLED}

    @property
    def _running(self) -> int:
        return min(math.ceil(self._queue), self._nodes * self._model.slots)

    def advance(self, seconds: int) -> None:
        """One sampling period: nodes arrive, tasks are added, slots work, a sample is taken."""
        while self._coming and self._coming[0][0] <= seconds:
            self._nodes += self._coming.popleft()[1]
        while self._arrivals and self._arrivals[0].seconds <= seconds:
            self._queue += self._arrivals.popleft().tasks
        done = min(self._queue, self._nodes * self._model.slots * _STEP / self._model.task_seconds)
        self._queue -= done
        self._completed += done
        self._sample(seconds)

    def _sample(self, seconds: int) -> None:
        pending = math.ceil(self._queue)
        capacity = self._nodes * self._model.slots
        values = (pending - self._running, self._running, pending, self._completed, _share(self._running, capacity))
        at = self._at(seconds)
        for name, value in zip(_SAMPLED, values, strict=True):
            self._samples[name].append(Sample(at, float(value)))

    def _at(self, seconds: int) -> Timestamp:
        return Timestamp(self._model.start.ticks + seconds * TICKS_PER_SECOND)

    def situation(self, seconds: int) -> Situation:
        present = {
            "CurrentDedicatedNodes": float(self._nodes),
            "CurrentLowPriorityNodes": 0.0,
            "PreemptedNodeCount": 0.0,
            "SampleNodeCount": float(self._nodes),
            "UsableNodeCount": float(self._nodes),
            "TaskSlotsPerNode": float(self._model.slots),
        }
        history = {name: tuple(samples) for name, samples in self._samples.items()}
        return Situation(self._at(seconds), *self._target, present, history)

    def resize(self, run: Run, seconds: int) -> None:
        """Nodes that are not wanted go at once; those that are come after the allocation time."""
        if run.error is not None:
            return
        self._target = (run.dedicated, run.low_priority)
        wanted = run.dedicated + run.low_priority
        expected = self._nodes + sum(count for _, count in self._coming)
        if wanted > expected:
            self._coming.append((seconds + self._model.allocation_seconds, wanted - expected))
        elif wanted < expected:
            self._coming.clear()
            self._nodes = min(self._nodes, wanted)
            if wanted > self._nodes:
                self._coming.append((seconds + self._model.allocation_seconds, wanted - self._nodes))

    def moment(self, seconds: int, run: Run) -> Moment:
        running = self._running
        active = math.ceil(self._queue) - running
        return Moment(seconds, *self._target, self._nodes, active, running, int(self._completed), run.error)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
