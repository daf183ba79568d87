"""How a run's changes reach the disk: each at once into an append-only log, and soon into the checkpoint itself.

A checkpoint costs as much as the stack is large, so it is not written for every change: a twentieth of the time at most
goes into it, unless it is a quarter of a second old. In between, every change is a line in a log, which the system has
before the run goes on; a run that was killed is recovered from both. Where steps take seconds, the checkpoint is
written at each.

A machine that loses its power keeps what was synced. That a step begins is synced before its provider is asked; its
outcome is synced with the next beginning or the next checkpoint: until then it is known as begun, and told as that.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from batchlocal.engine.errors import EngineError
from batchlocal.engine.secrets import Secrets
from batchlocal.engine.state import Resource, Snapshot, in_order

__all__ = ["Line", "Recorder", "Storage", "replayed"]

Line = dict[str, Any]

_SHARE: Final = 20.0
_LONGEST_LAG: Final = 0.25  # seconds; then the checkpoint is written whatever it costs


class Storage(Protocol):
    """Where a stack's checkpoint and its log lie."""

    def save(self, snapshot: Snapshot) -> None:
        """Write the checkpoint and begin a log on it.

        Raises:
            EngineError: the state broke a rule; it is saved all the same.
        """

    def append(self, lines: list[Line]) -> None:
        """Add to the log; it outlives this process when it returns."""

    def sync(self) -> None:
        """Have what was added to the log on disk; not while a checkpoint is being saved."""


class Recorder:
    """Takes changes from several threads; each outlives the process when ``flush`` returns, and the machine when
    ``sync`` does."""

    def __init__(self, storage: Storage, secrets: Secrets, snapshot: Callable[[], Snapshot]) -> None:
        """``snapshot`` gives the state as it is now; it may be called from any thread."""
        self._storage = storage
        self._secrets = secrets
        self._snapshot = snapshot
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._syncing = threading.Lock()  # is taken after ``_writing`` where both are
        self._lines: list[Line] = []
        self._keys: dict[int, int] = {}
        self._kept: list[Resource] = []
        self._next = 0
        self._whole = True
        self._taken = self._covered = self._written = self._synced = 0
        self._due = 0.0
        self._timer: threading.Timer | None = None
        self._closed = False

    # Lines; the caller holds the lock of the state that they are about

    def put(self, made: Resource, over: Resource | None = None, condemned: Resource | None = None) -> None:
        """An entry is new or different; it stands in for ``over``, and ``condemned`` waits for its deletion."""
        key = self._key(made if id(made) in self._keys else over)
        line: Line = {"put": made.to_json(self._secrets), "key": self._fresh() if key is None else key}
        self._remember(made, line["key"])
        if condemned is not None:
            line["condemn"] = self._key(condemned)
        self._add(line)

    def same(self, made: Resource, old: Resource) -> None:
        """An entry says what its old one said; nothing need be written."""
        if (key := self._key(old)) is not None:
            self._remember(made, key)

    def drop(self, resource: Resource) -> None:
        """An entry is no more."""
        self._add({"drop": self._key(resource), "urn": resource.urn})

    def begin(self, kind: str, resource: Resource) -> None:
        """An operation begins whose outcome will not be known if the run ends now."""
        self._add({"begin": resource.to_json(self._secrets), "type": kind})

    def end(self, urn: str) -> None:
        """The operations on a resource have ended."""
        self._add({"end": urn})

    def rewrite(self) -> None:
        """Much has changed at once: the checkpoint is written next, whatever it costs."""
        with self._guard:
            self._whole = True
            self._taken += 1

    def _key(self, resource: Resource | None) -> int | None:
        return None if resource is None else self._keys.get(id(resource))

    def _fresh(self) -> int:
        self._next += 1
        return self._next - 1

    def _remember(self, resource: Resource, key: int) -> None:
        self._keys[id(resource)] = key
        self._kept.append(resource)  # an id is a name only as long as the object lives

    def _add(self, line: Line) -> None:
        with self._guard:
            self._lines.append(line)
            self._taken += 1

    # Writing

    def flush(self) -> None:
        """Have everything that was told so far written; threads that wait together share one write."""
        mine = self._taken
        if self._written >= mine:
            return
        with self._writing:
            if self._written < mine and not self._closed:
                self._write(whole=self._whole or time.monotonic() >= self._due)

    def sync(self) -> None:
        """Have everything that was told so far on disk; threads that wait together share one write and one sync."""
        mine = self._taken
        self.flush()
        if self._synced >= mine:
            return
        with self._syncing:
            if self._synced < mine and not self._closed:
                written = self._written
                self._storage.sync()
                self._synced = written

    def _write(self, *, whole: bool) -> None:
        if whole:
            self._write_checkpoint()
            return
        with self._guard:
            lines, self._lines, taken = self._lines, [], self._taken
        self._storage.append(lines)
        self._written = taken
        if self._timer is None:
            self._timer = threading.Timer(max(self._due - time.monotonic(), 0.0), self._catch_up)
            self._timer.daemon = True
            self._timer.start()

    def _write_checkpoint(self) -> None:
        """Write a checkpoint, which is synced; one that breaks a rule is, too."""
        began = time.monotonic()
        with self._syncing:
            snapshot = self._snapshot()
            try:
                self._storage.save(snapshot)
            except EngineError:
                self._written = self._synced = self._covered
                raise
            finally:
                self._due = time.monotonic() + min(_SHARE * (time.monotonic() - began), _LONGEST_LAG)
            self._written = self._synced = self._covered

    def taken(self, resources: list[Resource]) -> None:
        """The state's lock is held and a snapshot of these was taken: lines begin anew from here."""
        with self._guard:
            self._lines, self._whole, self._covered = [], False, self._taken
        self._keys = {id(one): place for place, one in enumerate(resources)}
        self._kept = list(resources)
        self._next = len(resources)

    def _catch_up(self) -> None:
        with self._writing:
            self._timer = None
            if not self._closed:
                with contextlib.suppress(EngineError):  # the run's last write says it again
                    self._write_checkpoint()

    def close(self) -> None:
        """Write no more."""
        with self._writing:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None


def replayed(snapshot: Snapshot, lines: list[Line], secrets: Secrets) -> Snapshot:
    """The state that a checkpoint and the lines that were written after it make."""
    entries = dict(enumerate(snapshot.resources))
    new: dict[int, Resource] = {}
    pending = list(snapshot.pending_operations)
    for line in lines:
        urn = (line.get("put") or {}).get("urn") or line.get("urn") or line.get("end")
        if urn:
            pending = [one for one in pending if one["resource"]["urn"] != urn]
        if "begin" in line:
            pending.append({"resource": line["begin"], "type": line["type"]})
        elif "put" in line:
            if line.get("condemn") is not None:
                found = new.get(line["condemn"]) or entries[line["condemn"]]
                found.delete = True
            entries.pop(line["key"], None)
            new[line["key"]] = Resource.from_json(line["put"], secrets)
        elif "drop" in line:
            entries.pop(line["drop"], None)
            new.pop(line["drop"], None)
    return Snapshot(in_order([*new.values(), *entries.values()]), pending, snapshot.salt)
