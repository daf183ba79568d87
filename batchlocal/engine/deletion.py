"""What is deleted at the end of an operation, and in which order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from batchlocal.engine.errors import EngineError
from batchlocal.engine.ledger import Ledger
from batchlocal.engine.plan import condemned_layers, condemned_needs, with_all_needs
from batchlocal.engine.run import Run, Stopped
from batchlocal.engine.state import Resource
from batchlocal.engine.steps import ProtectedResource, Steps
from batchlocal.engine.targets import deletable

__all__ = ["Deletion"]


class Deletion:
    """Deletes in layers, from the leaves; a failed deletion keeps what it depends on."""

    def __init__(self, run: Run, steps: Steps, ledger: Ledger) -> None:
        self._run = run
        self._steps = steps
        self._ledger = ledger

    def __call__(self) -> None:
        """Delete what was not registered in this run, and what was replaced; after no program, that is everything.

        Raises:
            EngineError: the targets leave something that depends on what they take away.
        """
        targets, resources = self._run.settings.targets, self._run.journal.remaining()
        # A target that the program still has takes along what depended on it and is gone from the program.
        allowed = deletable(targets, self._run.journal.old.resources)
        unseen = [one for one in resources if one.delete or one.urn not in self._ledger.seen]
        condemned = [one for one in unseen if one.urn in allowed]
        self._refuse_unnamed(condemned)
        for one in unseen:
            if one.urn not in allowed and one.urn not in self._ledger.seen:
                self._steps.only_shown(one.urn, one)
        self._delete(condemned)

    def _refuse_unnamed(self, condemned: list[Resource]) -> None:
        """What would go along with a target must be named too; a preview shows it all the same."""
        targets = self._run.settings.targets
        unnamed = [one for one in condemned if targets.included and not targets.names(one.urn)]
        errors = [
            EngineError(
                f"Resource '{one.urn}' will be destroyed but was not specified in --target list.\n"
                "Either include resource in --target list or pass --target-dependents to proceed.",
                urn=one.urn,
            )
            for one in (unnamed if not targets.dependents else ())
        ]
        for error in errors:
            error.of_step = True
            self._run.note(error)
        if errors and not self._run.preview:
            raise errors[-1]

    def _delete(self, condemned: list[Resource]) -> None:
        kept = self._needed_by_others(condemned)
        if not self._run.settings.targets.all:
            for one in condemned:
                if one.urn in kept and not one.delete:
                    self._steps.only_shown(one.urn, one)
        condemned = [one for one in condemned if one.delete or one.urn not in kept]
        needs = condemned_needs(self._run.journal.old.resources)
        kept_back = with_all_needs(needs, {id(one) for one in self._ledger.broken})
        # What a failed resource needs stays, and so takes nothing away that would be deleted with it.
        self._ledger.deleted |= {one.urn for one in condemned if id(one) not in kept_back}
        for layer in condemned_layers(condemned):
            if self._run.stopped:
                return
            wanted = [one for one in layer if id(one) not in kept_back]
            with ThreadPoolExecutor(self._run.settings.width) as pool:
                errors = list(pool.map(self._delete_one, wanted))
            kept_back |= {id(one) for one, error in zip(wanted, errors, strict=True) if error is not None}
            kept_back = with_all_needs(needs, kept_back)

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

    def _delete_one(self, resource: Resource) -> EngineError | None:
        try:
            self._steps.delete(resource, _op(resource))
        except ProtectedResource as error:
            return self._kept(error, resource, stop=False)
        except EngineError as error:
            return self._kept(error, resource, stop=True)
        except Stopped:
            return EngineError("the operation was stopped")
        return None

    def _kept(self, error: EngineError, resource: Resource, *, stop: bool) -> EngineError:
        error.urn = error.urn or resource.urn
        if stop:
            self._run.fail(error)
        else:
            self._run.errors.append(error)
        return error


def _op(resource: Resource) -> str:
    if resource.pending_replacement and not resource.delete:
        return "remove-pending-replace"
    op = "discard" if resource.external else "delete"
    return {"discard": "discard-replaced", "delete": "delete-replaced"}[op] if resource.delete else op
