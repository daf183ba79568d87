"""What Microsoft.Compute says about sizes and what is left of a region."""

from __future__ import annotations

from typing import Any

from tests.neighbours.conftest import Caller


def asked(owner: Caller, path: str) -> list[dict[str, Any]]:
    root = f"/subscriptions/{owner.local.subscription}/providers/Microsoft.Compute"
    answer = owner.send("GET", f"{root}/{path}", version="2024-07-01")
    assert answer.ok, answer.text
    return list(answer.json()["value"])


def test_sizes_are_those_that_batch_lists_too(everyone: Caller) -> None:
    sizes = {one["name"]: one for one in asked(everyone, "locations/westeurope/vmSizes")}
    batch = f"/subscriptions/{everyone.local.subscription}/providers/Microsoft.Batch/locations/westeurope"
    listed = everyone.send("GET", f"{batch}/virtualMachineSkus", version="2024-07-01").json()["value"]
    assert set(sizes) == {one["name"] for one in listed}
    assert (sizes["Standard_D2s_v3"]["numberOfCores"], sizes["Standard_D2s_v3"]["memoryInMB"]) == (2, 8192)


def test_skus_of_a_region_have_families_and_capabilities(everyone: Caller) -> None:
    skus = asked(everyone, "skus?$filter=location eq 'West Europe'")
    assert {one["locations"][0] for one in skus} == {"westeurope"}
    [sku] = [one for one in skus if one["name"] == "Standard_F4s_v2"]
    assert sku["family"] == "standardFSv2Family"
    assert {"name": "vCPUs", "value": "4"} in sku["capabilities"]
    assert len(asked(everyone, "skus")) > len(skus)


def test_usages_name_the_region_and_each_family(everyone: Caller) -> None:
    usages = {one["name"]["value"]: one for one in asked(everyone, "locations/westeurope/usages")}
    assert {"cores", "standardDSv3Family"} <= set(usages)
    assert all(one["currentValue"] == 0 < one["limit"] for one in usages.values())


def test_a_region_that_azure_has_not_is_refused(everyone: Caller) -> None:
    root = f"/subscriptions/{everyone.local.subscription}/providers/Microsoft.Compute"
    refused = everyone.refused("GET", f"{root}/locations/atlantis/vmSizes")
    assert refused == (400, "NoRegisteredProviderFound")
