"""Every command has help, and ends as it should."""

from __future__ import annotations

import json

import pytest
import yaml
from command_cases import commands

COMMANDS = commands()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_shows_an_example(name):
    about, _, shown = COMMANDS[name].help.partition("Examples:")
    assert about.strip()
    assert all(line.strip().startswith(f"batchmgmt {name}") for line in shown.splitlines() if line.strip())
    assert shown.strip()


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
