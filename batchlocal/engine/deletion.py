"""What is deleted at the end of an operation, and in which order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from batchlocal.engine.errors import EngineError
from batchlocal.engine.plan import condemned_layers, condemned_needs
from batchlocal.engine.run import Run, Stopped
from batchlocal.engine.state import Resource
from batchlocal.engine.steps import ProtectedResource, Steps
from batchlocal.engine.targets import destroyed
from batchlocal.engine.urns import ROOT_TYPE, is_provider

__all__ = ["Deletion"]


class Deletion:
    """Deletes in layers, from the leaves; a failed deletion keeps what it depends on."""

    def __init__(self, run: Run, steps: Steps) -> None:
        self._run = run
        self._steps = steps

    def unseen(self, seen: set[str]) -> None:
        """After a program that succeeded: what it no longer mentions, and what was replaced."""
        targets = self._run.settings.targets
        condemned = [one for one in self._run.journal.remaining() if one.delete or one.urn not in seen]
        if not targets.all:
            condemned = [
                one
                for one in condemned
                if not (is_provider(one.type) or one.type == ROOT_TYPE)
                and (targets.names(one.urn) or (one.delete and targets.takes(one.urn, one.needs())))
            ]
        self._delete(condemned)

    def everything(self) -> None:
        """All that the targets take.

        Raises:
            EngineError: the targets leave something that depends on them.
        """
        resources = self._run.journal.remaining()
        condemned = destroyed(self._run.settings.targets, resources)
        if not self._run.settings.targets.all:
            condemned = [one for one in condemned if not is_provider(one.type) and one.type != ROOT_TYPE]
            gone = {id(one) for one in condemned}
            for one in resources:
                if id(one) not in gone:
                    self._run.display.only_named("same", one.urn)
        self._delete(condemned)

    def _delete(self, condemned: list[Resource]) -> None:
        kept = self._needed_by_others(condemned)
        condemned = [one for one in condemned if one.delete or one.urn not in kept]
        with_it = frozenset(one.urn for one in condemned)
        needs = condemned_needs(condemned)
        kept_back: set[int] = set()
        for layer in condemned_layers(condemned):
            if self._run.stopped:
                return
            wanted = [one for one in layer if id(one) not in kept_back]
            with ThreadPoolExecutor(self._run.settings.width) as pool:
                errors = list(pool.map(lambda one: self._delete_one(one, with_it), wanted))
            kept_back |= {id(one) for one, error in zip(wanted, errors, strict=True) if error is not None}
            for one in layer:
                if id(one) in kept_back:
                    kept_back |= needs[id(one)]

    def _needed_by_others(self, condemned: list[Resource]) -> set[str]:
        """URNs that entries which stay refer to, and that nothing else stands for."""
        gone = {id(one) for one in condemned}
        needed: set[str] = set()
        for one in reversed(self._run.journal.remaining()):
            if id(one) not in gone or (one.urn in needed and not one.delete):
                needed |= one.needs()
        for one in self._run.journal.done.values():
            needed |= one.needs()
        return needed - self._run.journal.done.keys()

    def _delete_one(self, resource: Resource, with_it: frozenset[str]) -> EngineError | None:
        try:
            self._steps.delete(resource, _op(resource), with_it)
        except ProtectedResource as error:
            return self._kept(error, resource, stop=False)
        except EngineError as error:
            return self._kept(error, resource, stop=True)
        except Stopped:
            return EngineError("the operation was stopped")
        return None

    def _kept(self, error: EngineError, resource: Resource, *, stop: bool) -> EngineError:
        error.urn = resource.urn
        if stop:
            self._run.fail(error)
        else:
            self._run.errors.append(error)
        return error


def _op(resource: Resource) -> str:
    if resource.pending_replacement:
        return "remove-pending-replace"
    op = "discard" if resource.external else "delete"
    return {"discard": "discard-replaced", "delete": "delete-replaced"}[op] if resource.delete else op
