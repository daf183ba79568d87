"""Aliases: the URNs under which a resource may have been known before, its parent's old name included."""

from __future__ import annotations

from typing import Any

from batchlocal.engine.errors import EngineError
from batchlocal.engine.goals import Goal
from batchlocal.engine.urns import ROOT_TYPE, name_of, type_of, urn_for

__all__ = ["Aliases"]


class Aliases:
    """Which old URN each resource of a run was found under."""

    def __init__(self, project: str, stack: str) -> None:
        self._project = project
        self._stack = stack
        self._old_of: dict[str, str] = {}
        self._new_of: dict[str, str] = {}

    def candidates(self, goal: Goal) -> list[str]:
        """Old URNs to look for, in order: the goal's own aliases, then those that its parent's alias implies."""
        own = [self._urn(alias, goal) for alias in goal.aliases]
        old_parent = self._old_of.get(goal.parent, "")
        found = list(own)
        if old_parent:
            found.append(self._inherited(goal.type, goal.name, goal.parent, old_parent))
            found += [self._inherited(type_of(urn), name_of(urn), goal.parent, old_parent) for urn in own]
        return list(dict.fromkeys(found))

    def is_taken(self, old: str) -> bool:
        """Whether a resource of this run continues the entry of an old URN."""
        return old in self._new_of

    def take(self, urn: str, old: str, seen: set[str]) -> None:
        """A resource continues the entry of an old URN.

        Raises:
            EngineError: another resource of this run is, or was, that one.
        """
        other = urn if old in seen else self._new_of.get(old, "")  # the CLI names the one that claims it, too
        if other:
            raise EngineError(
                f"Duplicate resource alias '{old}' applied to resource with URN '{urn}' conflicting with resource with"
                f" URN '{other}'",
                urn=urn,
            )
        self._new_of[old], self._old_of[urn] = urn, old

    def refuse_taken(self, urn: str) -> None:
        """Refuse a resource whose URN another one claims to have had.

        Raises:
            EngineError
        """
        if urn in self._new_of:
            raise EngineError(
                f"Duplicate resource URN '{urn}' conflicting with alias on resource with URN '{self._new_of[urn]}'",
                urn=urn,
            )

    def _urn(self, alias: Any, goal: Goal) -> str:
        """The URN that an alias stands for; parts left out are the resource's own."""
        if alias.HasField("urn"):
            return str(alias.urn)
        spec = alias.spec
        parent = goal.parent
        if spec.parentUrn:
            parent = self._old_of.get(spec.parentUrn, spec.parentUrn)
        if spec.noParent or (parent and type_of(parent) == ROOT_TYPE):
            parent = ""
        kind, name = spec.type or goal.type, spec.name or goal.name
        return urn_for(spec.stack or self._stack, spec.project or self._project, kind, name, parent)

    def _inherited(self, kind: str, name: str, parent: str, old_parent: str) -> str:
        """The URN of a child under its parent's old URN; a name that begins with the parent's follows it."""
        before, after = name_of(old_parent), name_of(parent)
        if name.startswith(after):
            name = before + name.removeprefix(after)
        return urn_for(self._stack, self._project, kind, name, old_parent)
