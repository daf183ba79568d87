"""Which cloud it is: by a metadata document, by name, or the public one."""

from __future__ import annotations

import pytest

from batchmgmt.arm import cloud_from_environment
from batchmgmt.clouds import CHINA, GOVERNMENT, PUBLIC, cloud_from_metadata
from batchmgmt.errors import BatchManagementError, UsageError
from batchmgmt.lean import LeanHttp

DOCUMENT = {
    "name": "AzureStack",
    "resourceManager": "https://arm.example.net/",
    "batch": "https://batch.example.net",
    "portal": "https://portal.example.net/",
    "authentication": {"loginEndpoint": "https://login.example.net/", "audiences": ["https://arm.example.net/x"]},
    "suffixes": {"storage": "example.net"},
}


@pytest.mark.parametrize(
    ("name", "cloud"),
    [
        ("", PUBLIC),
        ("public", PUBLIC),
        ("china", CHINA),
        ("usgovernment", GOVERNMENT),
        ("AzureChinaCloud", CHINA),
        ("AzureUSGovernment", GOVERNMENT),
    ],
)
def test_a_cloud_is_named_as_for_terraform_and_azure_native(monkeypatch, name, cloud):
    monkeypatch.delenv("ARM_METADATA_HOSTNAME", raising=False)
    monkeypatch.setenv("ARM_ENVIRONMENT", name)
    assert cloud_from_environment(LeanHttp()) is cloud
    assert cloud.well_known


def test_an_unknown_name_is_refused_with_those_that_there_are(monkeypatch):
    monkeypatch.delenv("ARM_METADATA_HOSTNAME", raising=False)
    monkeypatch.setenv("ARM_ENVIRONMENT", "moon")
    with pytest.raises(UsageError, match="public, china or usgovernment, not 'moon'"):
        cloud_from_environment(LeanHttp())


def test_the_metadata_document_goes_before_a_name(management, monkeypatch):
    monkeypatch.setenv("ARM_ENVIRONMENT", "china")
    assert cloud_from_environment(LeanHttp()) == management.cloud


@pytest.mark.parametrize("document", [DOCUMENT, [DOCUMENT]], ids=["object", "list"])
def test_any_metadata_document_makes_a_cloud(document):
    cloud = cloud_from_metadata(document, "arm.example.net")
    assert (cloud.arm, cloud.authority) == ("https://arm.example.net", "https://login.example.net")
    assert cloud.arm_scope == "https://arm.example.net/x/.default"
    assert cloud.batch_scope == "https://batch.example.net/.default"
    assert not cloud.well_known


def test_a_document_that_lacks_something_says_what():
    with pytest.raises(BatchManagementError, match=r"'batch' is missing\); check ARM_METADATA_HOSTNAME"):
        cloud_from_metadata({key: value for key, value in DOCUMENT.items() if key != "batch"}, "arm.example.net")
