"""The words that Batch defines: variables, constants, members. Names are looked up without regard to case.

Sources: article batch-automatic-scaling, Variables and Types ($TaskSlotsPerNode and $UsableNodeCount since its 2022
revision). That case does not matter follows from the REST reference's example, whose formula sets
``$targetDedicatedNodes``; the checker asks for the article's spelling all the same.
"""

from __future__ import annotations

from typing import Final

from batchmgmt.autoscale.values import TICKS_PER_SECOND, Interval

__all__ = [
    "ALIASES",
    "CONSTANTS",
    "DEALLOCATION",
    "DEALLOCATION_OPTIONS",
    "DEDICATED",
    "LOW_PRIORITY",
    "METRICS",
    "NODE_COUNTS",
    "TARGETS",
    "canonical",
]

DEDICATED: Final = "TargetDedicatedNodes"
LOW_PRIORITY: Final = "TargetLowPriorityNodes"
DEALLOCATION: Final = "NodeDeallocationOption"
TARGETS: Final = (DEDICATED, LOW_PRIORITY)

ALIASES: Final = {
    "TargetDedicated": DEDICATED,
    "TargetLowPriority": LOW_PRIORITY,
    "CurrentDedicated": "CurrentDedicatedNodes",
    "CurrentLowPriority": "CurrentLowPriorityNodes",
}
"""Older names; where a formula sets both, the full name's value counts."""

DEALLOCATION_OPTIONS: Final = ("requeue", "terminate", "taskcompletion", "retaineddata")

NODE_COUNTS: Final = (
    "CurrentDedicatedNodes",
    "CurrentLowPriorityNodes",
    "PreemptedNodeCount",
    "SampleNodeCount",
    "UsableNodeCount",
    "TaskSlotsPerNode",
)
"""Metrics whose present value is exact; formulas use them as plain numbers."""

METRICS: Final = (
    *NODE_COUNTS,
    "ActiveTasks",
    "RunningTasks",
    "PendingTasks",
    "SucceededTasks",
    "FailedTasks",
    "CPUPercent",
    "WallClockSeconds",
    "MemoryBytes",
    "DiskBytes",
    "DiskReadBytes",
    "DiskWriteBytes",
    "DiskReadOps",
    "DiskWriteOps",
    "NetworkInBytes",
    "NetworkOutBytes",
)
"""What the service samples every 30 seconds."""

CONSTANTS: Final = {
    "TimeInterval_Zero": Interval(0),
    "TimeInterval_100ns": Interval(1),
    "TimeInterval_Microsecond": Interval(10),
    "TimeInterval_Millisecond": Interval(TICKS_PER_SECOND // 1000),
    "TimeInterval_Second": Interval(TICKS_PER_SECOND),
    "TimeInterval_Minute": Interval(60 * TICKS_PER_SECOND),
    "TimeInterval_Hour": Interval(3600 * TICKS_PER_SECOND),
    "TimeInterval_Day": Interval(86_400 * TICKS_PER_SECOND),
    "TimeInterval_Week": Interval(7 * 86_400 * TICKS_PER_SECOND),
    "TimeInterval_Year": Interval(365 * 86_400 * TICKS_PER_SECOND),
}

_BY_LOWER: Final = {
    word.lower(): word for word in (*TARGETS, DEALLOCATION, *ALIASES, *METRICS, *CONSTANTS, *DEALLOCATION_OPTIONS)
}


def canonical(symbol: str) -> str:
    """The article's spelling of a word that Batch defines; any other symbol as it is."""
    return _BY_LOWER.get(symbol.lower(), symbol)
