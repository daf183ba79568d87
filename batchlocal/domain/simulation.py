"""Simulated nodes: they run nothing; how long their tasks take and how they end comes from a rule.

A pool asks for them by a metadata item of the name ``batchlocal.nodes``: its value is ``simulated``, and after it, in
any order, ``seconds=N`` (of Azure's time), ``exitCode=N`` and ``failEvery=N``. A task's environment settings
``BATCHLOCAL_SECONDS`` and ``BATCHLOCAL_EXIT_CODE`` go before the pool's rule.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from batchlocal.domain.task import Ended, Task

__all__ = ["METADATA", "RuleUnreadable", "Simulation", "simulation_of"]

METADATA: Final = "batchlocal.nodes"
_WORD: Final = re.compile(r"(seconds|exitCode|failEvery)=(-?\d+(?:\.\d+)?)", re.IGNORECASE)


class RuleUnreadable(ValueError):
    """The metadata item's value is no rule; the text says what one looks like."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """The rule: each task takes ``seconds`` and ends with ``exit_code``; about one in ``fail_every`` ends with 1."""

    seconds: float = 0.0
    exit_code: int = 0
    fail_every: int = 0

    def of_task(self, task: Task) -> tuple[float, Ended]:
        """How long a task takes, in Azure's seconds, and how it ends; the same task always the same."""
        settings = {one["name"]: one.get("value") or "" for one in task.properties.get("environmentSettings") or []}
        fails = self.fail_every and zlib.crc32(task.key.encode()) % self.fail_every == 0
        code = _number(settings, "BATCHLOCAL_EXIT_CODE", 1 if fails else self.exit_code)
        return max(0.0, _number(settings, "BATCHLOCAL_SECONDS", self.seconds)), Ended.exited(int(code))


def simulation_of(properties: Mapping[str, Any], *, always: bool = False) -> Simulation | None:
    """The rule of a pool whose nodes are simulated; None for one whose nodes run. ``always``: all pools' nodes are.

    Raises:
        RuleUnreadable
    """
    items = properties.get("metadata") or []
    value = next((str(one.get("value") or "") for one in items if one.get("name") == METADATA), None)
    if value is None:
        return Simulation() if always else None
    word, *rule = value.split()[:4] or [""]
    if word.lower() not in ("simulated", "real"):
        raise RuleUnreadable(_help(value))
    if word.lower() == "real":
        return None
    found = Simulation()
    for part in rule:
        matched = _WORD.fullmatch(part)
        if matched is None:
            raise RuleUnreadable(_help(value))
        name, number = matched[1].lower(), float(matched[2])
        if name == "seconds":
            found = replace(found, seconds=number)
        elif name == "exitcode":
            found = replace(found, exit_code=int(number))
        else:
            found = replace(found, fail_every=int(number))
    return found


def _help(value: str) -> str:
    return f"'{value}' is not 'real' or 'simulated', the latter with seconds=N, exitCode=N and failEvery=N if wanted"


def _number(settings: Mapping[str, str], name: str, otherwise: float) -> float:
    try:
        return float(settings[name])
    except (KeyError, ValueError):
        return otherwise
