"""Simulated pools as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from batchmgmt.autoscale import Moment
from batchmgmt.errors import UsageError

__all__ = ["check_drawable", "draw"]

_KINDS: Final = (".svg", ".png", ".pdf")
_NODES, _TARGET, _QUEUE = "#0067b8", "#767676", "#c8500a"  # apart for eyes that see no red, and in print


def check_drawable(path: Path) -> None:
    """Say what is wrong before any work is done.

    Raises:
        UsageError: the file's ending is none that can be drawn, its folder is not there, or matplotlib is not.
    """
    if path.suffix.lower() not in _KINDS:
        raise UsageError(f"cannot draw '{path}': the file's name must end in {', '.join(_KINDS)}")
    if not path.parent.is_dir():
        raise UsageError(f"cannot draw '{path}': there is no folder '{path.parent}'")
    if find_spec("matplotlib") is None:
        raise UsageError("plots need matplotlib: pip install 'batchmgmt[plot]'")


def draw(moments: Sequence[Moment], path: Path) -> None:
    """Nodes and their target above, tasks that wait and run below, over hours since the start.

    Raises:
        UsageError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    hours = [moment.seconds / 3600 for moment in moments]
    figure = Figure(figsize=(9, 5), layout="constrained")
    nodes, tasks = figure.subplots(2, sharex=True)
    wanted = [moment.target_dedicated + moment.target_low_priority for moment in moments]
    nodes.step(hours, wanted, where="post", color=_TARGET, linestyle="--", label="target")
    nodes.step(hours, [moment.nodes for moment in moments], where="post", color=_NODES, label="nodes")
    tasks.plot(hours, [moment.active for moment in moments], color=_QUEUE, label="active (waiting)")
    tasks.plot(hours, [moment.running for moment in moments], color=_NODES, label="running")
    for axes, name in ((nodes, "nodes"), (tasks, "tasks")):
        axes.set_ylabel(name)
        axes.set_ylim(bottom=0)
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.legend(loc="upper right", frameon=False)
    tasks.set_xlabel("hours since the start")
    try:
        figure.savefig(path, dpi=150)
    except OSError as problem:
        raise UsageError(f"cannot write '{path}': {problem.strerror}") from None
