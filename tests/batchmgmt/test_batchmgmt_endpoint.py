"""Handing out an account's endpoint: by name, by stack, with a key or a token; and what opens with it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys

import pytest

from batchmgmt import BatchManagement
from batchmgmt.errors import NotFound, UsageError

NO_SUBSCRIPTION = {"AZURE_SUBSCRIPTION_ID": "", "ARM_SUBSCRIPTION_ID": ""}


def shown(cli, *arguments, **options):
    done = cli("endpoint", "show", *arguments, **options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def token_only(make_account):
    return make_account("tokenonlyaccount", storage=False, allowedAuthenticationModes=["AAD"])


def test_json_has_the_keys_that_scripts_rely_on_and_the_accounts_own_key(cli, account, named):
    found = shown(cli, *named)
    key = account.management.sdk.batch_account.get_keys(account.resource_group, account.name).primary
    assert (found["account"], found["resourceGroup"]) == (account.name, account.resource_group)
    assert found["subscriptionId"] == account.management.subscription_id
    assert found["endpoint"].startswith("https://")
    assert found["authentication"] | {"reason": ""} == {"mode": "key", "keyName": "primary", "key": key, "reason": ""}
    assert "pools" not in found


def test_details_name_location_pools_applications_storage_and_cloud(cli, account, named):
    account.applications.ensure("detailed")
    found = shown(cli, *named, "--details")
    assert found["location"] == "westeurope"
    assert found["pools"] == [pool.name for pool in account.pools.list()]
    assert found["applications"]["detailed"] is None
    assert found["storage"]["account"] == f"{account.name}st"
    assert found["storage"]["blobEndpoint"].startswith("https://")
    assert found["storage"]["authenticationMode"] == "StorageKeys"
    assert found["cloud"] == account.management.cloud.name


def test_a_stack_names_the_account_and_gives_the_details(cli, account, tmp_path):
    outputs = {
        "resourceGroup": account.resource_group,
        "batchAccount": account.name,
        "subscriptionId": account.management.subscription_id,
        "pools": ["main"],
        "applications": {"tool": "1.0"},
        "storageAccount": f"{account.name}st",
        "storageBlobEndpoint": "https://blobs.example/",
    }
    stack = tmp_path / ".pulumi" / "stacks" / "proj" / "dev.json"
    stack.parent.mkdir(parents=True)
    root = {"type": "pulumi:pulumi:Stack", "outputs": outputs}
    stack.write_text(json.dumps({"version": 3, "checkpoint": {"latest": {"resources": [root]}}}))
    (tmp_path / "Pulumi.yaml").write_text("name: proj\n")
    found = shown(cli, "--stack", "dev", env={"PULUMI_BACKEND_URL": tmp_path.as_uri()}, cwd=tmp_path)
    assert found["account"] == account.name
    assert (found["pools"], found["applications"]) == (["main"], {"tool": "1.0"})
    assert found["storage"]["blobEndpoint"] == "https://blobs.example/"
    assert found["authentication"]["mode"] == "key"


@pytest.mark.parametrize("auth", ["key", "token"])
def test_a_key_and_a_token_each_open_the_batch_service(account, auth):
    with account.endpoint(auth=auth).client() as client:
        assert isinstance(list(client.list_pools()), list)


def test_the_command_lines_token_opens_the_batch_service(cli, account, named):
    found = shown(cli, *named, "--auth", "token")
    assert found["authentication"]["expiresOn"].endswith("Z")
    endpoint = account.endpoint(auth="token")._replace(credential=None)
    with endpoint.client() as client:
        assert isinstance(list(client.list_jobs()), list)


def test_auto_takes_a_token_where_the_account_allows_no_keys_and_says_why(cli, token_only):
    found = shown(cli, "-g", token_only.resource_group, "-n", token_only.name)
    assert found["authentication"]["mode"] == "token"
    assert "AAD" in found["authentication"]["reason"]
    with pytest.raises(UsageError, match="gives out no keys"):
        token_only.endpoint(auth="key")


def test_a_second_command_uses_the_first_ones_token_and_another_identity_does_not(cli, account, named, tmp_path):
    env = {"BATCHMGMT_CACHE_DIR": str(tmp_path / "cache")}
    shown(cli, *named, env=env)
    kept = list((tmp_path / "cache").iterdir())
    assert [stat.S_IMODE(each.stat().st_mode) for each in kept] == [0o600]
    before = kept[0].stat().st_mtime_ns
    shown(cli, *named, env=env)
    assert kept[0].stat().st_mtime_ns == before
    wrong = cli("endpoint", "show", *named, env={**env, "AZURE_CLIENT_SECRET": "wrong"})
    assert wrong.returncode == 1
    assert "signing in: invalid_client" in wrong.stderr
    assert "check AZURE_CLIENT_ID and AZURE_CLIENT_SECRET" in wrong.stderr


def test_nothing_is_kept_when_the_cache_is_off(cli, named, tmp_path):
    shown(cli, *named, env={"BATCHMGMT_CACHE_DIR": str(tmp_path / "cache"), "BATCHMGMT_TOKEN_CACHE": "off"})
    assert not (tmp_path / "cache").exists()


def test_a_file_gets_mode_0600_and_the_terminal_no_secret(cli, named, tmp_path):
    done = cli("endpoint", "show", *named, "--format", "dotenv", "-o", str(tmp_path / ".env"))
    assert (done.returncode, done.stdout) == (0, "")
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    key = (tmp_path / ".env").read_text().split('ACCESS_KEY="')[1].split('"')[0]
    assert key not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "env", "code", "words"),
    [
        (["-g", "rg"], {}, 2, "by --resource-group (-g) and --name (-n), or by --stack"),
        (["-g", "g", "-n", "n", "--stack", "s"], {}, 2, "either --stack, or --resource-group and --name"),
        (["-g", "g", "-n", "n", "--auth", "magic"], {}, 2, "--auth is one of auto, key, token"),
        (["-g", "g", "-n", "n", "--format", "xml"], {}, 2, "there is no format 'xml'; there are json"),
        (["-g", "g", "-n", "n"], {}, 1, "ResourceGroupNotFound"),
        (["-g", "batchmgmt-tests", "-n", "nosuch"], {}, 1, "AccountNotFound"),
        (["-g", "g", "-n", "n"], NO_SUBSCRIPTION, 2, "set AZURE_SUBSCRIPTION_ID"),
        (["-g", "g", "-n", "n"], {"ARM_METADATA_HOSTNAME": "localhost:9"}, 1, "nothing listens at localhost:9"),
        (["-g", "g", "-n", "n"], {"REQUESTS_CA_BUNDLE": "/dev/null"}, 1, "REQUESTS_CA_BUNDLE"),
        (["-g", "g", "-n", "n"], {"BATCHMGMT_TIMEOUT": "soon"}, 2, "BATCHMGMT_TIMEOUT is a number of seconds"),
        (["-g", "batchmgmt-tests", "-n", "sharedaccount", "-o", "/nowhere/x"], {}, 1, "/nowhere/x cannot be written"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_sentence_and_an_exit_code(cli, account, arguments, env, code, words, tmp_path):
    done = cli("endpoint", "show", *arguments, env=env, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_the_library_gives_errors_of_its_own_tree(management):
    with pytest.raises(NotFound) as caught:
        management.account("nosuchgroup", "nosuch").get()
    assert caught.value.code == "ResourceGroupNotFound"
    assert str(caught.value).startswith("reading account 'nosuch'")
    with pytest.raises(UsageError, match="by its resource group and name, or by a stack"):
        management.endpoint("group")


ASYNCHRONOUS = """
import asyncio, sys
from batchmgmt import BatchManagement

