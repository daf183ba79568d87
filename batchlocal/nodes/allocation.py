"""A resize performed: nodes come and go until the pool has what it asked for, or it is known why not."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from batchlocal import quotas
from batchlocal.datafolder import remove_tree
from batchlocal.domain import durations
from batchlocal.domain import node as nodes
from batchlocal.domain import pool as pools
from batchlocal.domain.node import LEAVES_TASKS, Node
from batchlocal.domain.pool import AllocationState, Pool, ResizeError
from batchlocal.domain.resize_errors import RESIZE_ERRORS
from batchlocal.domain.simulation import simulation_of
from batchlocal.evacuation import BOOT, evacuate
from batchlocal.nodes.folders import NodeFolders, node_folders
from batchlocal.nodes.leftovers import end_below
from batchlocal.nodes.management import is_reached
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.store import Tx
from batchlocal.store.effects import Effect
from batchlocal.store.resources import Resource

__all__ = ["account_of", "perform_resize"]

_ALLOCATION_SECONDS = 40.0  # recorded: 30 s to 60 s from a resize to the pool with its nodes; scaled by the pace
_DELETION_SECONDS = 20.0  # recorded: a deleted pool is readable as deleting for a while, also one without nodes
_LATE = "AllocationTimedOut"
_LOOK_SECONDS = 0.1  # how often it is looked whether leaving nodes have got rid of their tasks


def account_of(tx: Tx, pool: Pool) -> Resource | None:
    """The Batch account that a pool belongs to; a pool's ``account`` is the account's key."""
    return tx.resources.find(pool.account)


async def perform_resize(platform: Platform, effect: Effect) -> None:
    """Bring a pool's nodes to its targets and report it; safe to repeat after a restart."""
    pool = platform.store.read.pools.find(effect.subject)
    account = account_of(platform.store.read, pool) if pool else None
    if pool is None or account is None:
        with platform.store.write() as tx:
            tx.effects.settle(effect)
        return
    short = _short(platform, pool, account)
    resize = _Resize(platform, pool, short)
    resize.choose_leaving()
    errors = (*dict.fromkeys(short.values()), *await resize.see_leaving_off())
    if any(missing > 0 for missing in resize.missing().values()):
        await platform.clock.wait(_ALLOCATION_SECONDS)
        resize.add_missing()
    if pool.state == "deleting":
        await platform.clock.wait(_DELETION_SECONDS)
    _report(platform, effect, pool, errors)
    platform.schedule(pool.key)


def _short(platform: Platform, pool: Pool, account: Resource) -> dict[bool, ResizeError]:
    """Why no dedicated (True), or low-priority, nodes come: quotas, or a fault that was set."""
    if failure := platform.faults.allocation(account.name, pool.id):
        return dict.fromkeys((True, False), failure)
    return quotas.core_shortages(platform.store.read, account, pool)


