"""az CLI through every management command it has for Batch, as processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Account, Arm
from tests.clients.tools import python_package

pytestmark = pytest.mark.slow
AZ = "azure-cli==2.91.0"
SERVICE = ("certificate", "file", "job", "job-schedule", "node", "pool", "task")  # groups that call the Batch service
LIST_COMMANDS = """
from azure.cli.core import get_default_cli
cli = get_default_cli()
cli.invocation = cli.invocation_cls(
    cli_ctx=cli, commands_loader_cls=cli.commands_loader_cls, parser_cls=cli.parser_cls, help_cls=cli.help_cls)
cli.invocation.commands_loader.load_command_table(["batch"])
print("\\n".join(name for name in cli.invocation.commands_loader.command_table if name.startswith("batch ")))
"""


@dataclass
class AzureCli:
    """az, signed in; ``ran`` collects the commands that were run."""

    home: Path
    environment: dict[str, str] = field(repr=False)
    ran: set[str] = field(default_factory=set)

    def __call__(self, command: str, *arguments: str, json_: bool = True) -> Any:
        """Run ``az COMMAND ARGUMENTS``; what it prints, read as JSON."""
        self.ran.add(command)
        line = [str(self.home / "bin" / "az"), *command.split(), *arguments]
        done = subprocess.run(line, env=self.environment, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return json.loads(done.stdout) if json_ and done.stdout.strip() else done.stdout

    def commands(self) -> set[str]:
        """The management commands that this az has for Batch."""
        python = [str(self.home / "bin" / "python"), "-c", LIST_COMMANDS]
        listed = subprocess.run(python, env=self.environment, capture_output=True, text=True, check=True).stdout
        return {line for line in listed.splitlines() if line.split()[1] not in SERVICE}


@pytest.fixture(scope="module")
def az(arm: Arm, tmp_path_factory: pytest.TempPathFactory) -> AzureCli:
    home = python_package(AZ)
    environment = {**os.environ, "AZURE_CONFIG_DIR": str(tmp_path_factory.mktemp("azure"))}
    environment |= {"AZURE_CORE_COLLECT_TELEMETRY": "false", "AZURE_CORE_INSTANCE_DISCOVERY": "false"}
    cli, settings = AzureCli(home, environment), arm.local.settings
    cli("cloud register", "-n", "local", "--endpoint-resource-manager", settings["armEndpoint"], json_=False)
    cli("cloud set", "-n", "local", json_=False)
    identity = ["-u", settings["clientId"], "-p", settings["clientSecret"], "-t", settings["tenantId"]]
    assert cli("login", "--service-principal", *identity)[0]["id"] == settings["subscriptionId"]
    return cli


def accounts(az: AzureCli, arm: Arm, account: Account, tmp_path: Path) -> None:
    group, name = ["-g", arm.group], "azaccount1"
    one = [*group, "-n", name]
    made = az("batch account create", *one, "-l", "westeurope", "--storage-account", account.storage)
    assert made["provisioningState"] == "Succeeded"
    assert made["autoStorage"]["storageAccountId"].endswith(account.storage)
    assert name in [listed["name"] for listed in az("batch account list", *group)]
    assert az("batch account set", *one, "--storage-account", account.storage, "--tags", "a=b")["tags"] == {"a": "b"}
    assert az("batch account show", *one)["tags"] == {"a": "b"}
    before = az("batch account keys list", *one)
    after = az("batch account keys renew", *one, "--key-name", "primary")
    assert (after["primary"] != before["primary"], after["secondary"]) == (True, before["secondary"])
    az("batch account autostorage-keys sync", *one, json_=False)
    assert az("batch account outbound-endpoints", *one)[0]["category"] == "Azure Batch"
    az("batch account login", *one, "--shared-key-auth", json_=False)
    az("batch account network-profile set", *one, "--default-action", "Deny", "--profile", "BatchAccount")
    rule = [*one, "--profile", "BatchAccount", "--ip-address", "1.2.3.4"]
    az("batch account network-profile network-rule add", *rule)
    assert "1.2.3.4" in json.dumps(az("batch account network-profile network-rule list", *one))
    az("batch account network-profile network-rule delete", *rule, "--yes")
    assert az("batch account network-profile show", *one)["accountAccess"]["defaultAction"] == "Deny"
    assert az("batch account identity assign", *one, "--system-assigned")
    assert az("batch account identity show", *one)["type"] == "SystemAssigned"
    az("batch account identity remove", *one, "--system-assigned", "--yes")
    az("batch account delete", *one, "--yes", json_=False)
    assert name not in [listed["name"] for listed in az("batch account list", *group)]


def applications(az: AzureCli, arm: Arm, account: Account, tmp_path: Path) -> None:
    one = ["-g", arm.group, "-n", account.name, "--application-name", "azapp"]
    version = [*one, "--version-name", "1.0"]
    package = tmp_path / "package.zip"
    package.write_bytes(b"PK\x05\x06" + bytes(18))
    assert az("batch application create", *one)["allowUpdates"] is True
    made = az("batch application package create", *version, "--package-file", str(package))
    assert made["state"] == "Active"
    assert az("batch application package activate", *version, "--format", "zip")["format"] == "zip"
    assert az("batch application package show", *version)["state"] == "Active"
    assert [listed["name"] for listed in az("batch application package list", *one)] == ["1.0"]
    az("batch application set", *one, "--default-version", "1.0", "--display-name", "Az")
    assert az("batch application show", *one)["displayName"] == "Az"
    assert "azapp" in [listed["name"] for listed in az("batch application list", *one[:4])]
    key = ["--account-name", account.name, "--account-key", account.key, "--account-endpoint", account.endpoint]
    assert "azapp" in [listed["id"] for listed in az("batch application summary list", *key)]
    assert az("batch application summary show", "--application-id", "azapp", *key)["versions"] == ["1.0"]
    az("batch application package delete", *version, "--yes", json_=False)
    az("batch application delete", *one, "--yes", json_=False)


def surroundings(az: AzureCli, arm: Arm, account: Account, tmp_path: Path) -> None:
    one = ["-g", arm.group, "--account-name", account.name]
    assert az("batch location quotas show", "-l", "westeurope")["accountQuota"] >= 1
    assert "Standard_D2s_v3" in [size["name"] for size in az("batch location list-skus", "-l", "westeurope")]
    assert [link["name"] for link in az("batch private-link-resource list", *one)] == ["batchAccount", "nodeManagement"]
    assert az("batch private-link-resource show", *one, "-n", "batchAccount")["groupId"] == "batchAccount"
    network, endpoint = ["-g", arm.group, "-n", "aznet"], ["-g", arm.group, "-n", "azdoor"]
    az("network vnet create", *network, "--address-prefix", "10.0.0.0/16", "--subnet-name", "default")
    group = f"/subscriptions/{arm.local.subscription}/resourceGroups/{arm.group}"
    target = f"{group}/providers/Microsoft.Batch/batchAccounts/{account.name}"
    connection = ["--connection-name", "azdoor", "--group-id", "batchAccount"]
    connection += ["--private-connection-resource-id", target]
    az("network private-endpoint create", *endpoint, "--vnet-name", "aznet", "--subnet", "default", *connection)
    name = az("batch private-endpoint-connection list", *one)[0]["name"]
    shown = az("batch private-endpoint-connection show", *one, "-n", name)
    assert shown["privateLinkServiceConnectionState"]["status"] == "Approved"


@pytest.mark.parametrize("scenario", [accounts, applications, surroundings], ids=lambda one: one.__name__)
def test_az_does_what_it_does_on_azure(
    az: AzureCli, arm: Arm, account: Account, tmp_path: Path, scenario: Callable[..., None]
) -> None:
    scenario(az, arm, account, tmp_path)


def test_no_management_command_of_az_was_left_out(az: AzureCli) -> None:
    assert az.commands() - az.ran == set()
