"""Components as another Pulumi program uses them, and what pools and accounts become."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime import rpc

from infra.components import BatchEnvironment
from infra.formulas import formula_of
from infra.model import Account, Application, Autoscale, Environment, Nodes, Package, PackageReference, Pool, Storage
from tests.infra.mocked import ROOT, Deploy


def environment(**changed: Any) -> Environment:
    given = {"location": "westeurope", "resource_group": "render", "account": Account(name="renderbatch"), **changed}
    return Environment(**given)


def test_another_program_makes_an_environment_from_typed_settings(deploy: Deploy) -> None:
    wanted = environment(pools=(Pool(name="main", nodes=Nodes(spot=4)),))
    recorder = deploy(program=lambda: BatchEnvironment("render", wanted, root=ROOT)).recorder
    pool = recorder.one("native:batch:Pool")
    assert pool["scaleSettings"]["fixedScale"]["targetLowPriorityNodes"] == 4
    assert pool["accountName"] == "renderbatch"
    assert recorder.of(":StorageAccount") == []


def test_a_pool_refers_to_a_package_by_version_or_leaves_it_to_the_default(deploy: Deploy) -> None:
    application = Application(name="App", packages=(Package(version="1.0", source="examples/fractal"),))
    pools = (
        Pool(name="named", packages=(PackageReference(application="app", version="1.0"),)),
        Pool(name="default", packages=(PackageReference(application="APP"),)),
    )
    wanted = environment(storage=Storage(name="renderstore"), applications=(application,), pools=pools)
    recorder = deploy(program=lambda: BatchEnvironment("render", wanted, root=ROOT)).recorder
    default, named = (one.inputs["applicationPackages"][0] for one in recorder.of("native:batch:Pool"))
    assert named["version"] == "1.0"
    assert "version" not in default


def test_passwords_go_to_azure_as_secrets(deploy: Deploy) -> None:
    pool = Pool.model_validate({"name": "main", "userAccounts": [{"name": "u", "password": "hunter2"}]})
    wanted = environment(pools=(pool,))
    recorder = deploy(program=lambda: BatchEnvironment("render", wanted, root=ROOT)).recorder
    users = recorder.one("native:batch:Pool")["userAccounts"]
    assert users[rpc._special_sig_key] == rpc._special_secret_sig
    assert users["value"] == [{"name": "u", "password": "hunter2"}]


@pytest.mark.parametrize("spot", [False, True])
def test_a_ready_formula_keeps_its_bounds_and_asks_for_one_kind_of_node(spot: bool) -> None:
    text = formula_of(Autoscale(formula="pendingTasks", minimum=2, maximum=9, spot=spot), task_slots=4)
    wanted, other = ("LowPriority", "Dedicated") if spot else ("Dedicated", "LowPriority")
    assert f"$Target{wanted}Nodes = max(2, min(9, $nodes));" in text
    assert f"$Target{other}Nodes = 0;" in text
    assert "($tasks + 3) / 4" in text


def test_a_formula_of_ones_own_is_passed_on_as_it_is() -> None:
    assert formula_of(Autoscale(formula="$TargetDedicatedNodes = 1;"), task_slots=1) == "$TargetDedicatedNodes = 1;"
