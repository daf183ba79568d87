"""What a pool's change means: the table against the SDK, and the emulator's use of it."""

from __future__ import annotations

import inspect
from dataclasses import replace

import pytest
from pulumi_azure_native import batch
from pydantic.alias_generators import to_camel

from batchlocal.domain import pool as pools
from batchlocal.domain.pool import AllocationState, Pool
from batchlocal.domain.pool_changes import PropertyFixed, check_change
from batchmgmt.rules import API_VERSION, PoolChange, pool_change

PLACE = {"__self__", "__props__", "resourceName", "opts", "accountName", "poolName", "resourceGroupName"}


def a_pool(nodes: int = 0, **sent: object) -> Pool:
    made = pools.create("account", "render", {"vmSize": "Standard_D2s_v3", "metadata": [], **sent}, now=1)
    return replace(made, allocation_state=AllocationState.STEADY, current_dedicated=nodes)


def changed(pool: Pool, **sent: object) -> Pool:
    return pools.update(pool, sent, 2)


def test_the_table_is_for_the_version_that_the_programs_pools_speak() -> None:
    assert f"Uses Azure REST API version {API_VERSION}." in inspect.getsource(batch.pool)


def test_every_property_that_a_program_can_set_is_in_the_table_or_needs_a_new_pool() -> None:
    parameters = inspect.signature(batch.Pool._internal_init).parameters
    names = {to_camel(name) for name in parameters} - PLACE
    lasting = {name for name in names if pool_change(name) is PoolChange.NEW_POOL}
    assert lasting == {"applicationLicenses"}


@pytest.mark.parametrize(
    ("name", "version", "change"),
    [
        ("startTask", "2023-05-01", PoolChange.AT_ANY_TIME),
        ("startTask", "2025-06-01", PoolChange.AT_ANY_TIME),
        ("vmSize", "2024-02-01", PoolChange.NEW_POOL),
        ("vmSize", "2024-07-01", PoolChange.WHEN_EMPTY),
        ("networkConfiguration", "2025-06-01", PoolChange.WHEN_EMPTY),
        ("applicationLicenses", "2024-07-01", PoolChange.NEW_POOL),
        ("targetNodeCommunicationMode", "2023-11-01", PoolChange.AT_ANY_TIME),
        ("targetNodeCommunicationMode", "2024-07-01", PoolChange.WHEN_EMPTY),
    ],
)
def test_what_a_change_means_depends_on_the_api_version(name: str, version: str, change: PoolChange) -> None:
    assert pool_change(name, version) is change


def test_a_pool_with_nodes_keeps_its_size_and_an_empty_one_takes_another() -> None:
    for version in ("2024-02-01", "2024-07-01"):
        with pytest.raises(PropertyFixed) as refused:
            check_change(a_pool(1), changed(a_pool(1), vmSize="Standard_D4s_v3"), version)
        assert refused.value.name == "vmSize"
    check_change(a_pool(), changed(a_pool(), vmSize="Standard_D4s_v3"), "2024-07-01")
    with pytest.raises(PropertyFixed):
        check_change(a_pool(), changed(a_pool(), vmSize="Standard_D4s_v3"), "2024-02-01")


def test_an_equal_value_and_what_changes_at_any_time_pass_with_nodes() -> None:
    pool = a_pool(1, enableInterNodeCommunication=True)
    same = changed(pool, vmSize="STANDARD_D2S_V3", enableInterNodeCommunication=True)
    check_change(pool, same, "2024-07-01")
    check_change(
        pool, changed(pool, startTask={"commandLine": "true"}, metadata=[{"name": "a", "value": "b"}]), "2023-05-01"
    )


def test_another_password_is_a_change_of_the_users() -> None:
    pool = a_pool(1, userAccounts=[{"name": "u", "password": "one"}])
    check_change(pool, changed(pool, userAccounts=[{"name": "u", "password": "one"}]), "2024-07-01")
    check_change(pool, changed(pool, userAccounts=[{"name": "u"}]), "2024-07-01")
    with pytest.raises(PropertyFixed):
        check_change(pool, changed(pool, userAccounts=[{"name": "u", "password": "two"}]), "2024-07-01")
