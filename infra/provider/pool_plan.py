"""How a pool takes a change: pure decisions and their words, by the table of ``batchmgmt.rules``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from batchmgmt.rules import PoolChange, pool_change
from infra.provider.kinds import UNKNOWN

__all__ = ["Difference", "Way", "decide", "differences", "next_name"]

LONGEST_NAME: Final = 64
SHOWN: Final = 60
"""Characters of a value in a sentence."""


class Way(StrEnum):
    """What is done so that Azure takes the change."""

    NOTHING = "nothing"
    DRAIN = "drain"
    REPLACE = "replace"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Difference:
    """One property that differs; ``path`` begins with the property that the table knows."""

    path: str
    old: Any = None
    new: Any = None
    is_secret: bool = False

    @property
    def change(self) -> PoolChange:
        return pool_change(re.split(r"[.\[]", self.path, maxsplit=1)[0])

    def __str__(self) -> str:
        if self.is_secret:
            return self.path
        return f"{self.path} ({_told(self.old)} -> {_told(self.new)})"


def _told(value: Any) -> str:
    if value is None:
        return "not set"
    text = value if isinstance(value, str) else json.dumps(_whole(value), sort_keys=True)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def _whole(value: Any) -> Any:
    """Whole numbers as such: over Pulumi's wire every number is a float."""
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def differences(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[Difference]:
    """What differs between the inputs of two deployments; of secrets only that they do.

    What a preview does not know yet counts as no difference.
    """
    plain = list(_compared("", olds.get("settings"), news.get("settings")))
    secret = [Difference(one.path, is_secret=True) for one in _compared("", olds.get("secrets"), news.get("secrets"))]
    return plain + secret


def _compared(path: str, old: Any, new: Any) -> Iterator[Difference]:
    if isinstance(old, dict) or isinstance(new, dict):
        before, after = (value if isinstance(value, dict) else {} for value in (old, new))
        if path and not (before and after):
            yield from [Difference(path, old, new)] if (old or None) != (new or None) else []
            return
        for name in dict.fromkeys((*before, *after)):
            yield from _compared(f"{path}.{name}" if path else name, before.get(name), after.get(name))
    elif UNKNOWN not in (old, new) and (old or None) != (new or None) and not _same_size(path, old, new):
        yield Difference(path, old, new)


def _same_size(path: str, old: Any, new: Any) -> bool:
    """Azure compares sizes without case."""
    return path == "vmSize" and str(old).lower() == str(new).lower()


def decide(pool: str, found: list[Difference], nodes: int, on_change: str) -> tuple[Way, str]:
    """What to do, and what is said of it.

    Args:
        pool: its id. found: what differs. nodes: how many it has or is about to have.
        on_change: drain, replace or fail.
    """
    lasting = [one for one in found if one.change is PoolChange.NEW_POOL]
    waiting = [one for one in found if one.change is PoolChange.WHEN_EMPTY]
    if lasting:
        told = f"pool '{pool}': {_listed(lasting)} cannot be changed on a pool that is there"
        if on_change == "replace":
            return Way.REPLACE, told
        return Way.REFUSE, f"{told}: set onChange: replace, which makes a new pool first, or undo the change"
    if not waiting or not nodes:
        told = f"pool '{pool}': {_listed(found)} changed in place; it has no nodes"
        return Way.NOTHING, told if waiting else ""
    told = f"pool '{pool}': {_listed(waiting)} can change only while it has no nodes, and it has {nodes}"
    if on_change == "drain":
        return Way.DRAIN, f"{told}: it is drained, changed in place, and scaled back"
    if on_change == "replace":
        return Way.REPLACE, told
    return Way.REFUSE, (
        f"{told}: set onChange: drain (its nodes leave when their tasks are done, then come back changed) or replace"
        " (a new pool is made before this one is deleted), or undo the change"
    )


def _listed(found: list[Difference]) -> str:
    return ", ".join(map(str, found))


def next_name(base: str, current: str) -> str:
    """The name of the pool that comes after ``current``: base, base-2, base-3, ..."""
    suffix = current[len(base) + 1 :] if current.startswith(f"{base}-") else ""
    ending = f"-{int(suffix) + 1 if suffix.isdigit() else 2}"
    return f"{base[: LONGEST_NAME - len(ending)]}{ending}"
