"""What a pool's change leads to, without a cloud."""

from __future__ import annotations

from typing import Any

import pytest

from batchmgmt.rules import PoolChange, pool_change
from infra.components.pool import lasting
from infra.model import Pool
from infra.provider.kinds import UNKNOWN
from infra.provider.pool_plan import Way, decide, differences, next_name
from tests.infra.mocked import Deploy

SIZE = {"settings": {"vmSize": "Standard_D2s_v5"}}
LARGER = {"settings": {"vmSize": "Standard_D4s_v5"}}


@pytest.mark.parametrize(
    ("on_change", "nodes", "way"),
    [
        ("fail", 0, Way.NOTHING),
        ("drain", 0, Way.NOTHING),
        ("replace", 0, Way.NOTHING),
        ("fail", 2, Way.REFUSE),
        ("drain", 2, Way.DRAIN),
        ("replace", 2, Way.REPLACE),
    ],
)
def test_a_change_that_needs_an_empty_pool_goes_the_pools_way(on_change: str, nodes: int, way: Way) -> None:
    found, told = decide("main", differences(SIZE, LARGER), nodes, on_change)
    assert found is way
    assert "pool 'main': vmSize (Standard_D2s_v5 -> Standard_D4s_v5)" in told


@pytest.mark.parametrize(("on_change", "way"), [("fail", Way.REFUSE), ("drain", Way.REFUSE), ("replace", Way.REPLACE)])
def test_a_change_that_azure_never_takes_needs_a_new_pool_even_without_nodes(on_change: str, way: Way) -> None:
    change = differences({"settings": {}}, {"settings": {"applicationLicenses": ["maya"]}})
    found, told = decide("main", change, 0, on_change)
    assert found is way
    assert "applicationLicenses" in told


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"vmSize": "STANDARD_D2S_V5"}, {"vmSize": "Standard_D2s_v5"}),
        ({"networkConfiguration": {"subnetId": "a"}}, {"networkConfiguration": {"subnetId": UNKNOWN}}),
        ({"userAccounts": []}, {}),
    ],
    ids=["another case", "not known yet", "empty and not set"],
)
def test_what_means_the_same_is_no_difference(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert differences({"settings": old}, {"settings": new}) == []


def test_a_secret_that_changed_is_told_by_its_place_alone() -> None:
    olds, news = ({"settings": {}, "secrets": {"userAccounts[0].password": one}} for one in ("before", "after"))
    [found] = differences(olds, news)
    assert found.change is PoolChange.WHEN_EMPTY
    assert str(found) == "userAccounts[0].password"


def test_names_of_replacements_are_counted_and_stay_within_what_azure_takes() -> None:
    assert next_name("main", "main") == "main-2"
    assert next_name("main", "main-2") == "main-3"
    assert next_name("main-2", "main-2") == "main-2-2"
    assert next_name("a" * 64, "a" * 64) == f"{'a' * 62}-2"


def test_what_is_watched_for_a_pool_is_all_that_does_not_change_at_any_time(deploy: Deploy) -> None:
    recorder = deploy("local").recorder
    watched = recorder.one("PoolChange")["settings"]
    pool = set(recorder.one("native:batch:Pool")) - {"poolName", "accountName", "resourceGroupName"}
    assert {name for name in pool if pool_change(name) is not PoolChange.AT_ANY_TIME} == set(watched)
    everything = {_camel(name) for name in lasting(Pool(name="main"))}
    assert all(pool_change(name) is not PoolChange.AT_ANY_TIME for name in everything)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def test_secrets_of_a_pool_stand_sealed_and_apart(deploy: Deploy) -> None:
    from infra.components import BatchEnvironment
    from infra.model import Account, Environment
    from tests.infra.mocked import ROOT

    pool = Pool.model_validate({"name": "main", "userAccounts": [{"name": "u", "password": "hunter2"}]})
    wanted = Environment(location="westeurope", resource_group="g", account=Account(name="renderbatch"), pools=(pool,))
    change = deploy(program=lambda: BatchEnvironment("render", wanted, root=ROOT)).recorder.one("PoolChange")
    assert change["settings"]["userAccounts"] == [{"name": "u"}]
    assert change["secrets"]["value"] == {"userAccounts[0].password": "hunter2"}
