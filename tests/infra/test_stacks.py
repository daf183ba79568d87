"""Each stack's resources, as a file that a reviewer can read; and what must hold in all of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.mocked import ROOT, Deploy, Recorder

SNAPSHOTS = Path(__file__).parent / "snapshots"
STACKS = sorted(path.name.split(".")[1] for path in (ROOT / "stacks").glob("Pulumi.*.yaml"))


def rendered(recorder: Recorder) -> str:
    """All resources with their inputs, by type and name; hashes of content are left out."""
    graph = {f"{one.typ} {one.name}": told(one.inputs) for one in recorder.resources}
    return yaml.safe_dump(graph, sort_keys=True, width=120)


def told(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "<sha256>" if key == "contentHash" else told(found) for key, found in value.items()}
    if isinstance(value, list):
        return [told(found) for found in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@pytest.mark.parametrize("stack", STACKS)
def test_the_resources_of_a_stack_are_those_that_were_reviewed(deploy: Deploy, stack: str) -> None:
    file = SNAPSHOTS / f"{stack}.yaml"
    now = rendered(deploy(stack).recorder)
    if not file.exists():
        file.write_text(now)
        pytest.fail(f"{file.relative_to(ROOT)} was missing and is written now: review it")
    assert now == file.read_text(), f"delete {file.relative_to(ROOT)} and run again to review the new one"


@pytest.mark.parametrize("stack", STACKS)
def test_no_stack_has_anything_secret_or_local_in_its_outputs(deploy: Deploy, stack: str) -> None:
    outputs = str(deploy(stack).outputs)
    assert not re.search(r"AccountKey|sig=|" + re.escape(str(ROOT)), outputs)


@pytest.mark.parametrize("stack", STACKS)
def test_no_storage_account_takes_plain_http_or_shows_blobs_to_everyone(deploy: Deploy, stack: str) -> None:
    storage = deploy(stack).recorder.one("storage:StorageAccount")
    assert storage["enableHttpsTrafficOnly"] is True
    assert storage["allowBlobPublicAccess"] is False
    assert storage["minimumTlsVersion"] == "TLS1_2"


def test_tags_of_the_environment_reach_all_that_takes_tags(deploy: Deploy) -> None:
    recorder = deploy("prod").recorder
    for kind in ("StorageAccount", "native:batch:BatchAccount", "Workspace", "ActionGroup"):
        assert recorder.one(kind)["tags"] == {"environment": "prod", "owner": "platform-team"}


def test_a_private_environment_shares_one_dns_zone_between_the_endpoints_of_batch(deploy: Deploy) -> None:
    recorder = deploy("private").recorder
    assert [one.name for one in recorder.of(":PrivateZone")] == [
        "privatelink.batch.azure.com",
        "privatelink.blob.core.windows.net",
    ]
    groups = {one.inputs["privateLinkServiceConnections"][0]["groupIds"][0] for one in recorder.of(":PrivateEndpoint")}
    assert groups == {"batchAccount", "blob", "nodeManagement"}
    [pool] = recorder.of("native:batch:Pool")
    assert pool.inputs["networkConfiguration"]["subnetId"].endswith("/subnets/pools")


def test_production_lets_the_account_keep_packages_in_storage_by_its_own_identity(deploy: Deploy) -> None:
    recorder = deploy("prod").recorder
    assert (
        recorder.one("native:batch:BatchAccount")["autoStorage"]["authenticationMode"] == "BatchAccountManagedIdentity"
    )
    [link] = [one for one in recorder.of(":RoleAssignment") if one.name == "account-storage"]
    assert link.inputs["roleDefinitionId"].endswith("/ba92f5b4-2d11-453d-a403-e96b0029c9fe")
    assert len(recorder.of(":ManagementLockByScope")) == 2
