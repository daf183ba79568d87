"""Microsoft's management SDKs, in the versions people have, through every method they have for Batch."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from tests.clients.conftest import Account, Arm
from tests.clients.tools import java_program, maven_package, node_package, python_package

HERE = Path(__file__).parent


def certificate() -> tuple[str, str]:
    """A new certificate: its thumbprint, and PKCS #12 in base64 with the password "secret"."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "methods")])
    made = x509.CertificateBuilder(subject, subject, key.public_key(), serial_number=1)
    signed = (
        made.not_valid_before(datetime(2020, 1, 1)).not_valid_after(datetime(2040, 1, 1)).sign(key, hashes.SHA256())
    )
    data = pkcs12.serialize_key_and_certificates(b"a", key, signed, None, BestAvailableEncryption(b"secret"))
    return signed.fingerprint(hashes.SHA1()).hex(), base64.b64encode(data).decode()


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
    thumbprint, pfx = certificate()
    storage = f"/subscriptions/{arm.local.subscription}/resourceGroups/{arm.group}/providers/Microsoft.Storage"
    return {
        "endpoint": arm.local.settings["armEndpoint"],
        "subscription": arm.local.subscription,
        "group": arm.group,
        "account": f"m{uuid.uuid4().hex[:8]}",
        "storage": f"{storage}/storageAccounts/{account.storage}",
        "connected": [arm.group, account.name],
        "connection": connect(arm, account),
        "thumbprint": thumbprint,
        "pfx": pfx,
    }


def run(command: list[str], arm: Arm, account: Account, **environment: str) -> str:
    whole = {**os.environ, "METHODS": json.dumps(settings(arm, account)), **environment}
    done = subprocess.run(command, env=whole, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-3000:]
    return done.stdout


def test_azure_mgmt_batch_19_through_every_method(arm: Arm, account: Account) -> None:
    said = run([sys.executable, str(HERE / "management_methods.py")], arm, account)
    assert "NetworkSecurityPerimeterOperations.begin_reconcile_configuration" in said


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
