"""The state of a run while it runs: what was there, what is done, what has begun; written down at every change."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from batchlocal.engine.recording import Recorder, Storage
from batchlocal.engine.secrets import Secrets
from batchlocal.engine.state import Resource, Snapshot, in_order

__all__ = ["Journal"]


class Journal:
    """Every change is kept when its method returns, whatever becomes of this process; what begins also if the machine
    loses its power.

    Without ``storage`` (a preview) nothing is written.
    """

    def __init__(self, old: Snapshot, secrets: Secrets, storage: Storage | None) -> None:
        self.old = old
        self.original = old.live()
        self.done: dict[str, Resource] = {}
        self._gone: set[int] = set()
        self._former: dict[int, str] = {}
        self._pending: list[tuple[str, Resource]] = []
        self._kept: list[dict[str, Any]] = [one for one in old.pending_operations if one["type"] == "creating"]
        self._lock = threading.RLock()
        self._recorder = None if storage is None else Recorder(storage, secrets, self._taken)

    def live(self, urn: str) -> Resource | None:
        """The entry of a URN as the run found it, unless it is marked for deletion or gone."""
        found = self.original.get(urn)
        return None if found is None or found.delete or id(found) in self._gone else found

    def former_urn(self, resource: Resource) -> str:
        """What an old entry was called as the run found it; its provider knows it, and it is deleted, by that name."""
        return self._former.get(id(resource), resource.urn)

    def current(self, urn: str) -> Resource | None:
        """The entry of a URN as it is now."""
        return self.done.get(urn) or self.live(urn)

    def remaining(self) -> list[Resource]:
        """The old entries that this run has not replaced or dropped."""
        with self._lock:
            return [one for one in self.old.resources if id(one) not in self._gone]

    def snapshot(self) -> Snapshot:
        """What is done, in the order it was done, then what was not touched; references always point backwards."""
        with self._lock:
            ordered = in_order([*self.done.values(), *self.remaining()])
            begun = [{"resource": resource, "type": kind} for kind, resource in self._pending]
            return Snapshot(ordered, [*self._kept, *begun], self.old.salt)

    def _taken(self) -> Snapshot:
        """A snapshot for the checkpoint; what changes from here on is told anew."""
        assert self._recorder is not None
        with self._lock:
            snapshot = self.snapshot()
            self._recorder.taken(snapshot.resources)
        return snapshot

    def record(self, made: Resource, old: Resource | None, *, condemned: Resource | None = None, changed: bool) -> None:
        """A resource is as its goal wants it; its old entry goes, or waits, condemned, for its deletion."""
        with self._lock:
            self._end(made.urn)
            self.done[made.urn] = made
            if old is not None:
                self._gone.add(id(old))
            if condemned is not None:
                condemned.delete = True
            if self._recorder is not None and (changed or condemned is not None):
                self._recorder.put(made, old, condemned)
            elif self._recorder is not None and old is not None:
                self._recorder.same(made, old)
        self.commit()

    def change(self, urn: str, **values: Any) -> None:
        """Set fields of an entry that is done."""
        with self._lock:
            for name, value in values.items():
                setattr(self.done[urn], name, value)
            if self._recorder is not None:
                self._recorder.put(self.done[urn])
        self.commit()

    def drop(self, resource: Resource) -> None:
        """An old entry is no more."""
        with self._lock:
            self._end(resource.urn)
            self._gone.add(id(resource))
            if self._recorder is not None:
                self._recorder.drop(resource)
        self.commit()

    def await_replacement(self, resource: Resource) -> None:
        """Deleted before its replacement is made: the entry keeps its place until then."""
        with self._lock:
            self._end(resource.urn)
            resource.pending_replacement = True
            if self._recorder is not None:
                self._recorder.put(resource)
        self.commit()

    def forget(self, resource: Resource) -> None:
        """Drop an old entry that turned out not to exist; ``mend_references`` follows."""
        with self._lock:
            self._gone.add(id(resource))

    def mend_references(self) -> None:
        """After a refresh: nothing refers to what is gone, and children of what is gone have no parent."""
        with self._lock:
            self._kept = [one for one in self._kept if one["type"] == "creating"]
            there: set[str] = set()
            for one in self.old.resources:
                if id(one) in self._gone:
                    continue
                one.parent = one.parent if one.parent in there else ""
                one.dependencies = [urn for urn in one.dependencies if urn in there]
                kept = {name: [urn for urn in urns if urn in there] for name, urns in one.property_dependencies.items()}
                one.property_dependencies = {name: urns for name, urns in kept.items() if urns}
                one.deleted_with = one.deleted_with if one.deleted_with in there else ""
                there.add(one.urn)
            self.original = {one.urn: one for one in self.remaining() if not one.delete}
        self.rewrite()

    def rename(self, old: Resource, urn: str) -> None:
        """An alias matched: the old entry and every mention of it take the new URN."""
        with self._lock:
            before, old.urn = old.urn, urn
            self._former[id(old)] = before
            self.original[urn] = self.original.pop(before)
            for other in self.old.resources:
                _mention(other, before, urn)
            if self._recorder is not None:
                self._recorder.rewrite()

    @contextmanager
    def begun(self, kind: str, resource: Resource) -> Iterator[None]:
        """Hold a pending operation while a provider works: a killed run is told of by the next one."""
        with self._lock:
            self._pending.append((kind, resource))
            if self._recorder is not None:
                self._recorder.begin(kind, resource)
        if self._recorder is not None:
            self._recorder.sync()
        try:
            yield
        except Exception:
            with self._lock:
                self._end(resource.urn)
                if self._recorder is not None:
                    self._recorder.end(resource.urn)
            self.commit()
            raise

    def _end(self, urn: str) -> None:
        self._pending = [entry for entry in self._pending if entry[1].urn != urn]

    def import_pending_creates(self, found: dict[str, str], secrets: Secrets) -> list[str]:
        """Resources whose creation was cut off, and that are there under the ids ``found`` (URN to id), become entries.

        Returns the URNs of which nothing was being created.
        """
        unknown = []
        for urn, known in found.items():
            begun = [one for one in self._kept if one["resource"]["urn"] == urn]
            if not begun:
                unknown.append(urn)
                continue
            self._kept = [one for one in self._kept if one not in begun]
            if urn not in self.original:  # else it has been made since
                # the last attempt: providers of earlier ones may have been destroyed since
                entry = Resource.from_json({**begun[-1]["resource"], "id": known}, secrets)
                self.old.resources.append(entry)
                self.original[urn] = entry
        return unknown

    def clear_pending_creates(self) -> None:
        """Forget creations of earlier, killed runs."""
        self._kept = []

    def commit(self) -> None:
        """Have every change so far written."""
        if self._recorder is not None:
            self._recorder.flush()

    def rewrite(self) -> None:
        """Write the whole checkpoint now."""
        if self._recorder is not None:
            self._recorder.rewrite()
            self._recorder.flush()

    def close(self) -> None:
        """Write the checkpoint a last time.

        Raises:
            EngineError: the state broke a rule; it is saved all the same.
        """
        if self._recorder is not None:
            self._keep_names()
            self.rewrite()
            self._recorder.close()

    def _keep_names(self) -> None:
        """What was found by an alias and never came to be registered keeps the URN that it had."""
        with self._lock:
            for old in self.remaining():
                former = self.former_urn(old)
                if former != old.urn and not old.delete and old.urn not in self.done:
                    for other in self.old.resources:
                        _mention(other, old.urn, former)
                    old.urn = former


def _mention(resource: Resource, before: str, urn: str) -> None:
    resource.dependencies = [urn if one == before else one for one in resource.dependencies]
    resource.property_dependencies = {
        name: [urn if one == before else one for one in urns] for name, urns in resource.property_dependencies.items()
    }
    resource.parent = urn if resource.parent == before else resource.parent
    resource.deleted_with = urn if resource.deleted_with == before else resource.deleted_with
    if resource.provider_urn == before:
        resource.provider = f"{urn}::{resource.provider.rsplit('::', 1)[1]}"
