"""The program as a whole, under mocks."""

from __future__ import annotations

from tests.infra.mocked import Deploy

CONTRACT = {
    "resourceGroup",
    "subscriptionId",
    "batchAccount",
    "batchAccountId",
    "batchEndpoint",
    "location",
    "storageAccount",
    "storageBlobEndpoint",
    "pools",
    "applications",
    "portalUrl",
}


def test_outputs_are_those_that_other_tools_rely_on(deploy: Deploy) -> None:
    outputs = deploy("local").outputs
    assert set(outputs) == CONTRACT
    assert outputs["pools"] == ["main"]
    assert outputs["applications"] == {"fractal": "1.0"}
    assert outputs["batchEndpoint"] == "https://localbatch.westeurope.batch.azure.com"
    assert outputs["portalUrl"].startswith("https://portal.azure.com/#resource/subscriptions/sub/")
