"""The pace of life cycles, and manual progression: as discrete events, one instant after another."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from batchlocal.control.call import ControlCall, NotTaken, endpoint
from batchlocal.platform import Platform
from batchlocal.protocol import moments
from batchlocal.protocol.messages import Answer
from batchlocal.store.effects import Effect

_MODES: Final = ("real", "scaled", "manual")
_SETTLE_SECONDS: Final = 20.0  # real time that what was set off may take, such as start tasks
_POLL_SECONDS: Final = 0.002


@endpoint("GET", "/time")
def get_time(call: ControlCall) -> Answer:
    """Mode, pace, and what is owed next."""
    return Answer(200, _shown(call.platform))


@endpoint("PUT", "/time")
def set_time(call: ControlCall) -> Answer:
    """Change mode and pace, for waits that begin from now on."""
    sent = call.body(mode=str, pace=float)
    mode, pace = sent.get("mode", "scaled" if "pace" in sent else ""), sent.get("pace")
    if mode not in _MODES:
        raise NotTaken(f"'mode' is {mode!r}, but it must be one of {', '.join(_MODES)}.")
    if mode == "real" and pace not in (None, 1):
        raise NotTaken("Real time has the pace 1; another pace is of mode scaled.")
    if pace is not None and not 0 < pace <= 100:
        raise NotTaken(f"'pace' is {pace:g}, but it must be more than 0 and at most 100; 1 is as long as Azure takes.")
    clock = call.platform.clock
    clock.pace = 1.0 if mode == "real" else clock.pace if pace is None else float(pace)
    if mode == "manual":
        clock.stop()
    else:
        clock.run()
    call.platform.wake.set()
    return Answer(200, _shown(call.platform))


@endpoint("POST", "/time/advance")
async def advance(call: ControlCall) -> Answer:
    """Let ``seconds`` of Azure's time pass, or go to the ``next`` thing owed; 200 when what came due has been done."""
    sent = call.body(seconds=float, next=bool)
    platform = call.platform
    if not platform.clock.manual:
        raise NotTaken('Time runs by itself: set the mode "manual" first.', 409, "TimeIsNotManual")
    if ("seconds" in sent) == bool(sent.get("next")):
        raise NotTaken("Say either how many 'seconds', or 'next': true.")
    if sent.get("seconds", 1) <= 0:
        raise NotTaken(f"'seconds' is {sent['seconds']}, but time goes on only: more than 0.")
    performed: dict[int, Effect] = {}
    if "seconds" in sent:
        target = moments.after(platform.clock.now(), sent["seconds"] * platform.pace)
        settled = await _advance_to(platform, target, performed)
    else:
        platform.clock.move(_next(platform) or 0)
        settled = await _settle(platform, performed)
    done = [{"kind": effect.kind, "subject": effect.subject} for effect in performed.values()]
    return Answer(200, {**_shown(platform), "performed": done, "settled": settled})


async def _advance_to(platform: Platform, target: int, performed: dict[int, Effect]) -> bool:
    """Go from instant to instant, so that what one thing sets off is done in its turn."""
    while (instant := _next(platform)) is not None and instant <= target:
        platform.clock.move(instant)
        if not await _settle(platform, performed):
            break
    platform.clock.move(target)
    return await _settle(platform, performed)


def _next(platform: Platform) -> int | None:
    """The next instant at which something is to happen."""
    now = platform.clock.now()
    found = (platform.store.read.effects.next_due(after=now), platform.clock.next_wait())
    return min((instant for instant in found if instant is not None), default=None)


async def _settle(platform: Platform, performed: dict[int, Effect]) -> bool:
    """Wait until all that is due has been done; False when that takes too long. Whoever waits for the clock may."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while time.monotonic() < deadline:
        due = platform.store.read.effects.due(platform.clock.now(), limit=1000)
        performed |= {effect.id: effect for effect in due}
        if _quiet(platform, due):
            return True
        platform.wake.set()
        await asyncio.sleep(_POLL_SECONDS)
    return False


def _quiet(platform: Platform, due: list[Effect]) -> bool:
    """Whether nothing is left to do at this instant: whoever was woken has gone on, and what is due and not done waits
    for the clock itself."""
    next_wait = platform.clock.next_wait()
    if next_wait is not None and next_wait <= platform.clock.now():
        return False
    return all(platform.clock.is_waited_for_by(effect.subject) for effect in due)


def _shown(platform: Platform) -> dict[str, Any]:
    clock, owed = platform.clock, platform.store.read.effects
    mode = "manual" if clock.manual else "real" if clock.pace == 1 else "scaled"
    first = owed.first()
    coming = {"kind": first.kind, "subject": first.subject, "due": moments.iso(first.due)} if first else None
    return {"mode": mode, "pace": clock.pace, "now": moments.iso(clock.now()), "owed": owed.count(), "next": coming}