async def main(group, name):
    with BatchManagement.from_env() as management:
        async with management.account(group, name).endpoint().async_client() as client:
            print([image.node_agent_sku_id async for image in client.list_supported_images()][0])

asyncio.run(main(*sys.argv[1:]))
"""


def test_the_asynchronous_client_opens_the_batch_service_too(account, batchlocal):
    """In a process of its own: aiohttp reads SSL_CERT_FILE when it is imported."""
    command = [sys.executable, "-c", ASYNCHRONOUS, account.resource_group, account.name]
    environment = {**os.environ, **batchlocal.environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("batch.node.")


def test_a_token_is_renewed_by_the_credential_an_endpoint_came_from(account):
    endpoint = account.endpoint(auth="token")
    assert endpoint.credential is not None
    assert endpoint.credential() is account.management.credential


def test_any_credential_and_cloud_can_be_given(batchlocal, management, account):
    with BatchManagement(batchlocal.credential(), management.subscription_id, cloud=management.cloud) as other:
        assert other.account(account.resource_group, account.name).get().name == account.name


@pytest.mark.parametrize("command", [["endpoint", "show"], ["pool", "list"], ["location", "skus"]])
def test_a_kept_token_that_is_not_taken_any_more_is_asked_for_anew(cli, named, tmp_path, command):
    kept = spoiled_cache(cli, named, tmp_path)
    done = cli(*command, *named, env={"BATCHMGMT_CACHE_DIR": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert "spoiled" not in kept.read_text()


def test_after_a_change_was_refused_for_its_kept_token_the_next_run_signs_in_anew(cli, named, tmp_path, unique):
    spoiled_cache(cli, named, tmp_path)
    for code in (1, 0):
        done = cli("application", "create", unique, *named, env={"BATCHMGMT_CACHE_DIR": str(tmp_path)})
        assert done.returncode == code, done.stderr
        assert ("InvalidAuthenticationToken" in done.stderr) == bool(code)


def spoiled_cache(cli, named, folder):
    """The file of a token that Azure does not take: as after a server was made anew."""
    assert cli("account", "show", *named, env={"BATCHMGMT_CACHE_DIR": str(folder)}).returncode == 0
    (kept,) = folder.iterdir()
    token = json.loads(kept.read_text())
    kept.write_text(json.dumps(token | {"token": "spoiled"}))
    return kept


@pytest.mark.parametrize("command", [["pool", "list"], ["application", "create", "x"]])
def test_who_is_not_signed_in_is_told_how_in_one_line(cli, named, tmp_path, command):
    nobody = {f"AZURE_{each}": "" for each in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")}
    env = {**nobody, "BATCHMGMT_CACHE_DIR": str(tmp_path / "cache"), "HOME": str(tmp_path), "PATH": "/nowhere"}
    done = cli(*command, *named, env={**env, "AZURE_TOKEN_CREDENTIALS": "dev"})
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "batchmgmt: signing in: NoToken: DefaultAzureCredential failed to retrieve a token from the included"
        " credentials; set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or sign in with `az login`"
    ]
