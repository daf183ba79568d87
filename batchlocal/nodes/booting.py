"""A node comes up: packages, start task, idle; or goes down: rebooted, deallocated, preempted."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any, Final

from batchlocal.datafolder import remove_tree
from batchlocal.domain import node as nodes
from batchlocal.domain.node import Node
from batchlocal.domain.pool import Pool
from batchlocal.domain.service_events import SPECIAL, special
from batchlocal.domain.simulation import simulation_of
from batchlocal.domain.task import Ended
from batchlocal.nodes.allocation import account_of
from batchlocal.nodes.commands import Command, perform
from batchlocal.nodes.containers import image_failure, registries_of
from batchlocal.nodes.docker import docker_answers
from batchlocal.nodes.environment import node_variables, task_variables
from batchlocal.nodes.file_trouble import FileTrouble
from batchlocal.nodes.folders import node_folders, startup_folders
from batchlocal.nodes.host import host_for, open_to_users
from batchlocal.nodes.identities import Access, Owner, access_to_linked
from batchlocal.nodes.leftovers import end_below, started_at
from batchlocal.nodes.management import is_reached
from batchlocal.nodes.packages import deploy, package_folders
from batchlocal.nodes.processes import Running, kill_leftover
from batchlocal.nodes.storage import NodeStorage
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.store.effects import Effect
from batchlocal.store.resources import Resource

__all__ = ["perform_boot"]

_log = logging.getLogger(__name__)
_BOOT_SECONDS = 30.0  # recorded: 45 s to 110 s from allocation to idle, most of it before the system is up
_SHUTDOWN_SECONDS = 10.0
_REPLACEMENT_SECONDS = 60.0  # until Azure finds another machine for a preempted node; unrecorded
_AGAIN_SECONDS = 60.0  # until a node that Batch does not reach is tried again; unrecorded
_LOOK_SECONDS = 0.1
_OVERTAKES = frozenset({"rebooting", "reimaging", "preempted", "deallocating", "leavingpool"})
_START_TASK = "startup"  # the name of its folder on a node


async def perform_boot(platform: Platform, effect: Effect, storage: NodeStorage) -> None:
    """Bring a node to where its state leads; safe to repeat after a restart.

    The effect's ``wipe`` says that the node gets a fresh disk.
    """
    node = await _without_tasks(platform, effect.subject)
    if node is not None:
        await _go(platform, node, wipe=bool(effect.payload.get("wipe")), storage=storage)
    with platform.store.write() as tx:
        tx.effects.settle(effect)


async def _without_tasks(platform: Platform, key: str) -> Node | None:
    """The node once its tasks' processes have ended and what was pending has begun; None when it has gone."""
    while (node := platform.store.read.nodes.find(key)) is not None:
        if not node.slots_used:
            if node.pending:
                with platform.store.write() as tx:
                    node = nodes.pending_due(node, moments.now())
                    tx.nodes.put(node)
            return node
        await asyncio.sleep(_LOOK_SECONDS)
    return None


async def _go(platform: Platform, node: Node, *, wipe: bool, storage: NodeStorage) -> None:
    kill_leftover(int(node.process.get("pid", 0)), str(node.process.get("began", "")))
    if node.booted:  # nothing outlives the system that it runs on
        end_below(node_folders(platform.data, node.key).root)
    if node.state == "deallocating":
        await platform.clock.wait(_SHUTDOWN_SECONDS)
        _change(platform, node.key, lambda present: nodes.deallocated(present, moments.now()))
        return
    seconds = _BOOT_SECONDS + (_REPLACEMENT_SECONDS if node.state == "preempted" else 0)
    await platform.clock.wait(seconds)
    if wipe:
        await asyncio.to_thread(remove_tree, node_folders(platform.data, node.key).root)
    started = _change(platform, node.key, lambda present: nodes.boot(present, "starting", moments.now()))
    if started is None or not await _managed(platform, node):
        return
    pool = platform.store.read.pools.find(node.pool)
    account = account_of(platform.store.read, pool) if pool else None
    if pool is not None and account is not None:
        await _prepare(platform, pool, account, started, storage)
        platform.schedule(pool.key)


