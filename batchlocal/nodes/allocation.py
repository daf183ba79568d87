"""A resize performed: nodes come and go until the pool has what it asked for."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from dataclasses import replace

from batchlocal import quotas
from batchlocal.domain import pool as pools
from batchlocal.domain.node import Node
from batchlocal.domain.pool import AllocationState, Pool, ResizeError
from batchlocal.domain.task import Ended, lost
from batchlocal.nodes.environment import node_variables, start_task_variables
from batchlocal.nodes.folders import node_folders, startup_folders
from batchlocal.nodes.packages import deploy, package_folders
from batchlocal.nodes.processes import Running, kill_leftover, start
from batchlocal.nodes.storage import FileTrouble, NodeStorage
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.store import Tx
from batchlocal.store.effects import Effect
from batchlocal.store.resources import Resource

__all__ = ["account_of", "perform_resize"]

_BOOT_SECONDS = 20.0  # recorded time from resizing to idle is minutes; scaled by the platform's pace


def account_of(tx: Tx, pool: Pool) -> Resource | None:
    """The Batch account that a pool belongs to; a pool's ``account`` is the account's key."""
    return tx.resources.find(pool.account)


async def perform_resize(platform: Platform, effect: Effect, storage: NodeStorage) -> None:
    """Bring a pool's nodes to its targets and report it; safe to repeat after a restart."""
    pool = platform.store.read.pools.find(effect.subject)
    account = account_of(platform.store.read, pool) if pool else None
    if pool is None or account is None:
        with platform.store.write() as tx:
            tx.effects.settle(effect)
        return
    added, errors = _plan(platform, pool, account)
    await platform.clock.wait(_BOOT_SECONDS if added else 0)
    await asyncio.gather(*(_prepare(platform, pool, account, node, storage) for node in added))
    _report(platform, effect, pool, errors)
    platform.schedule(pool.key)


def _plan(platform: Platform, pool: Pool, account: Resource) -> tuple[list[Node], tuple[ResizeError, ...]]:
    """Write down which nodes go and which come; returns those to prepare, and why there are not more."""
    failure = platform.faults.allocation(account.name, pool.id)
    now = moments.now()
    short = quotas.core_shortages(platform.store.read, account, pool)
    if failure is not None:
        short = dict.fromkeys((True, False), failure)
    with platform.store.write() as tx:
        for dedicated, target in ((True, pool.target_dedicated), (False, pool.target_low_priority)):
            mine = [node for node in tx.nodes.of_pool(pool.key) if node.dedicated is dedicated]
            if dedicated in short:
                continue
            for node in mine[target:]:
                _remove(platform, tx, node, now)
            for _ in range(target - len(mine)):
                tx.nodes.put(_new_node(tx, pool, dedicated, now))
        return [node for node in tx.nodes.of_pool(pool.key) if node.state in ("creating", "starting")], tuple(
            dict.fromkeys(short.values())
        )


def _new_node(tx: Tx, pool: Pool, dedicated: bool, now: int) -> Node:
    taken = {node.number for node in tx.nodes.of_pool(pool.key)}
    number = next(free for free in range(len(taken) + 1) if free not in taken)
    digest = hashlib.sha256(f"{pool.key}#{pool.version}#{number}".encode()).hexdigest()[:10]
    prefix = "tvmps" if not pool.is_windows else "tvm"
    node_id = f"{prefix}_{digest}{'_d' if dedicated else '_p'}"
    return Node(pool.key, node_id, number, "creating", now, now, dedicated=dedicated, slots=pool.slots_per_node)


def _remove(platform: Platform, tx: Tx, node: Node, now: int) -> None:
    """Take a node away; its running tasks wait again."""
    for task in tx.tasks.running_on(node.key):
        kill_leftover(int(task.process.get("pid", 0)), str(task.process.get("began", "")))
        tx.tasks.put(lost(task, now))
    tx.nodes.remove(node.key)
    shutil.rmtree(node_folders(platform.data, node.key).root, ignore_errors=True)


async def _prepare(platform: Platform, pool: Pool, account: Resource, node: Node, storage: NodeStorage) -> None:
    """Folders, packages, start task; then the node is idle, or its trouble can be read on it."""
    folders = node_folders(platform.data, node.key)
    folders.make()
    state, info = "idle", node.start_task
    errors: tuple[dict[str, str], ...] = ()
    try:
        references = pool.properties.get("applicationPackageReferences") or []
        await deploy(platform.store.read, storage, account, references, folders)
    except FileTrouble as trouble:
        text = f"Application package {trouble.name}: {trouble.reason}"
        state, errors = "unusable", ({"code": "ApplicationPackageError", "message": text},)
    if state == "idle" and pool.properties.get("startTask"):
        state, info = await _run_start_task(platform, pool, account, node, storage)
    now = moments.now()
    with platform.store.write() as tx:
        present = tx.nodes.find(node.key)
        if present is not None:
            state = "offline" if state == "idle" and not present.scheduling else state
            tx.nodes.put(replace(present, state=state, state_since=now, errors=errors, start_task=info))


async def _run_start_task(
    platform: Platform, pool: Pool, account: Resource, node: Node, storage: NodeStorage
) -> tuple[str, dict[str, object]]:
    """Run the start task, again while it fails and retries are left; the node's state and the task's information."""
    settings = pool.properties["startTask"]
    folders, where = startup_folders(platform.data, node), node_folders(platform.data, node.key)
    packages = package_folders(platform.store.read, account, pool, [], where)
    url = f"{platform.origin}/{account.name}"
    variables = {
        **node_variables(pool, node, where, account.name, url, packages),
        **start_task_variables(settings, folders),
    }
    allowed, retries = int(settings.get("maxTaskRetryCount") or 0), 0
    began = moments.now()
    while True:
        folders.make()
        begun: Running | Ended
        try:
            await storage.bring(settings.get("resourceFiles") or [], account, folders.working)
            begun = await start(settings["commandLine"], variables, folders)
        except FileTrouble as trouble:
            begun = Ended(None, trouble.failure)
        ended = await begun.wait(None) if isinstance(begun, Running) else begun
        if ended.failure is None or (allowed != -1 and retries >= allowed):
            break
        retries += 1
    info: dict[str, object] = {
        "state": "completed",
        "startTime": moments.iso(began),
        "endTime": moments.iso(moments.now()),
        "retryCount": retries,
        "result": "failure" if ended.failure else "success",
    }
    info |= {"exitCode": ended.exit_code} if ended.exit_code is not None else {}
    info |= {"failureInfo": ended.failure} if ended.failure else {}
    failed = ended.failure is not None and settings.get("waitForSuccess", True)
    return ("starttaskfailed" if failed else "idle"), info


def _report(platform: Platform, effect: Effect, planned: Pool, errors: tuple[ResizeError, ...]) -> None:
    """Tell the pool what it has now; a resize that was overtaken meanwhile is not its end."""
    with platform.store.write() as tx:
        tx.effects.settle(effect)
        pool = tx.pools.find(planned.key)
        if pool is None:
            return
        nodes = tx.nodes.of_pool(pool.key)
        dedicated = sum(node.dedicated for node in nodes)
        if pool.state == "deleting":
            tx.pools.remove(pool.key)
        elif pool.version == planned.version or pool.allocation_state is AllocationState.STOPPING:
            tx.pools.put(pools.nodes_allocated(pool, dedicated, len(nodes) - dedicated, moments.now(), errors))
