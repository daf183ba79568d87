"""Pools that a formula sizes, at both planes, with Microsoft's own SDKs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from azure.batch import BatchClient
from azure.batch import models as service
from azure.core.exceptions import HttpResponseError

from tests.clients.conftest import UBUNTU, Account, Arm
from tests.support.waiting import until


@pytest.fixture
def pool(batch: BatchClient) -> Iterator[str]:
    """A pool without nodes."""
    name = f"scaled-{uuid.uuid4().hex[:6]}"
    image = service.BatchVmImageReference(publisher="canonical", offer="0001-com-ubuntu-server-jammy", sku="22_04-lts")
    machine = service.VirtualMachineConfiguration(image_reference=image, node_agent_sku_id="batch.node.ubuntu 22.04")
    options = service.BatchPoolCreateOptions(id=name, vm_size="standard_d2s_v3", virtual_machine_configuration=machine)
    batch.create_pool(options)
    until(lambda: batch.get_pool(name).allocation_state == "steady")
    yield name
    batch.begin_delete_pool(name)


def enable(batch: BatchClient, pool: str, formula: str | None, minutes: int | None = None) -> None:
    interval = timedelta(minutes=minutes) if minutes else None
    options = service.BatchPoolEnableAutoScaleOptions(
        auto_scale_formula=formula, auto_scale_evaluation_interval=interval
    )
    batch.enable_pool_auto_scale(pool, options)


def evaluated(batch: BatchClient, pool: str, formula: str) -> service.AutoScaleRun:
    return batch.evaluate_pool_auto_scale(pool, service.BatchPoolEvaluateAutoScaleOptions(auto_scale_formula=formula))


def test_a_formula_sizes_a_pool_and_leaves_it_when_it_goes(batch: BatchClient, pool: str) -> None:
    enable(batch, pool, "$TargetDedicatedNodes=2;", 6)
    until(lambda: batch.get_pool(pool).current_dedicated_nodes == 2)
    found = batch.get_pool(pool)
    assert found.enable_auto_scale
    assert found.auto_scale_evaluation_interval == timedelta(minutes=6)
    assert found.auto_scale_run.results == (
        "$TargetDedicatedNodes=2;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue"
    )
    with pytest.raises(HttpResponseError) as refused:
        batch.begin_resize_pool(pool, service.BatchPoolResizeOptions(target_dedicated_nodes=1))
    assert refused.value.status_code == 409
    batch.disable_pool_auto_scale(pool)
    found = batch.get_pool(pool)
    assert (found.enable_auto_scale, found.target_dedicated_nodes, found.auto_scale_formula) == (False, 2, None)


def test_a_formula_is_evaluated_without_being_applied(batch: BatchClient, pool: str) -> None:
    enable(batch, pool, "$TargetDedicatedNodes=0;")
    run = evaluated(batch, pool, "hour = time().hour; $TargetDedicatedNodes=3;")
    targets = "$TargetDedicatedNodes=3;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue"
    assert run.results.startswith(f"{targets};$hour=")
    assert run.error is None
    run = evaluated(batch, pool, "$something_useless")
    assert run.error.code == "AutoScalingFormulaEvaluationError"
    assert [(pair.name, pair.value) for pair in run.error.error_values or []] == [
        ("Message", "Line 1, Col 1: Undefined symbol: something_useless")
    ]
    assert batch.get_pool(pool).target_dedicated_nodes == 0


@pytest.mark.parametrize(
    ("formula", "minutes", "code"),
    [
        ("$TargetDedicatedNodes = ;", None, "AutoScalingFormulaSyntaxError"),
        ("x = 1;" + " " * 8192, None, "AutoScaleFormulaTooLong"),
        ("$TargetDedicatedNodes = 1;", 4, "InvalidPropertyValue"),
        ("$TargetDedicatedNodes = 1;", 168 * 60 + 1, "InvalidPropertyValue"),
        (None, None, "InvalidAutoScalingSettings"),
    ],
)
def test_settings_that_azure_refuses_are_refused(
    batch: BatchClient, pool: str, formula: str | None, minutes: int | None, code: str
) -> None:
    with pytest.raises(HttpResponseError) as refused:
        enable(batch, pool, formula, minutes)
    assert (refused.value.status_code, refused.value.model.code) == (400, code)
    assert batch.get_pool(pool).enable_auto_scale is False


def test_a_pool_grows_with_its_tasks_and_is_evaluated_on_its_interval(batch: BatchClient, pool: str) -> None:
    """Two evaluations apart by the interval: the first before any task, the second after."""
    enable(batch, pool, "$TargetDedicatedNodes = min(2, max(0, $PendingTasks.GetSample(1)));", 5)
    assert batch.get_pool(pool).target_dedicated_nodes == 0
    job = f"grow-{uuid.uuid4().hex[:6]}"
    batch.create_job(service.BatchJobCreateOptions(id=job, pool_info=service.BatchPoolInfo(pool_id=pool)))
    batch.create_task(job, service.BatchTaskCreateOptions(id="one", command_line="/bin/true"))
    until(lambda: batch.get_task(job, "one").state == "completed", seconds=40)
    batch.begin_delete_job(job)


def test_arm_evaluates_a_formula_that_it_sets(arm: Arm, account: Account) -> None:
    properties = {"vmSize": "STANDARD_D2S_V3", "deploymentConfiguration": UBUNTU}
    made = arm.batch.pool.create(arm.group, account.name, "armscaled", {"properties": properties})
    assert made.properties.auto_scale_run is None
    scale = {"autoScale": {"formula": "$TargetDedicatedNodes=1;"}}
    changed = arm.batch.pool.update(arm.group, account.name, "armscaled", {"properties": {"scaleSettings": scale}})
    assert changed.properties.auto_scale_run.results.startswith("$TargetDedicatedNodes=1;")
    assert changed.properties.scale_settings.auto_scale.evaluation_interval == timedelta(minutes=15)
    until(lambda: arm.batch.pool.get(arm.group, account.name, "armscaled").properties.current_dedicated_nodes == 1)
    back = arm.batch.pool.disable_auto_scale(arm.group, account.name, "armscaled")
    assert back.properties.scale_settings.fixed_scale.target_dedicated_nodes == 1
    arm.batch.pool.begin_delete(arm.group, account.name, "armscaled").result()