@dataclass(frozen=True)
class _Resize:
    """One resize on its way; ``pool`` is as it was when the resize began. ``short`` says what cannot be had."""

    platform: Platform
    pool: Pool
    short: Mapping[bool, ResizeError]

    @property
    def _present(self) -> Pool | None:
        """The pool as it is now, None when this resize was overtaken, stopped, or its pool is gone."""
        pool = self.platform.store.read.pools.find(self.pool.key)
        same = pool is not None and pool.version == self.pool.version
        return pool if same and pool and pool.allocation_state is AllocationState.RESIZING else None

    def missing(self, tx: Tx | None = None) -> dict[bool, int]:
        """How many nodes are still to come, by whether they are dedicated; below zero are too many."""
        found = [node for node in self._nodes(tx) if node.state != "leavingpool"]
        dedicated = sum(node.dedicated for node in found)
        missing = {
            True: self.pool.target_dedicated - dedicated,
            False: self.pool.target_low_priority - (len(found) - dedicated),
        }
        return {kind: 0 if kind in self.short else number for kind, number in missing.items()}

    def _nodes(self, tx: Tx | None = None) -> list[Node]:
        return (tx or self.platform.store.read).nodes.of_pool(self.pool.key)

    def choose_leaving(self) -> None:
        """Mark as leaving what is too many, and take its tasks from it as the resize says."""
        now = moments.now()
        with self.platform.store.write() as tx:
            for dedicated, missing in self.missing(tx).items():
                if missing >= 0:
                    continue
                mine = [node for node in self._nodes(tx) if node.dedicated is dedicated and node.state != "leavingpool"]
                for node in nodes.leaving_first(mine)[:-missing]:
                    tx.nodes.put(nodes.leave(node, now))
            for node in self._nodes(tx):
                if node.state == "leavingpool":
                    evacuate(self.platform, tx, node, self.pool.deallocation_option, now)

    async def see_leaving_off(self) -> tuple[ResizeError, ...]:
        """Remove leaving nodes once their tasks have ended; those that take too long stay, and why is returned."""
        until = self._deadline()
        while leaving := [node for node in self._nodes() if node.state == "leavingpool"]:
            await self._remove([node for node in leaving if not self._busy(node)])
            held = [node for node in leaving if self._busy(node)]
            if held and self.pool.deallocation_option in LEAVES_TASKS:
                if self._present is None:
                    return self._keep(held)
                if moments.now() >= until:
                    return (*self._keep(held), ResizeError(_LATE, RESIZE_ERRORS[_LATE]))
            if held:
                await asyncio.sleep(_LOOK_SECONDS)
        return ()

    def _deadline(self) -> int:
        """Tasks take real time, so the resize time-out is not scaled."""
        seconds = durations.seconds(self.pool.timeout)
        return moments.after(self.pool.resize_started, 10**9 if seconds is None else seconds)

    def _busy(self, node: Node) -> bool:
        present = self.platform.store.read.nodes.find(node.key)
        if present is not None and present.slots_used:
            return True
        return self.pool.deallocation_option == "retaineddata" and _has_task_data(self._folders(node))

    def _folders(self, node: Node) -> NodeFolders:
        return node_folders(self.platform.data, node.key)

    async def _remove(self, gone: Sequence[Node]) -> None:
        if not gone:
            return
        with self.platform.store.write() as tx:
            for node in gone:
                tx.effects.drop(node.key)
                tx.nodes.remove(node.key)
        made = [root for node in gone if (root := self._folders(node).root).exists()]
        if made:
            end_below(*made)
        for root in made:
            await asyncio.to_thread(remove_tree, root)

    def _keep(self, held: Sequence[Node]) -> tuple[ResizeError, ...]:
        with self.platform.store.write() as tx:
            for node in held:
                if present := tx.nodes.find(node.key):
                    tx.nodes.put(nodes.stay(present, moments.now()))
        return ()

    def add_missing(self) -> None:
        """Write new nodes down with the boot that they wait for, unless the resize was stopped meanwhile.

        Simulated ones are up at once, and start no start task.
        """
        now = moments.now()
        simulated = simulation_of(self.pool.properties, always=self.platform.simulate_nodes) is not None
        simulated = simulated and self._is_reached()
        with self.platform.store.write() as tx:
            if self._present is None:
                return
            taken = {node.number for node in self._nodes(tx)}
            free = (number for number in range(10**9) if number not in taken)
            for dedicated, missing in self.missing(tx).items():
                for _, number in zip(range(missing), free, strict=False):
                    node = _new_node(self.pool, number, dedicated, now)
                    if simulated:
                        node = nodes.booted(nodes.boot(node, "starting", now), "idle", None, (), now)
                    else:
                        self.platform.owe(tx, Effect(BOOT, node.key, now))
                    tx.nodes.put(node)

    def _is_reached(self) -> bool:
        account = account_of(self.platform.store.read, self.pool)
        return account is not None and is_reached(self.platform.store.read, account, self.pool)


def _has_task_data(folders: NodeFolders) -> bool:
    return any(path.is_dir() for path in folders.workitems.glob("*/*/*"))


def _new_node(pool: Pool, number: int, dedicated: bool, now: int) -> Node:
    digest = hashlib.sha256(f"{pool.key}#{pool.version}#{number}#{now}".encode()).hexdigest()
    node_id = f"tvmps_{digest}{'_d' if dedicated else '_p'}"  # recorded form, for Linux and Windows alike
    return Node(pool.key, node_id, number, "creating", now, now, dedicated=dedicated, slots=pool.slots_per_node)


def _report(platform: Platform, effect: Effect, planned: Pool, errors: tuple[ResizeError, ...]) -> None:
    """Tell the pool what it has now; a resize that was overtaken meanwhile is not its end."""
    with platform.store.write() as tx:
        tx.effects.settle(effect)
        pool = tx.pools.find(planned.key)
        if pool is None:
            return
        found = tx.nodes.of_pool(pool.key)
        dedicated = sum(node.dedicated for node in found)
        if pool.state == "deleting" and not found:
            tx.pools.remove(pool.key)
        elif pool.version == planned.version or pool.allocation_state is AllocationState.STOPPING:
            tx.pools.put(pools.nodes_allocated(pool, dedicated, len(found) - dedicated, moments.now(), errors))
