"""What is read of a Pulumi stack: its root's outputs that are not secret, and nothing else."""

from __future__ import annotations

import gzip
import json

import pytest

from batchmgmt.errors import BatchManagementError, UsageError
from batchmgmt.stacks import read_stack

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x"}
OUTPUTS = {"resourceGroup": "rg", "batchAccount": "acct", "subscriptionId": "sub", "pools": ["p"], "key": SECRET}


def write(folder, outputs, name="dev", project="proj", packed=False):
    resources = [
        {"urn": "urn:other", "type": "azure-native:batch:BatchAccount", "outputs": {"resourceGroup": "wrong"}},
        {"urn": "urn:stack", "type": "pulumi:pulumi:Stack", "outputs": outputs},
    ]
    checkpoint = {"version": 3, "checkpoint": {"stack": name, "latest": {"resources": resources}}}
    path = folder / ".pulumi" / "stacks" / project / (f"{name}.json.gz" if packed else f"{name}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    data = json.dumps(checkpoint).encode()
    path.write_bytes(gzip.compress(data) if packed else data)


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "Pulumi.yaml").write_text("name: proj\nruntime: python\n")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    return tmp_path


def test_outputs_come_from_the_projects_own_folder_without_its_secrets(project):
    write(project, OUTPUTS)
    found = read_stack("dev")
    assert (found.resource_group, found.account, found.subscription_id) == ("rg", "acct", "sub")
    assert "key" not in found.values
    assert "v1:x" not in repr(found)


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_backend_is_read_where_its_url_says_gzipped_or_not(project, tmp_path, monkeypatch, packed):
    backend = tmp_path / "a state"
    write(backend, OUTPUTS, packed=packed)
    monkeypatch.setenv("PULUMI_BACKEND_URL", backend.as_uri())
    assert read_stack("dev").account == "acct"
    assert read_stack("proj/dev").account == "acct"
    assert read_stack("organization/proj/dev").account == "acct"


def test_a_stack_that_is_not_there_or_not_deployed_is_named_with_the_mend(project):
    with pytest.raises(BatchManagementError, match=r"there is no stack 'dev' of project 'proj' in .*deploy it"):
        read_stack("dev")
    write(project, {})
    with pytest.raises(BatchManagementError, match="has no output resourceGroup, batchAccount, subscriptionId"):
        read_stack("dev")
    with pytest.raises(UsageError, match="is no stack name"):
        read_stack("../../etc/passwd")


def test_another_backend_is_asked_of_the_pulumi_cli_which_must_be_there(project, monkeypatch):
    monkeypatch.setenv("PULUMI_BACKEND_URL", "https://api.example.com")
    monkeypatch.setenv("PATH", str(project))
    with pytest.raises(BatchManagementError, match="no `pulumi` on PATH"):
        read_stack("dev")
    pulumi = project / "pulumi"
    pulumi.write_text(f"#!/bin/sh\necho '{json.dumps({**OUTPUTS, 'key': '[secret]'})}'\n")
    pulumi.chmod(0o755)
    assert "key" not in read_stack("dev").values
