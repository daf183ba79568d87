"""A pool's rules, without a server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from batchlocal.domain import pool as pools
from batchlocal.domain.pool import AllocationState, Pool, ResizeError


def a_pool(**sent: object) -> Pool:
    return pools.create("account", "render", {"vmSize": "Standard_D2s_v3", **sent}, now=1)


def test_a_new_pool_is_resizing_even_to_no_nodes() -> None:
    assert a_pool().allocation_state is AllocationState.RESIZING


def test_a_pool_short_of_cores_ends_steady_and_says_why() -> None:
    error = ResizeError("AccountCoreQuotaReached", "The specified account has reached core quota")
    ended = pools.nodes_allocated(a_pool(targetDedicatedNodes=100), 2, 0, 5, (error,))
    assert ended.allocation_state is AllocationState.STEADY
    assert [one.code for one in ended.resize_errors] == ["AccountCoreQuotaReached"]
    assert pools.resize(ended, 1, None, "requeue", 6).resize_errors == ()


def test_a_resize_waits_for_the_one_that_goes_on() -> None:
    with pytest.raises(pools.ResizeOngoing):
        pools.resize(a_pool(), 3, None, "requeue", 2)


def test_a_pool_is_deleted_once() -> None:
    with pytest.raises(pools.PoolBeingDeleted):
        pools.delete(pools.delete(a_pool(), 2), 3)


def test_a_stopped_resize_leaves_the_pool_at_the_nodes_it_has() -> None:
    begun = replace(a_pool(targetDedicatedNodes=5), current_dedicated=2)
    assert pools.stop_resize(begun, 4).target_dedicated == 2


@pytest.mark.parametrize(("size", "slots"), [("Standard_D2s_v3", 8), ("STANDARD_A1_v2", 4), ("Standard_D96_v5", 256)])
def test_a_node_has_four_slots_a_core_and_256_at_most(size: str, slots: int) -> None:
    assert pools.slots_allowed(size) == slots
    with pytest.raises(pools.PropertyNotTaken):
        pools.create("account", "p", {"vmSize": size, "taskSlotsPerNode": slots + 1}, now=1)


def test_passwords_of_user_accounts_are_not_returned() -> None:
    pool = a_pool(userAccounts=[{"name": "me", "password": "word"}])
    assert "password" not in pool.properties["userAccounts"][0]
