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


def test_a_stopped_resize_keeps_its_targets_and_tells_what_is_missing() -> None:
    begun = replace(a_pool(targetDedicatedNodes=5, targetLowPriorityNodes=3), current_dedicated=2)
    ended = pools.nodes_allocated(pools.stop_resize(begun, 4), 2, 3, 5)
    assert (ended.target_dedicated, ended.current_dedicated) == (5, 2)
    assert [(error.code, error.message) for error in ended.resize_errors] == [
        ("ResizeStopped", "Desired number of dedicated nodes could not be allocated due to a stop resize operation")
    ]


UBUNTU = {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"}
GALLERY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/mine/images/tool"


def a_machine(image: dict[str, str], **more: object) -> dict[str, object]:
    return {"imageReference": image, "nodeAgentSKUId": "batch.node.ubuntu 24.04", **more}


@pytest.mark.parametrize(
    ("size", "image", "name"),
    [
        ("a1", UBUNTU, "vmSize"),
        ("Standard_D2s_v3", {**UBUNTU, "publisher": "nobody"}, "imageReference"),
        ("Standard_D2s_v3", {"virtualMachineImageId": f"{GALLERY}/versions"}, "virtualMachineImageId"),
    ],
)
def test_a_pool_of_machines_names_a_size_and_an_image_of_azure(size: str, image: dict[str, str], name: str) -> None:
    with pytest.raises(pools.PropertyNotTaken) as refused:
        a_pool(vmSize=size, virtualMachineConfiguration=a_machine(image))
    assert refused.value.name == name


@pytest.mark.parametrize(
    "image", [UBUNTU, *({"virtualMachineImageId": GALLERY + end} for end in ("", "/versions/1.0.0"))]
)
def test_a_pool_takes_an_image_of_the_marketplace_or_of_a_gallery(image: dict[str, str]) -> None:
    assert a_pool(virtualMachineConfiguration=a_machine(image)).state == "active"


def test_a_machine_is_filled_with_what_azure_fills_in() -> None:
    pool = a_pool(
        vmSize="Standard_D2s_v3",
        virtualMachineConfiguration=a_machine(UBUNTU, dataDisks=[{"lun": 0, "diskSizeGB": 5}]),
        networkConfiguration={"publicIPAddressConfiguration": {"provision": "batchmanaged"}},
    )
    machine = pool.properties["virtualMachineConfiguration"]
    assert machine["imageReference"]["version"] == "latest"
    assert machine["dataDisks"] == [
        {"caching": "none", "storageAccountType": "standard_lrs", "lun": 0, "diskSizeGB": 5}
    ]
    assert pool.properties["networkConfiguration"]["dynamicVNetAssignmentScope"] == "none"


@pytest.mark.parametrize(("size", "slots"), [("Standard_D2s_v3", 8), ("STANDARD_A1_v2", 4), ("Standard_D96_v5", 256)])
def test_a_node_has_four_slots_a_core_and_256_at_most(size: str, slots: int) -> None:
    assert pools.slots_allowed(size) == slots
    with pytest.raises(pools.PropertyNotTaken):
        pools.create("account", "p", {"vmSize": size, "taskSlotsPerNode": slots + 1}, now=1)


def test_passwords_of_user_accounts_are_not_returned() -> None:
    pool = a_pool(userAccounts=[{"name": "me", "password": "word"}])
    assert "password" not in pool.properties["userAccounts"][0]
