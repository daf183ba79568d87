"""Pools resized with Azure's own time-out, and drained with the way back."""

from __future__ import annotations

import shlex
from datetime import timedelta

import pytest
from azure.mgmt.batch.models import Pool
from command_cases import pool_definition

from batchmgmt.errors import InvalidRequest, TimedOut

FORMULA = "$TargetDedicatedNodes = 0;"  # of no nodes, so that no evaluation sets off a resize amid a test


@pytest.fixture
def pool(account, unique):
    """The name of a pool with a node."""
    account.pools.create(unique, pool_definition(1))
    account.pools.wait_steady(unique, timeout=60)
    yield unique
    account.pools.delete(unique)


def fixed_scale(account, pool):
    return account.pools.get(pool).properties.scale_settings.fixed_scale


def test_a_resize_takes_azures_time_out_and_what_becomes_of_tasks(account, pool):
    account.pools.resize(pool, dedicated=2, deallocation="TaskCompletion", resize_timeout=600)
    assert fixed_scale(account, pool).resize_timeout == timedelta(minutes=10)
    account.pools.resize(pool, dedicated=1)
    assert fixed_scale(account, pool).resize_timeout == timedelta(minutes=10)  # what is not given stays
    with pytest.raises(InvalidRequest):
        account.pools.resize(pool, dedicated=2, resize_timeout=60)


def test_waiting_for_a_resize_ends_in_time_and_the_resize_goes_on(account, pool):
    with pytest.raises(TimedOut, match=f"pool '{pool}' of account '{account.name}' is not steady after 0 s"):
        account.pools.resize(pool, dedicated=2, timeout=0)
    account.pools.wait_steady(pool, timeout=60)
    assert account.pools.get(pool).properties.current_dedicated_nodes == 2


def test_a_drained_pool_gets_its_nodes_back_as_it_was_told(cli, named, account, pool):
    before = fixed_scale(account, pool).resize_timeout
    drained = cli("pool", "drain", pool, "--deallocation", "Requeue", "--yes", *named)
    assert drained.returncode == 0, drained.stderr
    assert account.pools.get(pool).properties.current_dedicated_nodes == 0
    told = drained.stderr.splitlines()[0]
    assert drained.stderr.splitlines()[-1] == f"pool '{pool}' has no nodes"
    command = shlex.split(told.partition(": ")[2])
    assert command[0] == "batchmgmt"
    back = cli(*command[1:], *named)
    assert back.returncode == 0, back.stderr
    assert account.pools.get(pool).properties.current_dedicated_nodes == 1
    assert fixed_scale(account, pool).resize_timeout == before


def test_a_resize_replaces_a_formula_only_when_it_is_told_to(cli, named, account, unique):
    scaled = pool_definition(0).as_dict()
    scaled["properties"]["scaleSettings"] = {"autoScale": {"formula": FORMULA, "evaluationInterval": "PT5M"}}
    account.pools.create(unique, Pool(scaled))
    account.pools.wait_steady(unique, timeout=60)
    refused = cli("pool", "resize", unique, "--dedicated", "0", *named)
    assert refused.returncode == 2
    assert "--replace-formula" in refused.stderr
    assert FORMULA in refused.stderr
    assert account.pools.get(unique).properties.scale_settings.auto_scale.formula == FORMULA
    resized = cli("pool", "resize", unique, "--dedicated", "0", "--replace-formula", *named)
    assert resized.returncode == 0, resized.stderr
    assert account.pools.get(unique).properties.scale_settings.auto_scale is None
    account.pools.delete(unique)


def test_draining_shows_the_formula_that_it_takes_away(cli, named, account, unique):
    scaled = pool_definition(0).as_dict()
    scaled["properties"]["scaleSettings"] = {"autoScale": {"formula": FORMULA, "evaluationInterval": "PT5M"}}
    account.pools.create(unique, Pool(scaled))
    drained = cli("pool", "drain", unique, "--yes", *named)
    assert drained.returncode == 0, drained.stderr
    assert FORMULA in drained.stderr
    assert account.pools.get(unique).properties.scale_settings.auto_scale is None
    account.pools.delete(unique)


def test_draining_asks_first(cli, named, account, pool):
    refused = cli("pool", "drain", pool, *named)
    assert refused.returncode == 2
    assert "say --yes" in refused.stderr
    assert account.pools.get(pool).properties.current_dedicated_nodes == 1
