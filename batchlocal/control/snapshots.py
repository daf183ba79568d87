"""Snapshots saved, listed, restored; and everything forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, TypeVar

from batchlocal import snapshots
from batchlocal.control.call import ControlCall, NotTaken, endpoint
from batchlocal.gate import StillBusy
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.snapshots import Snapshot
from batchlocal.store import Store
from batchlocal.store.migrations import StoreTooNew

T = TypeVar("T")
P = ParamSpec("P")


@endpoint("GET", "/snapshots")
def list_snapshots(call: ControlCall) -> Answer:
    """By name."""
    return Answer(200, {"value": [_shown(snapshot) for snapshot in snapshots.listed(call.platform.data)]})


def _shown(snapshot: Snapshot) -> dict[str, Any]:
    return {"name": snapshot.name, "created": snapshot.created, "size": snapshot.size}


@endpoint("PUT", "/snapshots/{name}")
async def save_snapshot(call: ControlCall) -> Answer:
    """201 with the snapshot; requests wait meanwhile, tasks run on."""
    platform, name = call.platform, call.parameters["name"]
    async with _quiet(platform):
        created, instant = moments.iso(call.request.arrived), platform.clock.now()
        await _in_thread(snapshots.copy_store, platform.data, name)
        await platform.blobs.save()
        saved = await _in_thread(snapshots.copy_files, platform.data, name, created, instant)
    return Answer(201, _shown(saved))


@endpoint("DELETE", "/snapshots/{name}")
async def remove_snapshot(call: ControlCall) -> Answer:
    """204; never while one is being saved or restored."""
    async with _quiet(call.platform):
        await _in_thread(snapshots.remove, call.platform.data, call.parameters["name"])
    return Answer(204)


@endpoint("POST", "/snapshots/{name}/restore")
async def restore_snapshot(call: ControlCall) -> Answer:
    """200 once all is as it was, what was owed due as much later as it was then; tasks that ran then wait again."""
    snapshot = await _in_thread(snapshots.find, call.platform.data, call.parameters["name"])
    await _exchange(call.platform, snapshot)
    return Answer(200, {"restored": snapshot.name})


@endpoint("POST", "/reset")
async def reset(call: ControlCall) -> Answer:
    """200 once all resources, tasks, blobs and stacks are forgotten; snapshots, identity and ports stay."""
    await _exchange(call.platform, None)
    call.platform.faults.clear()
    call.platform.journal.clear()
    return Answer(200, {"reset": True})


async def _exchange(platform: Platform, snapshot: Snapshot | None) -> None:
    """Put a snapshot, or nothing, in the place of what is there."""
    background = platform.background
    assert background is not None
    async with _quiet(platform):
        await background.stop()
        platform.store.close()
        try:
            await _in_thread(snapshots.exchange, platform.data, snapshot.name if snapshot else "")
        finally:
            platform.store = Store(platform.data.store)
            platform.forget()
            if snapshot is not None:
                with platform.store.write() as tx:
                    tx.effects.shift(platform.clock.now() - snapshot.instant)
            background.start()
        await platform.blobs.wait_ready()


@asynccontextmanager
async def _quiet(platform: Platform) -> AsyncIterator[None]:
    try:
        async with platform.gate.closed():
            yield
    except StillBusy as busy:
        raise NotTaken(f"Not now: {busy}.", 409, "Busy") from None


async def _in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Copy files beside the event loop, and word what is wrong with a name."""
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    except snapshots.NameInvalid as wrong:
        raise NotTaken(str(wrong)) from None
    except snapshots.SnapshotNotFound as missing:
        raise NotTaken(str(missing), 404, "SnapshotNotFound") from None
    except StoreTooNew as new:
        raise NotTaken(f"A newer batchlocal made this snapshot: {new}.", 409, "SnapshotTooNew") from None
