"""What the machine offers to the planes' handlers: store, moments, effects, the origin's addresses."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from batchlocal.access import Access
from batchlocal.clock import Clock
from batchlocal.datafolder import Credentials, DataFolder
from batchlocal.domain.autoscale import PoolSamples
from batchlocal.domain.task_user import TaskUsers
from batchlocal.faults import Faults
from batchlocal.gate import Gate
from batchlocal.identity.tokens import Tokens
from batchlocal.journal import Journal
from batchlocal.store import Store, Tx
from batchlocal.store.effects import Effect

__all__ = ["BlobService", "Platform"]


class BlobService(Protocol):
    """Linked storage as handlers use it; ``batchlocal.blobs`` is the one that runs."""

    @property
    def port(self) -> int: ...
    @property
    def is_ready(self) -> bool: ...
    async def set_accounts(self, accounts: Mapping[str, Sequence[str]]) -> None: ...
    async def wait_ready(self) -> None: ...
    async def save(self) -> None: ...


class Background(Protocol):
    """What goes on beside requests: effects, tasks, samples, linked storage. The server fills it in."""

    def start(self) -> None: ...
    async def stop(self) -> None: ...


@dataclass
class Platform:
    """One running batchlocal, as handed to every handler.

    ``origin`` and ``blob_origin`` are https URLs without trailing slash; the clock's ``pace`` scales every wait that
    the emulator makes on its own (1.0 is Azure's time, the default makes an account exist in under a second).
    ``simulate_nodes``: all pools' nodes run nothing, not only those of pools that ask for it;
    ``simulate_containers``: what is meant for a container runs on the host, and says so;
    ``task_users``: whether tasks run as users of their own, and why not.
    ``storage_token`` marks our own requests to linked storage, which its network rules let through.
    ``performing`` are the effects that are being performed, by subject.
    """

    data: DataFolder
    store: Store
    tokens: Tokens
    credentials: Credentials
    origin: str
    blobs: BlobService
    clock: Clock
    strict: bool = False
    simulate_nodes: bool = False
    simulate_containers: bool = False
    task_users: TaskUsers = field(default_factory=TaskUsers)
    gate: Gate = field(default_factory=Gate)
    background: Background | None = None
    performing: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    pools_to_schedule: set[str] = field(default_factory=set)
    samples: PoolSamples = field(default_factory=PoolSamples)
    faults: Faults = field(default_factory=Faults)
    journal: Journal = field(default_factory=Journal)
    work: asyncio.Event = field(default_factory=asyncio.Event)
    storage_token: str = field(default_factory=secrets.token_urlsafe, repr=False)
    access: Access = field(init=False)

    def __post_init__(self) -> None:
        self.access = Access(self.credentials.object_id)

    @property
    def pace(self) -> float:
        return self.clock.pace

    @property
    def storage_headers(self) -> dict[str, str]:
        """Headers of our own requests to linked storage; of no others."""
        return {"x-batchlocal-inside": self.storage_token}

    @property
    def blob_origin(self) -> str:
        return f"https://localhost:{self.blobs.port}"

    def owe(self, tx: Tx, effect: Effect) -> None:
        """Record an effect in the transaction that makes it due, and wake whoever performs effects."""
        tx.effects.add(replace(effect, due=self.clock.due(effect.due)))
        self.wake.set()

    def forget(self) -> None:
        """Let go of what was drawn from the store, which has been exchanged."""
        self.samples = PoolSamples()
        self.access = Access(self.credentials.object_id)
        self.pools_to_schedule.clear()

    def schedule(self, pool: str) -> None:
        """Something changed that may let a pool's tasks begin; derived from the store, so a restart asks all pools."""
        self.pools_to_schedule.add(pool)
        self.work.set()
