"""A load written down: when tasks are added, and how many, as a table of two columns."""

from __future__ import annotations

import csv
import io

from batchmgmt.autoscale.simulation import Arrivals

__all__ = ["TraceProblem", "read_trace"]


class TraceProblem(ValueError):
    """A line of a load trace that cannot be read; the message names the line and what may stand there."""


def read_trace(text: str) -> list[Arrivals]:
    """Read CSV with the columns time and tasks; a heading, empty lines and lines that begin with # are passed over.

    A time is since the start: seconds (``90``, ``90.5``), or hours and minutes (``8:30``, ``26:00:15``).

    Raises:
        TraceProblem: a line is something else.
    """
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    found: list[Arrivals] = []
    headings = 0
    for number, cells in enumerate(csv.reader(lines), start=1):
        values = [cell.strip() for cell in cells]
        if not any(values) or values[0].startswith("#"):
            continue
        if not found and not headings and [value.lower() for value in values] == ["time", "tasks"]:
            headings += 1
            continue
        found.append(_arrivals(number, values))
    return found


def _arrivals(number: int, values: list[str]) -> Arrivals:
    try:
        time, tasks = values
        arrivals = Arrivals(_seconds(time), int(tasks))
    except ValueError:
        written = ",".join(values)
        reason = f"line {number} is '{written}': write a time and a count, such as '8:30,120' or '90,4'"
        raise TraceProblem(reason) from None
    if arrivals.tasks < 0:
        raise TraceProblem(f"line {number}: tasks are added, never taken away; write 0 or more")
    return arrivals


def _seconds(text: str) -> float:
    """Seconds since the start, from any of the ways to write a time.

    Raises:
        ValueError: it is none of them.
    """
    parts = text.split(":")
    if len(parts) == 1:
        seconds = float(text)
    elif len(parts) in (2, 3) and all(part.isdecimal() for part in parts) and all(int(part) < 60 for part in parts[1:]):
        hours, minutes, *rest = (int(part) for part in parts)
        seconds = hours * 3600.0 + minutes * 60 + sum(rest)
    else:
        raise ValueError(text)
    if not 0 <= seconds < 366 * 86_400:
        raise ValueError(text)
    return seconds
