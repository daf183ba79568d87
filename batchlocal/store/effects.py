"""Effects owed: what must still be done, written with the state that owes it so that a kill loses neither."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any

import orjson

__all__ = ["Effect", "Effects"]


@dataclass(frozen=True, slots=True)
class Effect:
    """Something to do at ``due`` (ticks): ``kind`` names who performs it, ``subject`` what it is about."""

    kind: str
    subject: str
    due: int
    payload: dict[str, Any] = field(default_factory=dict)
    cause: str = ""
    id: int = 0


_COLUMNS = "kind, subject, due, payload, cause, id"


def _effect(row: tuple[str, str, int, str, str, int]) -> Effect:
    kind, subject, due, payload, cause, id_ = row
    return Effect(kind, subject, due, orjson.loads(payload), cause, id_)


class Effects:
    """The repository of effects owed, earliest first."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._run = connection.execute

    def add(self, effect: Effect) -> None:
        self._run(
            "INSERT INTO effect (due, kind, subject, payload, cause) VALUES (?,?,?,?,?)",
            (effect.due, effect.kind, effect.subject, orjson.dumps(effect.payload).decode(), effect.cause),
        )

    def due(self, now: int, limit: int = 100) -> list[Effect]:
        """Effects whose time has come, earliest first."""
        rows = self._run(
            f"SELECT {_COLUMNS} FROM effect WHERE due <= ? ORDER BY due, id LIMIT ?", (now, limit)
        ).fetchall()
        return list(map(_effect, rows))

    def next_due(self, after: int) -> int | None:
        """When the earliest effect due later than ``after`` is due (ticks), None when there is none."""
        due: int | None = self._run("SELECT min(due) FROM effect WHERE due > ?", (after,)).fetchone()[0]
        return due

    def first(self) -> Effect | None:
        """The effect that is due first, however far away."""
        rows = self._run(f"SELECT {_COLUMNS} FROM effect ORDER BY due, id LIMIT 1").fetchall()
        return next(map(_effect, rows), None)

    def count(self) -> int:
        """How many effects are owed."""
        count: int = self._run("SELECT count(*) FROM effect").fetchone()[0]
        return count

    def shift(self, ticks: int) -> None:
        """Move what is owed in time, all of it."""
        self._run("UPDATE effect SET due = due + ?", (ticks,))

    def postpone(self, effect: Effect, due: int) -> None:
        self._run("UPDATE effect SET due = ? WHERE id = ?", (due, effect.id))

    def settle(self, effect: Effect) -> None:
        """The effect has been performed; call it in the transaction that records its fact."""
        self._run("DELETE FROM effect WHERE id = ?", (effect.id,))

    def drop(self, subject: str, kind: str | None = None) -> None:
        """Forget what is owed about a subject: it was overtaken by a later decision."""
        self._run("DELETE FROM effect WHERE subject = ? AND (? IS NULL OR kind = ?)", (subject, kind, kind))
