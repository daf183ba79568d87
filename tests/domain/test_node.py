"""A node's life, without a server: what may follow what, and what happens when two things come together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from batchlocal.domain import node as nodes
from batchlocal.domain.node import Node


def a_node(state: str = "idle", **more: object) -> Node:
    return replace(Node("pool", "tvmps_1_d", 0, state, 1, 1, slots=4), **more)  # type: ignore[arg-type]


def test_a_node_runs_while_it_has_tasks_and_is_idle_after_the_last() -> None:
    busy = nodes.occupy(nodes.occupy(a_node(), 1, 2), 2, 3)
    assert (busy.state, busy.state_since, busy.slots_free, busy.total_tasks) == ("running", 2, 1, 2)
    half = nodes.release(busy, 1, 4, succeeded=True)
    assert (half.state, half.slots_used) == ("running", 2)
    done = nodes.release(half, 2, 5, succeeded=False)
    assert (done.state, done.state_since, done.succeeded_tasks) == ("idle", 5, 1)


@pytest.mark.parametrize("state", ["creating", "starting", "waitingforstarttask", "starttaskfailed", "unusable",
                                   "rebooting", "preempted", "leavingpool", "deallocated", "offline"])  # fmt: skip
def test_only_idle_and_running_nodes_take_tasks(state: str) -> None:
    assert a_node(state).slots_free == 0


def test_a_node_closed_while_it_runs_is_offline_when_its_last_task_has_ended() -> None:
    closed = nodes.disable_scheduling(nodes.occupy(a_node(), 1, 2), 3)
    assert (closed.state, closed.slots_free) == ("running", 0)
    at_rest = nodes.release(closed, 1, 4, succeeded=True)
    assert at_rest.state == "offline"
    assert nodes.enable_scheduling(at_rest, 5).state == "idle"


def test_scheduling_is_changed_only_to_what_it_is_not() -> None:
    with pytest.raises(nodes.NodeSchedulingUnchanged):
        nodes.enable_scheduling(a_node(), 2)
    with pytest.raises(nodes.NodeSchedulingUnchanged):
        nodes.disable_scheduling(nodes.disable_scheduling(a_node(), 2), 3)


@pytest.mark.parametrize("option", ["requeue", "terminate"])
def test_a_reboot_that_ends_tasks_begins_at_once_and_keeps_their_slots_until_they_are_gone(option: str) -> None:
    rebooting = nodes.begin(nodes.occupy(a_node(), 1, 2), "reboot", option, 3)
    assert (rebooting.state, rebooting.slots_used, rebooting.pending) == ("rebooting", 1, "")
    assert nodes.release(rebooting, 1, 4, succeeded=False).state == "rebooting"


def test_a_reboot_that_waits_for_tasks_takes_no_new_ones() -> None:
    waiting = nodes.begin(nodes.occupy(a_node(), 1, 2), "reboot", "taskcompletion", 3)
    assert (waiting.state, waiting.slots_free, waiting.pending) == ("running", 0, "reboot")
    with pytest.raises(nodes.NodeBeingRebooted):
        nodes.begin(waiting, "reboot", "requeue", 4)
    begun = nodes.pending_due(nodes.release(waiting, 1, 5, succeeded=True), 6)
    assert (begun.state, begun.state_since, begun.pending) == ("rebooting", 6, "")


@pytest.mark.parametrize("state", ["idle", "creating", "offline"])
def test_a_reboot_of_a_node_without_tasks_waits_for_nothing(state: str) -> None:
    assert nodes.begin(a_node(state), "reboot", "taskcompletion", 2).state == "rebooting"


@pytest.mark.parametrize(
    ("state", "action", "refusal"),
    [
        ("rebooting", "reboot", nodes.NodeBeingRebooted),
        ("leavingpool", "reboot", nodes.NodeStateUnusable),
        ("preempted", "deallocate", nodes.NodeStateUnusable),
        ("idle", "start", nodes.NodeStateUnusable),
        ("starting", "start", nodes.NodeBeingStarted),
        ("creating", "start", nodes.NodeBeingCreated),
    ],
)
def test_what_does_not_fit_a_nodes_state_is_refused(state: str, action: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        nodes.begin(a_node(state), action, "requeue", 2)


def test_a_deallocated_node_can_only_be_started() -> None:
    gone = nodes.deallocated(nodes.begin(a_node(), "deallocate", "requeue", 2), 3)
    assert gone.state == "deallocated"
    with pytest.raises(nodes.NodeStateUnusable):
        nodes.begin(gone, "reboot", "requeue", 4)
    assert nodes.begin(gone, "start", "requeue", 5).state == "starting"


def test_a_boot_that_ends_after_scheduling_was_disabled_leaves_the_node_offline() -> None:
    closed = nodes.disable_scheduling(a_node("starting"), 2)
    assert closed.state == "starting"
    assert nodes.booted(closed, "idle", None, (), 3).state == "offline"


def test_only_spot_nodes_are_taken_back_and_once() -> None:
    with pytest.raises(nodes.NodeStateUnusable):
        nodes.preempt(a_node(), 2)
    taken = nodes.preempt(nodes.occupy(a_node(dedicated=False), 2, 2), 3)
    assert (taken.state, taken.slots_used) == ("preempted", 2)
    with pytest.raises(nodes.NodeStateUnusable):
        nodes.preempt(taken, 4)


def test_a_preemption_overtakes_a_reboot_that_waits() -> None:
    waiting = nodes.begin(nodes.occupy(a_node(dedicated=False), 1, 2), "reboot", "taskcompletion", 3)
    assert nodes.preempt(waiting, 4).pending == ""


def test_a_node_that_was_to_leave_goes_on_when_it_may_stay() -> None:
    leaving = nodes.leave(nodes.occupy(a_node(), 1, 2), 3)
    assert nodes.leave(leaving, 4) == leaving
    assert nodes.release(leaving, 1, 5, succeeded=True).state == "leavingpool"
    assert nodes.stay(leaving, 6).state == "running"
    assert nodes.stay(nodes.release(leaving, 1, 5, succeeded=True), 6).state == "idle"


def test_useless_nodes_leave_before_busy_ones() -> None:
    idle, busy = a_node(id="idle"), nodes.occupy(a_node(id="busy"), 3, 2)
    failed = a_node("starttaskfailed", id="failed")
    assert [node.id for node in nodes.leaving_first([busy, idle, failed])] == ["failed", "idle", "busy"]


@pytest.mark.parametrize("state", ["rebooting", "preempted", "deallocating"])
def test_a_boot_that_was_overtaken_changes_nothing(state: str) -> None:
    assert nodes.boot(a_node(state), "waitingforstarttask", 2).state == state
    assert nodes.booted(a_node(state), "idle", None, (), 2) == a_node(state)