async def _managed(platform: Platform, node: Node) -> bool:
    """Whether the node is under Batch's control; while it cannot be, it is unusable and tried again."""
    while (present := platform.store.read.nodes.find(node.key)) and present.state in ("starting", "unusable"):
        pool = platform.store.read.pools.find(present.pool)
        account = account_of(platform.store.read, pool) if pool else None
        if pool is None or account is None:
            return False
        if is_reached(platform.store.read, account, pool):
            return _change(platform, node.key, lambda seen: nodes.regained(seen, moments.now())) is not None
        _change(platform, node.key, lambda seen: nodes.lost_sight(seen, moments.now()))
        await platform.clock.wait(_AGAIN_SECONDS)
    return False


def _change(platform: Platform, key: str, change: Any, start_task: dict[str, Any] | None = None) -> Node | None:
    """Write a change to a node down, unless it left meanwhile; the node as it is now.

    ``start_task`` is the information of one that has ended, which the service log tells.
    """
    with platform.store.write() as tx:
        present = tx.nodes.find(key)
        if present is None or present.state == "leavingpool":
            return None
        changed: Node = change(present)
        tx.nodes.put(changed)
        if start_task is not None and (pool := tx.pools.find(changed.pool)):
            told = special("", _START_TASK, "StartTask", (pool.id, changed.id), start_task)
            tx.service_events.note(pool.account, SPECIAL, told)
        return changed


async def _prepare(platform: Platform, pool: Pool, account: Resource, node: Node, storage: NodeStorage) -> None:
    """Folders, packages, start task; then the node is idle, or its trouble can be read on it."""
    if simulation_of(pool.properties, always=platform.simulate_nodes):
        _change(platform, node.key, lambda present: nodes.booted(present, "idle", None, (), moments.now()))
        return
    folders = node_folders(platform.data, node.key)
    folders.make()
    folders.make_mounts(pool)
    open_to_users(platform, folders)
    info: dict[str, Any] | None = None
    state = "idle"
    errors: tuple[dict[str, Any], ...] = ()
    try:
        if not await _bring_packages(platform, Owner(account, pool), node, storage):
            return
    except FileTrouble as trouble:
        text = f"Application package {trouble.name}: {trouble.reason}"
        state, errors = "unusable", ({"code": "ApplicationPackageError", "message": text},)
    if state == "idle" and (errors := await _fetch_images(platform, pool)):
        state = "unusable"
    settings = pool.properties.get("startTask")
    if state == "idle" and settings:
        if settings.get("waitForSuccess", True):
            _change(platform, node.key, lambda present: nodes.boot(present, "waitingforstarttask", moments.now()))
            info = await _StartTask(platform, pool, account, node, storage).run()
            state = "starttaskfailed" if info["result"] == "failure" else state
        else:
            _change(platform, node.key, lambda present: nodes.booted(present, "idle", None, (), moments.now()))
            platform.schedule(pool.key)
            info = await _StartTask(platform, pool, account, node, storage).run()
            _change(platform, node.key, lambda present: replace(present, start_task=info, process={}), info)
            return
    _change(platform, node.key, lambda present: nodes.booted(present, state, info, errors, moments.now()), info)


async def _fetch_images(platform: Platform, pool: Pool) -> tuple[dict[str, Any], ...]:
    """Have the images that the pool names; what is wrong with them. Without a container runtime only tasks fail."""
    machine = pool.properties.get("virtualMachineConfiguration") or {}
    images = (machine.get("containerConfiguration") or {}).get("containerImageNames") or []
    if not images or platform.simulate_containers or not await docker_answers():
        return ()
    failures = [await image_failure(image, registries_of(pool)) for image in images]
    return tuple(
        {"code": failure["code"], "message": failure["message"], "errorDetails": failure["details"]}
        for failure in failures
        if failure
    )


