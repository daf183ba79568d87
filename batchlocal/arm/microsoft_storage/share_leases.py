"""Leases of file shares, which keep a share from being deleted (REST reference, "Lease Share")."""

from __future__ import annotations

import uuid
from typing import Any, Final

from batchlocal.arm.microsoft_storage.containers import LeaseRefused
from batchlocal.protocol import moments
from batchlocal.store.resources import Resource

__all__ = ["change_lease", "check_not_leased", "lease_properties"]

_FOR_EVER: Final = -1
_SHORTEST, _LONGEST, _LONGEST_BREAK = 15, 60, 60  # seconds
# Azure's codes ("File service error codes"); the messages are ours
_MESSAGES: Final = {
    "InvalidHeaderValue": "The lease's duration is -1 or 15 to 60 seconds, and it takes at most 60 seconds to break.",
    "LeaseAlreadyPresent": "There is already a lease on the share.",
    "LeaseIdMissing": "There is a lease on the share, and the request does not name it.",
    "LeaseIdMismatchWithLeaseOperation": "The lease's id is not the one that the request names.",
    "LeaseIsBrokenAndCannotBeRenewed": "The lease is broken, or being broken, and goes on no more.",
    "LeaseNotPresentWithLeaseOperation": "There is no lease on the share.",
}


def _refused(code: str) -> LeaseRefused:
    return LeaseRefused(code, _MESSAGES[code])


def _state(share: Resource, now: int) -> str:
    lease = share.hidden.get("lease")
    if lease is None:
        return "Available"
    if lease["broken"] is not None:
        return "Breaking" if now < lease["broken"] else "Broken"
    return "Expired" if lease["until"] is not None and now >= lease["until"] else "Leased"


def lease_properties(share: Resource, now: int) -> dict[str, str]:
    """``leaseStatus``, ``leaseState`` and, while there is a lease, ``leaseDuration``."""
    state = _state(share, now)
    if state not in ("Leased", "Breaking"):
        return {"leaseStatus": "Unlocked", "leaseState": state}
    duration = {"leaseDuration": "Infinite" if share.hidden["lease"]["seconds"] == _FOR_EVER else "Fixed"}
    return {"leaseStatus": "Locked", "leaseState": state, **(duration if state == "Leased" else {})}


def check_not_leased(share: Resource, now: int) -> None:
    """
    Raises:
        LeaseRefused: somebody has a lease on it.
    """
    if _state(share, now) in ("Leased", "Breaking"):
        raise _refused("LeaseIdMissing")


def change_lease(share: Resource, sent: dict[str, Any], now: int) -> dict[str, str]:
    """Acquire, renew, change, release or break; ``sent`` is a LeaseShareRequest, the answer a LeaseShareResponse.

    Raises:
        LeaseRefused
    """
    actions = {"Acquire": _acquire, "Renew": _renew, "Change": _change, "Release": _release, "Break": _break}
    return actions[sent["action"]](share, sent, now)


def _acquire(share: Resource, sent: dict[str, Any], now: int) -> dict[str, str]:
    seconds, wanted = sent.get("leaseDuration"), sent.get("proposedLeaseId")
    if seconds != _FOR_EVER and not _SHORTEST <= (seconds or 0) <= _LONGEST:
        raise _refused("InvalidHeaderValue")
    state = _state(share, now)
    if state == "Breaking" or (state == "Leased" and wanted != share.hidden["lease"]["id"]):
        raise _refused("LeaseAlreadyPresent")
    share.hidden["lease"] = {"id": wanted or str(uuid.uuid4()), "seconds": seconds, "broken": None}
    return _last(share, now)


def _last(share: Resource, now: int) -> dict[str, str]:
    """Let the lease last for its duration from now on."""
    lease = share.hidden["lease"]
    lease["until"] = None if lease["seconds"] == _FOR_EVER else moments.after(now, lease["seconds"])
    return {"leaseId": lease["id"]}


def _own(share: Resource, sent: dict[str, Any], *ids: str) -> dict[str, Any]:
    lease: dict[str, Any] | None = share.hidden.get("lease")
    if lease is None:
        raise _refused("LeaseNotPresentWithLeaseOperation")
    if lease["id"] not in (sent.get("leaseId"), *ids):
        raise _refused("LeaseIdMismatchWithLeaseOperation")
    return lease


def _renew(share: Resource, sent: dict[str, Any], now: int) -> dict[str, str]:
    if _own(share, sent)["broken"] is not None:
        raise _refused("LeaseIsBrokenAndCannotBeRenewed")
    return _last(share, now)


def _change(share: Resource, sent: dict[str, Any], now: int) -> dict[str, str]:
    lease = _own(share, sent, str(sent.get("proposedLeaseId")))
    if _state(share, now) != "Leased":
        raise _refused("LeaseNotPresentWithLeaseOperation")
    lease["id"] = sent.get("proposedLeaseId") or lease["id"]
    return {"leaseId": lease["id"]}


def _release(share: Resource, sent: dict[str, Any], _: int) -> dict[str, str]:
    _own(share, sent)
    del share.hidden["lease"]
    return {}


def _break(share: Resource, sent: dict[str, Any], now: int) -> dict[str, str]:
    lease, period = share.hidden.get("lease"), sent.get("breakPeriod")
    if lease is None:
        raise _refused("LeaseNotPresentWithLeaseOperation")
    if period is not None and not 0 <= period <= _LONGEST_BREAK:
        raise _refused("InvalidHeaderValue")
    until = lease["broken"] if lease["broken"] is not None else lease["until"]
    left = None if until is None else max(0, -(-(until - now) // moments.TICKS_PER_SECOND))
    asked = [seconds for seconds in (period, left) if seconds is not None]
    seconds = min(asked, default=0)
    lease["broken"] = moments.after(now, seconds)
    return {"leaseTimeSeconds": str(seconds)}
