"""Faults, set and cleared."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, Final

from batchlocal.control.call import ControlCall, NotTaken, endpoint
from batchlocal.domain.resize_errors import RESIZE_ERRORS
from batchlocal.faults import KINDS, Fault
from batchlocal.protocol.messages import Answer

_COLLECTION: Final = "Task_AddCollection"
_COMMON: Final = ("kind", "account", "times")
_MEMBERS: Final = {
    "error": ("operation", "plane", "status", "code", "message", "retryAfter", "task"),
    "delay": ("operation", "plane", "seconds"),
    "drop": ("operation", "plane", "afterCommit"),
    "allocation": ("pool", "code", "message"),
}
"""What a fault of each kind may say beside ``kind``, ``account`` and ``times``."""


@endpoint("POST", "/faults")
def add_fault(call: ControlCall) -> Answer:
    """201 with the fault as it was set."""
    sent = call.body(
        kind=str,
        operation=str,
        plane=str,
        account=str,
        pool=str,
        task=str,
        times=(int, str),
        status=int,
        code=str,
        message=str,
        retryAfter=int,
        seconds=float,
        afterCommit=bool,
    )
    fault = _read(sent, call.operations)
    call.platform.faults.add(fault)
    return Answer(201, _shown(fault))


@endpoint("GET", "/faults")
def list_faults(call: ControlCall) -> Answer:
    """The faults that still strike, in their order."""
    return Answer(200, {"value": [_shown(fault) for fault in call.platform.faults]})


@endpoint("DELETE", "/faults")
def clear_faults(call: ControlCall) -> Answer:
    """All gone."""
    return Answer(200, {"cleared": call.platform.faults.clear()})


@endpoint("DELETE", "/faults/{faultId}")
def clear_fault(call: ControlCall) -> Answer:
    """This one gone; 404 when it has struck for the last time already."""
    if not call.platform.faults.clear(call.parameters["faultId"]):
        raise NotTaken(f"There is no fault {call.parameters['faultId']} any more.", 404, "FaultNotFound")
    return Answer(200, {"cleared": 1})


def _read(sent: dict[str, Any], operations: Mapping[str, frozenset[str]]) -> Fault:
    kind = sent.get("kind", "error")
    if kind not in KINDS:
        raise NotTaken(f"'kind' is {kind!r}, but it must be one of {', '.join(KINDS)}.")
    if strange := [name for name in sent if name not in (*_COMMON, *_MEMBERS[kind])]:
        known = ", ".join((*_COMMON, *_MEMBERS[kind]))
        raise NotTaken(f"A fault of kind {kind} has no '{strange[0]}'; it has: {known}.")
    if kind == "allocation":
        return _allocation(sent)
    plane, operation = sent.get("plane", ""), sent.get("operation", "")
    if plane not in ("", *operations):
        raise NotTaken(f"'plane' is {plane!r}, but it must be one of {', '.join(operations)}, or left out.")
    _check_operation(operation, {plane: operations[plane]} if plane else operations)
    status = sent.get("status", 500)
    if not 400 <= status <= 599:
        raise NotTaken(f"'status' is {status}, but a fault answers with 400 to 599.")
    task = sent.get("task", "")
    if task and operation != _COLLECTION:
        raise NotTaken(f"'task' goes with the operation {_COLLECTION} alone: it says which tasks of a collection fail.")
    return Fault(
        kind,
        operation,
        plane,
        sent.get("account", "*"),
        task=task,
        times=_times(sent),
        status=status,
        code=sent.get("code", ""),
        message=sent.get("message", ""),
        retry_after=sent.get("retryAfter", 1 if status in (429, 503) else 0),
        seconds=_seconds(sent) if kind == "delay" else 0.0,
        after_commit=sent.get("afterCommit", False),
    )


def _allocation(sent: dict[str, Any]) -> Fault:
    by_lower = {code.lower(): code for code in RESIZE_ERRORS}
    code = by_lower.get(sent.get("code", "AllocationFailed").lower())
    if code is None:
        raise NotTaken(f"'code' is {sent['code']!r}, but it must be one of {', '.join(RESIZE_ERRORS)}.")
    message = sent.get("message", RESIZE_ERRORS[code])
    account, pool = sent.get("account", "*"), sent.get("pool", "*")
    return Fault("allocation", account=account, pool=pool, times=_times(sent), code=code, message=message)


def _check_operation(pattern: str, operations: Mapping[str, frozenset[str]]) -> None:
    """A pattern that no operation fits would wait for ever and say nothing."""
    known = sorted(frozenset[str]().union(*operations.values()))
    if not pattern:
        raise NotTaken(
            "'operation' is needed: an operationId such as BatchAccount_Create, or a pattern such as Pool_*."
        )
    if not any(fnmatchcase(name.lower(), pattern.lower()) for name in known):
        near = get_close_matches(pattern, known, 3)
        hint = f"; did you mean {' or '.join(near)}" if near else ""
        raise NotTaken(f"No operation fits '{pattern}'{hint}.")


def _times(sent: dict[str, Any]) -> int | None:
    """How often it strikes: a number from 1, or ``always``."""
    times = sent.get("times", 1)
    if times == "always":
        return None
    if not isinstance(times, int) or times < 1:
        raise NotTaken(f"'times' is {times!r}, but it must be a number from 1, or \"always\".")
    return times


def _seconds(sent: dict[str, Any]) -> float:
    seconds = float(sent.get("seconds", 1.0))
    if not 0 < seconds <= 3600:
        raise NotTaken(f"'seconds' is {seconds:g}, but a delay is more than 0 and at most 3600 seconds.")
    return seconds


def _shown(fault: Fault) -> dict[str, Any]:
    """A fault's JSON: what it was set with, and how often it has struck."""
    values = {
        "operation": fault.operation,
        "plane": fault.plane or None,
        "status": fault.status,
        "code": fault.code or None,
        "message": fault.message or None,
        "retryAfter": fault.retry_after or None,
        "seconds": fault.seconds,
        "afterCommit": fault.after_commit,
        "pool": fault.pool,
        "task": fault.task or None,
    }
    told = {name: values[name] for name in _MEMBERS[fault.kind] if values[name] is not None}
    times = "always" if fault.times is None else fault.times
    return {
        "id": fault.id,
        "kind": fault.kind,
        "account": fault.account,
        **told,
        "times": times,
        "struck": fault.struck,
    }