async def _bring_packages(platform: Platform, owner: Owner, node: Node, storage: NodeStorage) -> bool:
    """Put the pool's packages onto a node; False when it stays ``starting`` for want of a way to linked storage.

    Support article "Use managed identities in an Azure Batch account or pool": a node whose identity has no role gets
    idle without its packages; without a ``nodeIdentityReference`` it stays starting for ever.

    Raises:
        FileTrouble
    """
    references = owner.pool.properties.get("applicationPackageReferences") or []
    access = access_to_linked(platform, owner) if references else Access.GRANTED
    if access is Access.UNNAMED:
        _log.warning("node %s stays starting: it cannot have the pool's packages, as %s", node.id, access.value)
        return False
    if access is not Access.DENIED:
        await deploy(platform, storage, owner, references, node_folders(platform.data, node.key))
    return True


_OVERTAKEN: Final = Ended(None, {"category": "usererror", "code": "TaskEnded", "message": "The node went another way"})


class _StartTask:
    """A node's start task: run, and run again while it fails and retries are left."""

    def __init__(self, platform: Platform, pool: Pool, account: Resource, node: Node, storage: NodeStorage) -> None:
        self._platform = platform
        self._owner = Owner(account, pool)
        self._node = node
        self._storage = storage
        self._settings = pool.properties["startTask"]
        self._host = host_for(platform, pool, node, f"{node.key}/startup", self._settings, read_by_tasks=True)
        self._folders = startup_folders(platform.data, node)
        where = node_folders(platform.data, node.key)
        packages = package_folders(platform.store.read, account, pool, [], where)
        on_node = node_variables(pool, node, where, account.name, f"{platform.origin}/{account.name}", packages)
        self._variables = task_variables(on_node, "", self._folders, self._settings, self._host)

    async def run(self) -> dict[str, Any]:
        """The start task's information when it has ended for good."""
        allowed, retries, again = int(self._settings.get("maxTaskRetryCount") or 0), 0, 0
        began = moments.now()
        self._tell({"state": "running", "startTime": moments.iso(began), "retryCount": 0})
        while True:
            ended = await self._attempt()
            if ended.failure is None or (allowed != -1 and retries >= allowed) or self._is_overtaken():
                return self._information(began, retries, again, ended)
            retries, began = retries + 1, moments.now()  # startTime is the last attempt's (StartTaskInformation)
            again = began
            info = {"state": "running", "startTime": moments.iso(began), "retryCount": retries}
            self._tell({**info, "lastRetryTime": moments.iso(again)})

    async def _attempt(self) -> Ended:
        """Run the command to its end, or until the node goes another way."""
        self._folders.make()
        command = Command(self._settings, self._owner, self._folders, self._variables, None, self._host)
        running = asyncio.create_task(perform(self._storage, command, self._remember))
        try:
            while not running.done():
                await asyncio.wait({running}, timeout=_LOOK_SECONDS)
                if not running.done() and self._is_overtaken() and not running.cancelling():
                    running.cancel()
        except asyncio.CancelledError:
            running.cancel()
            await asyncio.wait({running})
            raise
        return _OVERTAKEN if running.cancelled() else running.result()

    def _remember(self, running: Running) -> None:
        """Keep the process's name, so that a later server can find it."""
        process = {"pid": running.pid, "began": started_at(running.pid)}
        _change(self._platform, self._node.key, lambda present: replace(present, process=process))

    def _is_overtaken(self) -> bool:
        """Whether the node has gone, or another way, since its start task began: rebooted, taken back, deallocated."""
        present = self._platform.store.read.nodes.find(self._node.key)
        return present is None or present.state in _OVERTAKES

    def _tell(self, info: dict[str, Any]) -> None:
        _change(self._platform, self._node.key, lambda present: replace(present, start_task=info))

    @staticmethod
    def _information(began: int, retries: int, again: int, ended: Ended) -> dict[str, Any]:
        info: dict[str, Any] = {
            "state": "completed",
            "startTime": moments.iso(began),
            "endTime": moments.iso(moments.now()),
            "retryCount": retries,
            "result": "failure" if ended.failure else "success",
        }
        info |= {"lastRetryTime": moments.iso(again)} if again else {}
        info |= {"exitCode": ended.exit_code} if ended.exit_code is not None else {}
        return info | ({"failureInfo": ended.failure} if ended.failure else {})
