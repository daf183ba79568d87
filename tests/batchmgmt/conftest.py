"""An account with linked storage for the tests of batchmgmt, and the command line as users run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from azure.mgmt.batch import models
from azure.mgmt.storage.models import StorageAccountCreateParameters
from command_cases import pool_definition

from batchmgmt import Account, BatchManagement
from batchmgmt.__main__ import main

GROUP = "batchmgmt-tests"
LOCATION = "westeurope"
Cli = Callable[..., "subprocess.CompletedProcess[str]"]
MakeAccount = Callable[..., Account]


@pytest.fixture(scope="session")
def management(batchlocal, tmp_path_factory) -> BatchManagement:
    """Also keeps the tests' tokens out of the user's cache."""
    os.environ["BATCHMGMT_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache") / "batchmgmt")
    found = BatchManagement.from_env()
    token = batchlocal.credential().get_token(found.cloud.arm_scope).token
    url = f"{found.cloud.arm}/subscriptions/{found.subscription_id}/resourcegroups/{GROUP}?api-version=2021-04-01"
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}) as client:
        client.put(url, json={"location": LOCATION}).raise_for_status()
    quotas = batchlocal.run("quota", "set", "applicationQuota=1000", "packageQuota=1000")  # tests share an account
    assert quotas.returncode == 0, quotas.stderr
    return found


@pytest.fixture(scope="session")
def make_account(management) -> MakeAccount:
    """Makes an account by name and properties; with storage linked unless ``storage=False``."""

    def make(name: str, *, storage: bool = True, **properties: object) -> Account:
        linked = {"autoStorage": {"storageAccountId": _storage(management, f"{name}st")}} if storage else {}
        wanted = models.BatchAccountCreateParameters({"location": LOCATION, "properties": {**linked, **properties}})
        management.sdk.batch_account.begin_create(GROUP, name, wanted).result()
        return management.account(GROUP, name)

    return make


def _storage(management: BatchManagement, name: str) -> str:
    wanted = StorageAccountCreateParameters(
        {"location": LOCATION, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "properties": {}}
    )
    return management.storage_sdk.storage_accounts.begin_create(GROUP, name, wanted).result().id


@pytest.fixture(scope="session")
def account(make_account) -> Account:
    """One account that tests share; each takes application and pool names of its own."""
    return make_account("sharedaccount")


@pytest.fixture
def cli(management) -> Cli:
    """``batchmgmt ARGUMENTS`` as a process of its own; ``env`` adds variables, ``cwd`` names its folder."""

    def run(*arguments: str, env: dict[str, str] | None = None, cwd: Path | None = None):
        return subprocess.run(
            [sys.executable, "-m", "batchmgmt", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, **(env or {})},
            cwd=cwd,
        )

    return run


@pytest.fixture(scope="session")
def stack(make_account, tmp_path_factory):
    """An account with a pool, an application and a package, and a stack ``local`` that names it."""
    account = make_account("examplesaccount")
    account.pools.create("POOL", pool_definition(1))
    account.pools.wait_steady("POOL", timeout=60)
    folder = tmp_path_factory.mktemp("project")
    for name in ("FOLDER", "SECOND", "tool"):
        (folder / name).mkdir()
        (folder / name / "file").write_text(name.replace("tool", "FOLDER"))
    for name in ("FORMULA.txt", "formula.txt"):
        (folder / name).write_text("$TargetDedicatedNodes = 1;")
    for name in ("TRACE.csv", "trace.csv"):
        (folder / name).write_text("time,tasks\n0:30,10\n")
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


@pytest.fixture
def in_process(management, monkeypatch, capsys):
    """``batchmgmt ARGUMENTS`` within this process: code, stdout, stderr. Where many are run, one import is enough."""

    def run(*arguments: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> tuple[int, str, str]:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["batchmgmt", *arguments])
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            if cwd:
                patch.chdir(cwd)
            capsys.readouterr()
            code = main()
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def named(account) -> list[str]:
    """The options that name the shared account."""
    return ["-g", account.resource_group, "-n", account.name]


@pytest.fixture
def tool(tmp_path) -> Path:
    """A folder that can be an application package."""
    folder = tmp_path / "tool"
    (folder / "lib").mkdir(parents=True)
    (folder / "run.sh").write_text("#!/bin/sh\necho hello\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "lib" / "data.txt").write_text("data\n")
    return folder
