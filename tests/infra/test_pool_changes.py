"""Changes that Azure takes only on an empty pool, or never: drained, replaced or refused, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batchmgmt import BatchManagement
from tests.infra.project import Project, copied
from tests.support.waiting import until

FORMULA = "$TargetDedicatedNodes = 1;"
POOLS: list[dict[str, Any]] = [
    {"name": "drained", "nodes": {"dedicated": 1}, "onChange": "drain"},
    {"name": "formula", "autoscale": {"formula": FORMULA}, "onChange": "drain"},
    {"name": "swapped", "nodes": {"dedicated": 1}, "onChange": "replace"},
    {"name": "fixed", "nodes": {"dedicated": 1}},
]


@pytest.fixture
def project(batchlocal: Any, tmp_path: Path, unique: str) -> Iterator[Project]:
    """A stack with a pool for every way, up; destroyed again."""
    made = copied(tmp_path, "local")
    made.change(
        {
            "batchenv:location": "westeurope",
            "batchenv:resourceGroup": unique,
            "batchenv:account": {"name": unique},
            "batchenv:pools": POOLS,
        }
    )
    yield made
    made.engine("destroy", "--yes", "--skip-preview")


def with_pools(project: Project, **changed: dict[str, Any]) -> None:
    """Change pools' settings, by name."""
    config = project.settings()
    config["batchenv:pools"] = [{**one, **changed.get(one["name"], {})} for one in config["batchenv:pools"]]
    project.change(config)


def pools_of(account: str) -> dict[str, Any]:
    """The pools' properties, by id."""
    with BatchManagement.from_env() as management:
        return {str(one.name): one.properties for one in management.account(account, account).pools.list()}


def nodes_of(pool: Any) -> int:
    return int(pool.current_dedicated_nodes)


def test_a_change_that_needs_an_empty_pool_is_made_as_its_setting_says(project: Project, unique: str) -> None:
    project.engine("up", "--yes", "--skip-preview")
    assert project.outputs()["pools"] == ["drained", "formula", "swapped", "fixed"]
    until(lambda: nodes_of(pools_of(unique)["formula"]) == 1)  # a formula sizes its pool a little later
    assert [nodes_of(pool) for pool in pools_of(unique).values()] == [1, 1, 1, 1]

    larger = {"vmSize": "Standard_D4s_v5"}
    with_pools(project, drained=larger, formula=larger, swapped=larger)
    told = project.engine("preview")
    change = "vmSize (Standard_D2s_v5 -> Standard_D4s_v5) can change only while it has no nodes, and it has 1"
    assert f"pool 'drained': {change}: it is drained, changed in place, and scaled back" in told
    assert f"pool 'swapped': {change}: pool 'swapped-2' takes its place and is made before 'swapped' is deleted" in told
    assert [pool.vm_size for pool in pools_of(unique).values()] == ["STANDARD_D2S_V5"] * 4

    told = project.engine("up", "--yes", "--skip-preview")
    assert "pool 'drained': 0 nodes are left" in told
    assert told.index("pool-swapped created replacement") < told.index("pool-swapped deleted")
    assert project.outputs()["pools"] == ["drained", "formula", "swapped-2", "fixed"]
    until(lambda: nodes_of(pools_of(unique)["formula"]) == 1)
    found = pools_of(unique)
    assert sorted(found) == ["drained", "fixed", "formula", "swapped-2"]
    for name in ("drained", "formula", "swapped-2"):
        assert (found[name].vm_size, nodes_of(found[name])) == ("STANDARD_D4S_V5", 1)
    assert found["formula"].scale_settings.auto_scale.formula == FORMULA
    project.engine("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")

    with_pools(project, fixed=larger)
    for command in (["preview"], ["up", "--yes", "--skip-preview"]):
        told = project.engine(*command, code=1)
        assert f"pool 'fixed': {change}: set onChange: drain" in told
    assert pools_of(unique)["fixed"].vm_size == "STANDARD_D2S_V5"


@pytest.mark.slow
def test_a_resize_that_ends_short_fails_the_run_with_azures_code_and_the_mend(project: Project, unique: str) -> None:
    config = project.settings()
    project.change({**config, "batchenv:pools": [{"name": "large", "nodes": {"dedicated": 5000}}]})
    told = project.engine("up", "--yes", "--skip-preview", code=1)
    assert "resizing pool 'large'" in told
    assert "AccountCoreQuotaReached" in told
    assert "ask for more cores" in told
    project.engine("up", "--yes", "--skip-preview", code=1)  # tried again, and not taken for done

    project.change({**config, "batchenv:pools": [{"name": "large", "nodes": {"dedicated": 1}}]})
    project.engine("up", "--yes", "--skip-preview")
    assert nodes_of(pools_of(unique)["large"]) == 1
    project.engine("preview", "--expect-no-changes")


@pytest.mark.slow
def test_a_drain_that_was_followed_by_no_change_gives_the_nodes_back(project: Project, unique: str) -> None:
    project.engine("up", "--yes", "--skip-preview")
    with_pools(project, drained={"image": {**IMAGE, "offer": "0001-com-ubuntu-server-jammy", "publisher": "nobody"}})
    told = project.engine("up", "--yes", "--skip-preview", code=1)
    assert "InvalidPropertyValue" in told
    assert nodes_of(pools_of(unique)["drained"]) == 0
    with_pools(project, drained={"image": "ubuntu-22.04"})
    project.engine("up", "--yes", "--skip-preview")
    assert nodes_of(pools_of(unique)["drained"]) == 1


IMAGE = {"sku": "22_04-lts", "nodeAgent": "batch.node.ubuntu 22.04"}
