"""What a formula sees of a pool: its targets, the present, and samples of the past."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from batchmgmt.autoscale.values import TICKS_PER_SECOND, Interval, Timestamp

__all__ = ["PERIOD", "Frame", "Sample", "Situation"]

PERIOD: Final = Interval(30 * TICKS_PER_SECOND)
"""The service takes a sample every 30 seconds (article batch-automatic-scaling, Samples)."""


class Sample(NamedTuple):
    """What a metric was at a moment."""

    at: Timestamp
    value: float


@dataclass(frozen=True, slots=True)
class Situation:
    """A pool at the moment of an evaluation.

    Attributes:
        now: what ``time()`` gives.
        dedicated, low_priority: the pool's present targets, which a formula may leave as they are.
        present: metrics known exactly, by name without the dollar sign.
        history: samples by metric, the oldest first.
    """

    now: Timestamp
    dedicated: int = 0
    low_priority: int = 0
    present: Mapping[str, float] = field(default_factory=dict)
    history: Mapping[str, Sequence[Sample]] = field(default_factory=dict)

    def samples(self, metric: str) -> Sequence[Sample]:
        """Every sample of the metric, the oldest first."""
        return self.history.get(metric, ())

    def newest(self, metric: str) -> float | None:
        """The metric's present value, or else its newest sample."""
        known = self.present.get(metric)
        if known is not None:
            return known
        samples = self.samples(metric)
        return samples[-1].value if samples else None


@dataclass(frozen=True, slots=True)
class Frame:
    """A span of time from which samples are taken; the order of its two ends does not matter."""

    start: Timestamp
    end: Timestamp

    @classmethod
    def between(cls, one: Timestamp, other: Timestamp) -> Frame:
        return cls(min(one, other), max(one, other))

    @property
    def possible(self) -> int:
        """How many samples the service takes in such a span."""
        return -(-(self.end.ticks - self.start.ticks) // PERIOD.ticks)

    def taken(self, samples: Sequence[Sample]) -> tuple[float, ...]:
        """The values in the span, after its start and up to its end."""
        low, high = (bisect_right(samples, moment, key=lambda sample: sample.at) for moment in (self.start, self.end))
        return tuple(sample.value for sample in samples[low:high])

    def percent(self, samples: Sequence[Sample]) -> float:
        """Samples there are, of samples there could be; 0 to 100."""
        return min(100.0, 100.0 * len(self.taken(samples)) / self.possible) if self.possible else 0.0
