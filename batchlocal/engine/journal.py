"""The state of a run while it runs: what was there, what is done, what has begun; written down at every change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from batchlocal.engine.state import Resource, Snapshot

__all__ = ["Journal"]

Write = Callable[[Snapshot], None]


class Journal:
    """Every change is on disk when its method returns; changes that arrive while a write is under way share the next.

    Without ``write`` (a preview) nothing is written.
    """

    def __init__(self, old: Snapshot, write: Write | None) -> None:
        self.old = old
        self.original = old.live()
        self.done: dict[str, Resource] = {}
        self._gone: set[int] = set()
        self._pending: list[tuple[str, Resource]] = []
        self._kept: list[dict[str, Any]] = [one for one in old.pending_operations if one["type"] == "creating"]
        self._write = write
        self._lock = threading.RLock()
        self._writing = threading.Lock()
        self._changes = 0
        self._written = 0

    def live(self, urn: str) -> Resource | None:
        """The entry of a URN as the run found it, unless it is marked for deletion or gone."""
        found = self.original.get(urn)
        return None if found is None or found.delete or id(found) in self._gone else found

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
            ordered = _backwards([*self.done.values(), *self.remaining()])
            begun = [{"resource": resource, "type": kind} for kind, resource in self._pending]
            return Snapshot(ordered, [*self._kept, *begun], self.old.salt)

    def record(self, made: Resource, old: Resource | None, *, condemned: Resource | None = None, changed: bool) -> None:
        """A resource is as its goal wants it; its old entry goes, or waits, condemned, for its deletion."""
        with self._lock:
            self._end(made.urn)
            self.done[made.urn] = made
            if old is not None:
                self._gone.add(id(old))
            if condemned is not None:
                condemned.delete = True
            self._changes += changed or condemned is not None
        self.commit()

    def change(self, urn: str, **values: Any) -> None:
        """Set fields of an entry that is done."""
        with self._lock:
            for name, value in values.items():
                setattr(self.done[urn], name, value)
            self._changes += 1
        self.commit()

    def drop(self, resource: Resource) -> None:
        """An old entry is no more."""
        with self._lock:
            self._end(resource.urn)
            self._gone.add(id(resource))
            self._changes += 1
        self.commit()

    def await_replacement(self, resource: Resource) -> None:
        """Deleted before its replacement is made: the entry keeps its place until then."""
        with self._lock:
            self._end(resource.urn)
            resource.pending_replacement = True
            self._changes += 1
        self.commit()

    def forget(self, resource: Resource) -> None:
        """Drop an old entry that turned out not to exist; ``mend_references`` follows."""
        with self._lock:
            self._gone.add(id(resource))
            self._changes += 1

    def mend_references(self) -> None:
        """After a refresh: nothing refers to what is gone, and children of what is gone have its parent."""
        with self._lock:
            self._kept = [one for one in self._kept if one["type"] == "creating"]
            there: set[str] = set()
            parents: dict[str, str] = {"": ""}
            for one in self.old.resources:
                one.parent = one.parent if one.parent in there else parents.get(one.parent, "")
                parents[one.urn] = one.parent
                if id(one) in self._gone:
                    continue
                one.dependencies = [urn for urn in one.dependencies if urn in there]
                kept = {name: [urn for urn in urns if urn in there] for name, urns in one.property_dependencies.items()}
                one.property_dependencies = {name: urns for name, urns in kept.items() if urns}
                one.deleted_with = one.deleted_with if one.deleted_with in there else ""
                there.add(one.urn)
            self.original = {one.urn: one for one in self.remaining() if not one.delete}
            self._changes += 1

    def rename(self, old: Resource, urn: str) -> None:
        """An alias matched: the old entry and every mention of it take the new URN."""
        with self._lock:
            before, old.urn = old.urn, urn
            self.original[urn] = self.original.pop(before)
            for other in self.old.resources:
                _mention(other, before, urn)
            self._changes += 1

    @contextmanager
    def begun(self, kind: str, resource: Resource) -> Iterator[None]:
        """Hold a pending operation while a provider works: a killed run is told of by the next one."""
        with self._lock:
            self._pending.append((kind, resource))
            self._changes += 1
        self.commit()
        try:
            yield
        except Exception:
            with self._lock:
                self._end(resource.urn)
                self._changes += 1
            raise

    def _end(self, urn: str) -> None:
        self._pending = [entry for entry in self._pending if entry[1].urn != urn]

    def clear_pending_creates(self) -> None:
        """Forget creations of earlier, killed runs."""
        self._kept = []

    def commit(self) -> None:
        """Write what has changed, if another thread's write has not taken it along."""
        mine = self._changes
        if self._write is None or self._written >= mine:
            return
        with self._writing:
            if self._written >= mine:
                return
            with self._lock:
                changes, snapshot = self._changes, self.snapshot()
            self._write(snapshot)
            self._written = changes


def _mention(resource: Resource, before: str, urn: str) -> None:
    resource.dependencies = [urn if one == before else one for one in resource.dependencies]
    resource.property_dependencies = {
        name: [urn if one == before else one for one in urns] for name, urns in resource.property_dependencies.items()
    }
    resource.parent = urn if resource.parent == before else resource.parent
    resource.deleted_with = urn if resource.deleted_with == before else resource.deleted_with
    if resource.provider_urn == before:
        resource.provider = f"{urn}::{resource.provider.rsplit('::', 1)[1]}"


def _backwards(entries: Iterable[Resource]) -> list[Resource]:
    """The entries in their order, but each after what it refers to."""
    waiting = list(entries)
    first: dict[str, list[Resource]] = {}
    for entry in waiting:
        first.setdefault(entry.urn, []).append(entry)
    placed: dict[int, Resource] = {}
    there: set[str] = set()

    def place(entry: Resource) -> None:
        if id(entry) in placed:
            return
        placed[id(entry)] = entry
        missing = [urn for urn in sorted(entry.needs()) if urn not in there and urn in first and urn != entry.urn]
        if missing:
            del placed[id(entry)]
            busy.add(id(entry))
            for urn in missing:
                if id(first[urn][0]) not in busy:
                    place(first[urn][0])
            busy.discard(id(entry))
            placed[id(entry)] = entry
        there.add(entry.urn)

    busy: set[int] = set()
    for entry in waiting:
        place(entry)
    return list(placed.values())
