"""Microsoft's management SDKs, in the versions people have, through every method they have for Batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Account, Arm
from tests.clients.tools import java_program, maven_package, node_package, python_package
from tests.support.certificates import new_certificate

HERE = Path(__file__).parent


def connect(arm: Arm, account: Account) -> str:
    """Connect a private endpoint to the account, as Microsoft.Network does; the connection's name."""
    root = f"/subscriptions/{arm.local.subscription}/resourceGroups/{arm.group}/providers"
    name = f"n{uuid.uuid4().hex[:6]}"
    network = f"{root}/Microsoft.Network/virtualNetworks/{name}"
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    subnets = {"subnets": [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}]}
    target = f"{root}/Microsoft.Batch/batchAccounts/{account.name}"
    link = {"privateLinkServiceId": target, "groupIds": ["batchAccount"]}
    endpoint = {
        "subnet": {"id": f"{network}/subnets/default"},
        "privateLinkServiceConnections": [{"name": name, "properties": link}],
    }
    for path, properties in (
        (network, {**space, **subnets}),
        (f"{root}/Microsoft.Network/privateEndpoints/{name}", endpoint),
    ):
        made = arm.send("PUT", f"{path}?api-version=2024-05-01", {"location": "westeurope", "properties": properties})
        assert made.status_code in (200, 201), made.text
    listed = f"{target}/privateEndpointConnections?api-version=2024-07-01"
    return next(str(one["name"]) for one in arm.send("GET", listed).json()["value"] if one["name"].startswith(name))


def settings(arm: Arm, account: Account) -> dict[str, Any]:
    certificate = new_certificate("methods")
    storage = f"/subscriptions/{arm.local.subscription}/resourceGroups/{arm.group}/providers/Microsoft.Storage"
    return {
        "endpoint": arm.local.settings["armEndpoint"],
        "subscription": arm.local.subscription,
        "group": arm.group,
        "account": f"m{uuid.uuid4().hex[:8]}",
        "storage": f"{storage}/storageAccounts/{account.storage}",
        "connected": [arm.group, account.name],
        "connection": connect(arm, account),
        "thumbprint": certificate.thumbprint,
        "pfx": certificate.pfx,
        "ids": neighbours(arm, account),
    }


