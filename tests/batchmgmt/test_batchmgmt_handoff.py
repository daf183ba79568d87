"""Each hand-off format whose reader can run here is read by it, and what it read lists pools."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys

import pytest
import yaml

from batchmgmt.errors import UsageError
from batchmgmt.handoff import FORMATS, find

TAKE_KEYS_ONLY = {"dotnet", "java", "javascript", "nextflow", "data-factory", "batch-shipyard"}
LIST_POOLS = """
import os
from azure.batch import BatchClient
from azure.core.credentials import AzureNamedKeyCredential
key = AzureNamedKeyCredential(os.environ["AZURE_BATCH_ACCOUNT"], os.environ["AZURE_BATCH_ACCESS_KEY"])
with BatchClient(os.environ["AZURE_BATCH_ENDPOINT"], key) as client:
    print("pools:", len(list(client.list_pools())))
"""


@pytest.fixture(scope="session")
def endpoint(account):
    return account.endpoint(details=True)


def lists_pools(variables: dict[str, str]) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", LIST_POOLS], env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.startswith("pools:")


def from_keys(account: str, url: str, key: str) -> dict[str, str]:
    return {"AZURE_BATCH_ACCOUNT": account, "AZURE_BATCH_ENDPOINT": url, "AZURE_BATCH_ACCESS_KEY": key}


def sh(script: str, **variables: str) -> str:
    done = subprocess.run(
        ["sh", "-c", script], env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_sh_reads_shell_and_dotenv(endpoint, tmp_path):
    program = tmp_path / "list.py"
    program.write_text(LIST_POOLS)
    (tmp_path / ".env").write_text(endpoint.export("dotenv"))
    assert sh(f'eval "$HANDOFF"; {sys.executable} {program}', HANDOFF=endpoint.export("shell")).startswith("pools:")
    assert sh(f"set -a; . {tmp_path}/.env; {sys.executable} {program}").startswith("pools:")


def test_json_and_env_are_read_by_python(endpoint):
    found = json.loads(endpoint.export("json"))
    assert lists_pools(from_keys(found["account"], found["endpoint"], found["authentication"]["key"]))
    assert lists_pools(endpoint.env())


def test_a_github_step_masks_the_key_before_later_steps_get_it(endpoint, tmp_path):
    printed = sh(endpoint.export("github-actions"), GITHUB_ENV=str(tmp_path / "env"))
    variables = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    assert printed == f"::add-mask::{variables['AZURE_BATCH_ACCESS_KEY']}\n"
    assert lists_pools(variables)


def test_a_kubernetes_secret_and_shipyards_credentials_are_yaml(endpoint):
    secret = yaml.safe_load(endpoint.export("kubernetes"))
    assert (secret["apiVersion"], secret["kind"], secret["type"]) == ("v1", "Secret", "Opaque")
    assert lists_pools(secret["stringData"])
    batch = yaml.safe_load(endpoint.export("batch-shipyard"))["credentials"]["batch"]
    assert lists_pools(from_keys(endpoint.account, batch["account_service_url"], batch["account_key"]))


def test_node_reads_the_javascript_module(endpoint, tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node on PATH")
    module = tmp_path / "batch.mjs"
    module.write_text(endpoint.export("javascript"))
    script = f"import('{module.as_uri()}').then(m => console.log(JSON.stringify({{...m}})))"
    read = json.loads(subprocess.run([node, "-e", script], capture_output=True, text=True, check=True).stdout)
    assert lists_pools(from_keys(read["account"], read["url"], read["key"]))


def test_snakemakes_profile_names_the_account_and_holds_no_secret(endpoint):
    profile = yaml.safe_load(endpoint.export("snakemake"))
    assert profile["executor"] == "azure-batch"
    assert profile["azure-batch-account-url"] == endpoint.url


@pytest.mark.parametrize("form", FORMATS)
def test_only_formats_that_say_so_hold_the_key(endpoint, form):
    text = endpoint.export(form)
    assert (endpoint.authentication.key.reveal() in text) == find(form).secret
    assert find(form).help
    assert find(form).read_by


@pytest.mark.parametrize("form", FORMATS)
def test_with_a_token_a_format_carries_it_or_says_that_it_takes_keys_only(account, form):
    endpoint = account.endpoint(auth="token", details=True)
    if form in TAKE_KEYS_ONLY:
        with pytest.raises(UsageError, match="carries a key"):
            endpoint.export(form)
    else:
        assert account.keys.list().primary.reveal() not in endpoint.export(form)


def test_links_name_the_account_and_its_storage(endpoint):
    assert endpoint.export("portal").endswith(f"/Microsoft.Batch/batchAccounts/{endpoint.account}")
    assert endpoint.export("batch-explorer").startswith("ms-batch-explorer://")
    assert endpoint.storage.account in endpoint.export("storage-explorer")


def test_every_format_is_written_with_mode_0600(cli, named, tmp_path):
    path = tmp_path / "handoff"
    assert cli("endpoint", "show", *named, "--format", "nextflow", "-o", str(path)).returncode == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "azurebatch" in path.read_text()
