"""One running batchlocal: lock, certificates, sockets, the application, and what works in the background."""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TextIO

import uvicorn

from batchlocal.app import Application
from batchlocal.arm import effects as arm_effects
from batchlocal.autoscaling import take_samples
from batchlocal.blobs import BlobServer, check_installed
from batchlocal.clock import Clock
from batchlocal.connections import Connection
from batchlocal.datafolder import DataFolder, private, write_private
from batchlocal.domain.task_user import TaskUsers
from batchlocal.identity.tls import ensure_certificates
from batchlocal.identity.tokens import Tokens
from batchlocal.metrics import sample
from batchlocal.nodes import effects as node_effects
from batchlocal.nodes.users import settle_task_users
from batchlocal.platform import Platform
from batchlocal.runner import Runner
from batchlocal.snapshots import finish_exchange
from batchlocal.storage_gate import judge
from batchlocal.store import Store
from batchlocal.telemetry import deliver

__all__ = ["AlreadyRunning", "Options", "PortTaken", "serve"]

_log = logging.getLogger(__name__)
_LOCK_SECONDS = 1.0  # `batchlocal status` holds the lock for an instant when it looks whether anybody does
_GRACE_SECONDS = 3  # how long open requests may take when the server is told to stop


class PortTaken(Exception):
    """The port asked for belongs to somebody else."""


class AlreadyRunning(Exception):
    """Another server holds this data folder."""


@dataclass(frozen=True)
class Options:
    """How to serve.

    ``port`` 0 keeps the data folder's port, or draws a free one on the first start. ``pace`` scales the waits that
    the emulator makes on its own; 1.0 is Azure's recorded time. ``strict`` refuses what is not modelled.
    ``simulate_nodes``: no pool's nodes run anything; ``simulate_containers``: what is meant for a container runs on the
    host; ``task_users``: ``own``, ``server``, or ``auto``, which is own where root's tasks can be users of their own.
    """

    port: int = 0
    host: str = "127.0.0.1"
    pace: float = 0.02
    strict: bool = False
    simulate_nodes: bool = False
    simulate_containers: bool = False
    task_users: str = "auto"


def serve(data: DataFolder, options: Options, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; ``ready`` is called once requests are answered, with why root's
    tasks run as root ('': they do not).

    Raises:
        AlreadyRunning: another server holds the data folder.
        AzuriteMissing: linked storage cannot be started here.
        NoUsers: tasks were to run as users of their own and cannot.
        PortTaken: ``options.port`` is in use.
        StoreTooNew: a newer batchlocal wrote the folder.
    """
    check_installed()
    data.prepare()
    with _hold(data):
        finish_exchange(data)
        users = settle_task_users(options.task_users, data)
        if users.reason:
            _log.warning(
                "tasks run as root, not as users of their own: %s (docs/nodes.md, Users of tasks)", users.reason
            )
        sockets = _listen(data, options)
        ensure_certificates(data)
        with asyncio.Runner(loop_factory=_new_event_loop) as runner:
            runner.run(_serve(data, options, users, sockets, ready))


def _new_event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # no wheel for this platform: slower, otherwise the same
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


@contextmanager
def _hold(data: DataFolder) -> Iterator[None]:
    """The data folder's lock, which the operating system drops even when we are killed; in it stands who holds it."""
    with open(data.lock, "a", opener=private) as lock:
        deadline = time.monotonic() + _LOCK_SECONDS
        while not _locked(lock):
            if time.monotonic() > deadline:
                raise AlreadyRunning(f"a batchlocal is running on {data.root} already")
            time.sleep(0.02)
        lock.truncate(0)
        print(os.getpid(), file=lock, flush=True)
        yield


def _locked(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _listen(data: DataFolder, options: Options) -> list[socket.socket]:
    """Sockets on one port for IPv4 and, where there is such a loopback, IPv6 (Node's ``localhost`` may be ``::1``)."""
    kept = data.settings().get("port", 0)
    port = options.port or kept
    try:
        first = _bound(socket.AF_INET, options.host, port)
    except OSError:
        if port != kept or options.port:
            raise PortTaken(f"port {port} is taken; choose another one with --port, or leave it out") from None
        raise PortTaken(
            f"port {port}, which this data folder has used so far, is taken by another program;"
            f" end that program, or move with --port (stacks then need a new `up`)"
        ) from None
    port = first.getsockname()[1]
    write_private(data.server, json.dumps({**data.settings(), "port": port, "pid": os.getpid()}))
    if options.host != "127.0.0.1":
        return [first]
    try:
        return [first, _bound(socket.AF_INET6, "::1", port)]
    except OSError:
        return [first]


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((host, port))
        bound.listen(1024)
    except OSError:
        bound.close()
        raise
    return bound


class _Server(uvicorn.Server):
    """uvicorn's server; says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


async def _serve(
    data: DataFolder, options: Options, users: TaskUsers, sockets: list[socket.socket], ready: Callable[[str], None]
) -> None:
    platform = _platform(data, options, users, sockets[0].getsockname()[1])
    config = uvicorn.Config(
        Application(platform),
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing stands before it, and nobody may say so
        ssl_certfile=str(data.certificate),
        ssl_keyfile=str(data.private_key),
        timeout_graceful_shutdown=_GRACE_SECONDS,
        h11_max_incomplete_event_size=64 * 1024,
    )
    background = platform.background = _Background(platform)

    def begin() -> None:  # to work only when requests are answered
        ready(users.reason)
        threading.Thread(target=platform.tokens.prepare, daemon=True).start()
        background.start()

    try:
        await _Server(config, begin).serve(sockets)
    finally:
        await background.stop()
        platform.store.close()


class _Background:
    """What goes on beside requests; stopped while the data under the server is exchanged."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        platform = self._platform
        performers = {**arm_effects.PERFORMERS, **node_effects.PERFORMERS}
        work = (
            _run_storage(platform),
            Runner(platform, performers).run(),
            node_effects.run(platform),
            take_samples(platform),
            deliver(platform),
            sample(platform),
        )
        self._tasks = [asyncio.create_task(one) for one in work]
        for task in self._tasks:
            task.add_done_callback(_tell_of_trouble)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []


def _tell_of_trouble(task: asyncio.Task[None]) -> None:
    """Nothing in the background ends by itself: what does is told at once, for the server goes on without it."""
    if not task.cancelled() and (trouble := task.exception()) is not None:
        _log.error("background work ended badly; restart the server (batchlocal stop)", exc_info=trouble)


def _platform(data: DataFolder, options: Options, users: TaskUsers, port: int) -> Platform:
    credentials = data.credentials()
    origin = f"https://localhost:{port}"
    return Platform(
        data=data,
        store=Store(data.store),
        tokens=Tokens(data.signing_key, credentials.tenant_id, origin),
        credentials=credentials,
        origin=origin,
        blobs=BlobServer(data.blobs, data.certificate, data.private_key),
        clock=Clock(options.pace),
        strict=options.strict,
        simulate_nodes=options.simulate_nodes,
        simulate_containers=options.simulate_containers,
        task_users=users,
    )


async def _run_storage(platform: Platform) -> None:
    """Linked storage, beside ARM and not before it: ARM answers while the blob server is still starting."""
    blobs = platform.blobs
    assert isinstance(blobs, BlobServer)
    blobs.judge = partial(judge, platform)
    try:
        await blobs.start()
        await arm_effects.sync_storage(platform)
        await asyncio.Event().wait()
    finally:
        await blobs.stop()
