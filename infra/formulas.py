"""Ready autoscale formulas, by the name that settings use.

Source: Microsoft's "Create a formula to autoscale compute nodes".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from infra.model.scale import READY_FORMULAS, Autoscale

__all__ = ["READY", "formula_of"]


def formula_of(autoscale: Autoscale, task_slots: int) -> str:
    """The text of the formula: a ready one with its bounds, or the one that was written out.

    Args:
        task_slots: tasks that one node runs at once.
    """
    ready = READY.get(autoscale.formula)
    return ready(autoscale, task_slots) if ready else autoscale.formula


def _target(autoscale: Autoscale, nodes: str) -> str:
    wanted, other = ("LowPriority", "Dedicated") if autoscale.spot else ("Dedicated", "LowPriority")
    return f"$Target{wanted}Nodes = {nodes};\n$Target{other}Nodes = 0;\n$NodeDeallocationOption = taskcompletion;\n"


def _pending_tasks(autoscale: Autoscale, task_slots: int) -> str:
    """Nodes for the tasks that wait or run, averaged over 5 minutes once there are enough samples."""
    return (
        "$samples = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 5);\n"
        "$tasks = $samples < 70 ? max(0, $PendingTasks.GetSample(1)) :"
        " max($PendingTasks.GetSample(1), avg($PendingTasks.GetSample(TimeInterval_Minute * 5)));\n"
        f"$nodes = ($tasks + {task_slots - 1}) / {task_slots};\n"
    ) + _target(autoscale, f"max({autoscale.minimum}, min({autoscale.maximum}, $nodes))")


def _office_hours(autoscale: Autoscale, _: int) -> str:
    """The maximum from Monday to Friday, 8 to 18 UTC; the minimum at other times."""
    return (
        "$now = time();\n$working = $now.weekday >= 1 && $now.weekday <= 5 && $now.hour >= 8 && $now.hour < 18;\n"
    ) + _target(autoscale, f"$working ? {autoscale.maximum} : {autoscale.minimum}")


READY: Final[Mapping[str, Callable[[Autoscale, int], str]]] = dict(
    zip(READY_FORMULAS, (_office_hours, _pending_tasks), strict=True)
)