def neighbours(arm: Arm, account: Account) -> dict[str, str]:
    """Ids of what accounts and pools can refer to, made here; a perimeter has the account in it."""
    root = f"/subscriptions/{arm.local.subscription}/resourceGroups/{arm.group}/providers"
    target = f"{root}/Microsoft.Batch/batchAccounts/{account.name}"
    network, perimeter = f"{root}/Microsoft.Network", f"{root}/Microsoft.Network/networkSecurityPerimeters/wall"
    member = {"privateLinkResource": {"id": target}, "profile": {"id": f"{perimeter}/profiles/usual"}}
    vault = {"tenantId": arm.local.settings["tenantId"], "sku": {"family": "A", "name": "standard"}}
    space = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}
    subnets = {"subnets": [{"name": "default", "properties": {"addressPrefix": "10.1.0.0/24"}}]}
    ids = {
        "identity": f"{root}/Microsoft.ManagedIdentity/userAssignedIdentities/me",
        "vault": f"{root}/Microsoft.KeyVault/vaults/methodsvault",
        "address": f"{network}/publicIPAddresses/methods",
    }
    made: dict[str, dict[str, Any]] = {
        ids["identity"]: {},
        ids["vault"]: {"properties": vault},
        ids["address"]: {"sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}},
        f"{network}/virtualNetworks/methods": {"properties": {**space, **subnets}},
        perimeter: {},
        f"{perimeter}/profiles/usual": {"properties": {}},
        f"{perimeter}/resourceAssociations/inside": {"properties": member},
    }
    for path, body in made.items():
        answer = arm.send("PUT", f"{path}?api-version=2024-05-01", {"location": "westeurope", **body})
        assert answer.status_code in (200, 201), answer.text
    vault_url = arm.send("GET", f"{ids['vault']}?api-version=2024-05-01").json()["properties"]["vaultUri"]
    own = {"subnet": f"{network}/virtualNetworks/methods/subnets/default", "application": f"{target}/applications/tool"}
    return {**ids, **own, "vaultUrl": vault_url, "gallery": f"{root}/Microsoft.Compute/galleries/g"}


def run(command: list[str], arm: Arm, account: Account, **environment: str) -> str:
    whole = {**os.environ, "METHODS": json.dumps(settings(arm, account)), **environment}
    done = subprocess.run(command, env=whole, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-3000:]
    return done.stdout


# Properties of the models, by pattern, that no answer here has: why.
NEVER_SHOWN = {
    "*.systemData": "no recording of Microsoft.Batch has it",
    "SystemData.*": "no recording of Microsoft.Batch has it",
    "*.password": "a secret",
    "*.accountKey": "a secret",
    "AzureBlobFileSystemConfiguration.sasKey": "a secret",
    "LinuxUserConfiguration.sshPrivateKey": "a secret",
    "VMExtension.protectedSettings": "a secret",
    "FixedScaleSettings.nodeDeallocationOption": "shown by the resize that it belongs to, as recorded",
    "ResizeError.details": "resizes that fail for several reasons",
    "SupportedSku.batchSupportEndOfLife": "sizes that are about to be retired",
    "DetectorResponse.etag": "not in the description's example",
    "PrivateLinkResource.etag": "not in the description's example",
    "ApplicationPackage.tags": "there is no PATCH, and the body of its PUT is not in the description's example",
    "DetectorResponse.tags": "resources that nobody can tag",
    "PrivateEndpointConnection.tags": "resources that nobody can tag",
    "PrivateLinkResource.tags": "resources that nobody can tag",
    "Operation.properties": "not in the description's example",
    "NetworkSecurityProfile.enabledLogCategories": "perimeters that are logged",
    "ProvisioningIssue*": "a perimeter with issues",
    "AccessRule*": "a perimeter with access rules",
}


def test_azure_mgmt_batch_19_through_every_method(arm: Arm, account: Account) -> None:
    """Nothing of what is answered is lost in its models, or other than they say."""
    said = run([sys.executable, str(HERE / "management_methods.py")], arm, account)
    assert "NetworkSecurityPerimeterOperations.begin_reconcile_configuration" in said
    assert [line for line in said.splitlines() if line.startswith("other than the model:")] == []
    mark = "never shown: "
    missing = [line.removeprefix(mark) for line in said.splitlines() if line.startswith(mark)]
    assert [one for one in missing if not any(fnmatchcase(one, pattern) for pattern in NEVER_SHOWN)] == []
    assert [pattern for pattern in NEVER_SHOWN if not any(fnmatchcase(one, pattern) for one in missing)] == []


@pytest.mark.slow
def test_azure_mgmt_batch_17_through_every_method(arm: Arm, account: Account) -> None:
    home = python_package("azure-mgmt-batch==17.3.0", "azure-identity")
    said = run([str(home / "bin" / "python"), str(HERE / "management_methods.py")], arm, account)
    assert "CertificateOperations.begin_delete" in said


@pytest.mark.slow
def test_azure_arm_batch_for_javascript_through_every_group(arm: Arm, account: Account) -> None:
    home = node_package("@azure/arm-batch@9.1.0", "@azure/identity@4")
    said = run(["node", str(HERE / "management_methods.js")], arm, account, MODULES=str(home / "node_modules"))
    assert "left out: none" in said


@pytest.mark.slow
def test_azure_resourcemanager_batch_for_java(arm: Arm, account: Account, tmp_path: Path) -> None:
    jars = maven_package(
        "com.azure:azure-identity:1.15.4", "com.azure.resourcemanager:azure-resourcemanager-batch:1.0.0"
    )
    told = arm.local.settings
    names = {
        "ARM_ENDPOINT": "armEndpoint",
        "AUTHORITY": "authorityHost",
        "TENANT": "tenantId",
        "CLIENT": "clientId",
        "SECRET": "clientSecret",
        "SUBSCRIPTION": "subscriptionId",
    }
    environment = {variable: told[name] for variable, name in names.items()}
    environment |= {"GROUP": arm.group, "STORAGE": settings(arm, account)["storage"]}
    program = java_program(HERE / "walks" / "BatchManagement.java", jars, Path(told["caFile"]), tmp_path)
    assert run(program, arm, account, **environment).strip().endswith("done")
