"""What goes when a resource is deleted before it is made anew: those that could not live through the change."""

from __future__ import annotations

from batchlocal.engine.errors import EngineError
from batchlocal.engine.ledger import Ledger
from batchlocal.engine.plan import difference_of, forced_by_option
from batchlocal.engine.registry import Registry
from batchlocal.engine.run import Run
from batchlocal.engine.state import Resource
from batchlocal.engine.urns import is_provider
from batchlocal.engine.values import UNKNOWN

__all__ = ["Dependants"]


class Dependants:
    """Looks through the old entries for what a deletion takes along."""

    def __init__(self, run: Run, registry: Registry, ledger: Ledger) -> None:
        self._run = run
        self._registry = registry
        self._ledger = ledger

    def of(self, old: Resource, urn: str) -> list[Resource]:
        """Entries to delete first, dependants of dependants before what they depend on; noted as condemned.

        Raises:
            EngineError: one of them is protected.
        """
        wanted = [*self._forced(old), *self._deleted_with(urn)]
        found: list[Resource] = []
        for one, keys in reversed(wanted):
            if id(one) in self._ledger.taken:
                continue
            if one.protect and not one.delete and not self._run.settings.ignore_protect:
                raise EngineError(
                    f'unable to replace resource "{one.urn}" as part of replacing "{urn}" as it is currently marked for'
                    " protection. To unprotect the resource, remove the `protect` flag from the resource in your Pulumi"
                    f" program and run `pulumi up`, or use the command:\n`pulumi state unprotect '{one.urn}'`",
                    urn=urn,
                )
            self._ledger.condemned[one.urn] = keys
            self._ledger.deleted.add(one.urn)
            self._ledger.taken.add(id(one))
            found.append(one)
        return found

    def _deleted_with(self, urn: str) -> list[tuple[Resource, tuple[str, ...]]]:
        return [(one, ()) for one in self._run.journal.remaining() if one.deleted_with == urn and not one.delete]

    def _forced(self, root: Resource) -> list[tuple[Resource, tuple[str, ...]]]:
        """Dependants, in order, whose provider says that the change of what they depend on replaces them too."""
        replaced, found = {root.urn}, list[tuple[Resource, tuple[str, ...]]]()
        done_with = self._ledger.decided | self._ledger.deleted
        for one in self._run.journal.remaining():
            if one is root or one.urn in done_with or not one.custom or one.external:
                continue
            keys = self._forcing(one, replaced)
            if keys is not None:
                replaced.add(one.urn)
                found.append((one, keys))
        return found

    def _forcing(self, one: Resource, replaced: set[str]) -> tuple[str, ...] | None:
        """The properties that force a dependant's replacement; None when it can stay."""
        if one.provider_urn in replaced or one.deleted_with in replaced:
            return ()
        unknown = {name for name, urns in one.property_dependencies.items() if replaced & set(urns)} & one.inputs.keys()
        if not unknown:
            return None
        news = {name: UNKNOWN if name in unknown else value for name, value in one.inputs.items()}
        known = (one.inputs, one.outputs)
        if is_provider(one.type):
            answer = self._registry.of_old(f"{one.urn}::{one.id}").diff_config(one.urn, one.id, known, news)
        else:
            answer = self._registry.of_old(one.provider).diff(one.urn, one.id, known, news, one.ignore_changes)
        difference = difference_of(answer, one.inputs, news)
        difference = forced_by_option(difference, one.replace_on_changes, init_errors=False)
        return difference.keys if difference.replaces else None
