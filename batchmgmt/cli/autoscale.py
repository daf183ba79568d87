"""``batchmgmt pool autoscale``: formulas, looked at before a pool has them. No account is needed."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from batchmgmt import autoscale
from batchmgmt.autoscale.trace import TraceProblem, read_trace
from batchmgmt.cli.options import OutputFormat
from batchmgmt.cli.output import Format, say, show_all
from batchmgmt.cli.plots import check_drawable, draw
from batchmgmt.errors import UsageError

__all__ = ["app"]

app = typer.Typer(help="Check and simulate autoscale formulas; no account is needed.", no_args_is_help=True)

FOUND = 3  # the exit code of a check that found something

FormulaFile = Annotated[str, typer.Argument(help="File with the formula; - reads stdin.", metavar="FORMULA")]


@app.command()
def check(formula: FormulaFile, format: OutputFormat = Format.table) -> None:
    """Tell every mistake of a formula at once, with its place and mend; exit code 3 if the service would refuse it.

    Examples:

        batchmgmt pool autoscale check FORMULA.txt

        batchmgmt pool autoscale check FORMULA.txt --format json
    """
    findings = autoscale.check(_read(formula))
    wrong = [each for each in findings if each.severity is autoscale.Severity.ERROR]
    if findings or format is not Format.table:
        show_all([_finding(each) for each in findings], dict, format)
    say(_verdict(len(wrong), len(findings) - len(wrong)))
    if wrong:
        raise typer.Exit(FOUND)


@app.command()
def simulate(
    formula: FormulaFile,
    trace: Annotated[
        Path | None,
        typer.Option(
            help="CSV of the load: time,tasks; a time is 8:30 or seconds since the start.", show_default=False
        ),
    ] = None,
    hours: Annotated[float, typer.Option(min=0.1, max=1000, help="How long.")] = 24,
    interval: Annotated[int, typer.Option(min=5, max=168 * 60, help="Minutes between evaluations.")] = 15,
    allocation: Annotated[int, typer.Option(min=0, help="Seconds until a node that was asked for works.")] = 180,
    task_seconds: Annotated[float, typer.Option(min=0.1, help="Seconds a task runs.")] = 60,
    slots: Annotated[int, typer.Option(min=1, max=256, help="Task slots a node.")] = 1,
    nodes: Annotated[int, typer.Option(min=0, help="Nodes at the start.")] = 0,
    start: Annotated[
        datetime | None,
        typer.Option(help="UTC moment of the start, for formulas that look at the clock; else the last midnight."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Also draw it, as .svg, .png or .pdf (needs batchmgmt[plot]).")
    ] = None,
    format: OutputFormat = Format.table,
) -> None:
    """Run a formula over a load, evaluation by evaluation, and tell nodes and queue over time.

    Examples:

        batchmgmt pool autoscale simulate FORMULA.txt --trace TRACE.csv

        batchmgmt pool autoscale simulate FORMULA.txt --trace TRACE.csv --hours 8 --interval 5 --plot nodes.svg
    """
    if plot:
        check_drawable(plot)
    text, load = _read(formula), _trace(trace)
    begin = start or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    model = autoscale.PoolModel(
        interval_seconds=interval * 60,
        allocation_seconds=allocation,
        task_seconds=task_seconds,
        slots=slots,
        dedicated=nodes,
        start=autoscale.Timestamp.of(begin.replace(tzinfo=UTC)),
    )
    try:
        moments = list(autoscale.simulate(text, load, model, hours))
    except autoscale.FormulaError as problem:
        raise UsageError(f"{problem}. `batchmgmt pool autoscale check` tells all at once") from None
    show_all([_moment(each) for each in moments], _row, format)
    say(_summary(Figures.of(moments, interval), sum(each.tasks for each in load), moments))
    if plot:
        draw(moments, plot)
        say(f"drawn: {plot}")


@dataclass(frozen=True, slots=True)
class Figures:
    """A simulation in three numbers; node hours count each evaluation's nodes for one interval."""

    most_nodes: int
    node_hours: float
    completed: int

    @classmethod
    def of(cls, moments: Sequence[autoscale.Moment], interval_minutes: int) -> Figures:
        nodes = [moment.nodes for moment in moments]
        return cls(max(nodes), sum(nodes[:-1]) * interval_minutes / 60, moments[-1].completed)


def _read(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8 text"
        raise UsageError(f"cannot read '{name}': {reason}") from None


def _trace(path: Path | None) -> list[autoscale.Arrivals]:
    if path is None:
        return []
    try:
        return read_trace(_read(str(path)))
    except TraceProblem as problem:
        raise UsageError(f"{path}: {problem}") from None


def _finding(finding: autoscale.Finding) -> dict[str, Any]:
    at = {"line": finding.at.line, "column": finding.at.column}
    return {"severity": str(finding.severity), **at, "message": finding.message, "mend": finding.mend}


def _moment(moment: autoscale.Moment) -> Mapping[str, Any]:
    return asdict(moment) | {"error": moment.error.code if moment.error else None}


def _row(moment: Mapping[str, Any]) -> Mapping[str, Any]:
    rest = {name.replace("_", " "): value for name, value in moment.items() if name != "seconds"}
    return {"time": _clock(moment["seconds"]), **rest}


def _clock(seconds: int) -> str:
    """Hours and minutes since the start, as a trace spells them."""
    return f"{seconds // 3600}:{seconds % 3600 // 60:02}"


def _verdict(errors: int, warnings: int) -> str:
    if errors:
        return f"{_count(errors, 'error')}, {_count(warnings, 'warning')}: the Batch service would refuse this formula"
    return f"no errors, {_count(warnings, 'warning')}" if warnings else "no errors"


def _summary(figures: Figures, tasks: int, moments: Sequence[autoscale.Moment]) -> str:
    span = timedelta(seconds=moments[-1].seconds)
    failed = sum(moment.error is not None for moment in moments)
    told = f"{_count(len(moments), 'evaluation')} over {span}"
    told += f": at most {_count(figures.most_nodes, 'node')}, {figures.node_hours:.1f} node hours"
    told += f", {figures.completed} of {_count(tasks, 'task')} done"
    return told + (f"; {failed} had no value and changed nothing" if failed else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
