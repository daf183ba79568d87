"""Every command has help, and every example in it runs."""

from __future__ import annotations

import json
import shlex

import pytest
import yaml
from azure.mgmt.batch.models import Pool
from typer.main import get_command

from batchmgmt.cli.app import app


def commands(command, names=()):
    if not hasattr(command, "commands"):
        yield names, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*names, name))


COMMANDS = dict(commands(get_command(app)))


def examples() -> list[str]:
    lines = [
        line.strip() for command in COMMANDS.values() for line in command.help.partition("Examples:")[2].splitlines()
    ]
    return [line for line in lines if line]


@pytest.fixture(scope="session")
def stack(make_account, tmp_path_factory):
    """An account with a pool, an application and a package, and a stack ``local`` that names it."""
    account = make_account("examplesaccount")
    definition = {
        "vmSize": "STANDARD_D2_V3",
        "deploymentConfiguration": {
            "virtualMachineConfiguration": {
                "imageReference": {
                    "publisher": "canonical",
                    "offer": "0001-com-ubuntu-server-jammy",
                    "sku": "22_04-lts",
                },
                "nodeAgentSkuId": "batch.node.ubuntu 22.04",
            }
        },
        "scaleSettings": {"fixedScale": {"targetDedicatedNodes": 1}},
    }
    account.pools.create("POOL", Pool({"properties": definition}))
    account.pools.wait_steady("POOL", timeout=60)
    folder = tmp_path_factory.mktemp("project")
    for name in ("FOLDER", "SECOND"):
        (folder / name).mkdir()
        (folder / name / "file").write_text(name)
    (folder / "FORMULA.txt").write_text("$TargetDedicatedNodes = 1;")
    (folder / "TRACE.csv").write_text("time,tasks\n0:30,10\n")
    account.applications.create("APPLICATION")
    account.packages.publish("APPLICATION", "VERSION", folder / "SECOND", set_default=True)
    outputs = {
        "resourceGroup": account.resource_group,
        "batchAccount": account.name,
        "subscriptionId": account.management.subscription_id,
    }
    state = folder / ".pulumi" / "stacks" / "proj" / "local.json"
    state.parent.mkdir(parents=True)
    root = {"type": "pulumi:pulumi:Stack", "outputs": outputs}
    state.write_text(json.dumps({"version": 3, "checkpoint": {"latest": {"resources": [root]}}}))
    (folder / "Pulumi.yaml").write_text("name: proj\n")
    (folder / ".env").write_text(account.endpoint().export("dotenv"))
    return account, folder


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_every_command_says_what_it_does_and_shows_an_example(names):
    about, _, shown = COMMANDS[names].help.partition("Examples:")
    assert about.strip()
    assert all(line.strip().startswith(f"batchmgmt {' '.join(names)}") for line in shown.splitlines() if line.strip())
    assert shown.strip()


def test_every_example_in_help_runs(cli, stack):
    account, folder = stack
    env = {"PULUMI_BACKEND_URL": folder.as_uri()}
    for example in sorted(examples(), key=_order):
        words = shlex.split(example)[1:]
        if ("my-group" in words and "delete" in words) or {"follow", "CONNECTION"} & {*words}:
            continue  # these delete what others need, never end, or need a connection
        words = [{"my-group": account.resource_group, "myaccount": account.name}.get(word, word) for word in words]
        words = [f"{account.name}st" if word == "my-storage" else word for word in words]
        done = cli(*words, env=env, cwd=folder)
        assert done.returncode == 0, f"{example}: {done.stderr}"


def _order(example: str) -> int:
    """Makers before takers: applications are created, then changed, then their packages and they themselves deleted."""
    words = ("application create", "package upload", "application set", "", "package delete", "application delete")
    found = [number for number, word in enumerate(words) if word and word in example]
    return found[0] if found else words.index("")


def test_lists_come_as_table_json_yaml_and_tsv(cli, stack):
    account, _ = stack
    named = ["pool", "list", "-g", account.resource_group, "-n", account.name, "--format"]
    table, documents, text, rows = (cli(*named, form).stdout for form in ("table", "json", "yaml", "tsv"))
    assert "POOL" in table
    assert [pool["name"] for pool in json.loads(documents)] == ["POOL"]
    assert yaml.safe_load(text) == json.loads(documents)
    assert rows.splitlines()[0].split("\t")[0] == "POOL"


def test_a_pool_that_cannot_get_its_nodes_fails_with_azures_codes(cli, stack):
    account, _ = stack
    named = ["-g", account.resource_group, "-n", account.name]
    done = cli("pool", "resize", "POOL", "--dedicated", "100000", *named)
    assert done.returncode == 1
    assert "resizing pool 'POOL'" in done.stderr
    assert "AccountCoreQuotaReached" in done.stderr
    assert "batchmgmt location quota" in done.stderr


def test_a_taken_name_is_exit_code_3(cli, stack):
    account, _ = stack
    done = cli("location", "check-name", account.name, "--location", "westeurope")
    assert done.returncode == 3
    assert "already in use" in done.stderr


def test_the_activity_log_shows_who_listed_keys_and_says_what_it_never_shows(cli, stack):
    account, _ = stack
    account.keys.list()
    named = ["-g", account.resource_group, "-n", account.name]
    found = json.loads(cli("activity", "list", *named, "--operation", "listKeys", "--format", "json").stdout)
    assert {entry["operation"] for entry in found} == {"Microsoft.Batch/batchAccounts/listKeys/action"}
    assert all(account.name in entry["resourceId"] for entry in found)
    assert cli("activity", "list", *named, "--caller", "nobody", "--format", "json").stdout == "[]\n"
    assert "never in the activity log" in cli("activity", "list", *named).stderr


def test_deleting_asks_first_and_is_refused_where_nobody_can_be_asked(cli, stack):
    account, _ = stack
    done = cli("pool", "delete", "POOL", "-g", account.resource_group, "-n", account.name)
    assert done.returncode == 2
    assert "say --yes" in done.stderr
    assert "POOL" in [pool.name for pool in account.pools.list()]


@pytest.mark.parametrize("arguments", [["nonsense"], ["pool", "show"], ["pool", "list", "--format", "xml"]])
def test_a_usage_mistake_is_exit_code_2_without_a_traceback(cli, arguments):
    done = cli(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback_that_is_hidden_otherwise(cli):
    arguments = ["account", "show", "-g", "nosuch", "-n", "nosuch"]
    assert "Traceback" not in cli(*arguments).stderr
    assert "Traceback" in cli(*arguments, "--debug").stderr


def test_shells_can_complete_the_commands(cli):
    done = cli("--show-completion", "bash", env={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    assert done.returncode == 0, done.stderr
    assert "complete" in done.stdout
