"""What a run has come to know of its resources while it decides: goals, what is replaced, deleted, not made."""

from __future__ import annotations

from dataclasses import dataclass, field

from batchlocal.engine.goals import Goal
from batchlocal.engine.state import Resource
from batchlocal.engine.urns import package_of, type_of

__all__ = ["Ledger"]


@dataclass
class Ledger:
    """Sets of URNs.

    ``seen`` were registered or read; ``decided`` have a step; ``replaced`` are made anew; ``deleted`` have been, or are
    about to be, deleted before they are made anew. ``condemned`` maps those of them that went with another resource to
    the properties that forced it; ``taken`` are their entries, by identity, because one that waits for deletion may
    share its URN with a live one. ``unmade`` maps what was not made to whether that was for an error (else it is no
    target). ``broken`` are the old entries of resources whose steps failed.
    """

    goals: dict[str, Goal] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    decided: set[str] = field(default_factory=set)
    replaced: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    condemned: dict[str, tuple[str, ...]] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    unmade: dict[str, bool] = field(default_factory=dict)
    broken: list[Resource] = field(default_factory=list)

    def failed(self, needs: set[str]) -> bool:
        """Whether something needed was not made because of an error."""
        return any(self.unmade.get(urn) for urn in needs)

    def untargeted(self, needs: set[str]) -> str:
        """Something needed that is not there because it is no target, or ''."""
        return next((urn for urn in sorted(needs) if self.unmade.get(urn) is False), "")

    def provider_for(self, package: str, provider: str, providers: dict[str, str], parent: str) -> str:
        """The provider that is given, or that the parent component passes on for a package; '' for the default one."""
        above = self.goals.get(parent)
        return provider or providers.get(package, "") or (above.providers.get(package, "") if above else "")

    def inherited_provider(self, goal: Goal) -> str:
        """The provider of a parent of the same package."""
        above = self.goals.get(goal.parent)
        if above is None or not above.provider:
            return ""
        return above.provider if package_of(type_of(above.provider)) == package_of(goal.type) else ""
