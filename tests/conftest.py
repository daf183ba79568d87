"""A batchlocal for a whole test session, met only through its command line and its sockets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from azure.identity import ClientSecretCredential
from hypothesis import settings

settings.register_profile("same", deadline=None, derandomize=True)  # a run says the same of the same code, however slow
settings.register_profile("search", deadline=None, max_examples=2000)  # HYPOTHESIS_PROFILE=search looks further
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

CONTRACT_VARIABLES = ("ARM_", "AZURE_", "PULUMI_", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")


@dataclass(frozen=True)
class Local:
    """A running batchlocal: the contract's JSON settings, and the environment that clients are given."""

    data: Path
    settings: dict[str, str] = field(repr=False)
    environment: dict[str, str] = field(repr=False)

    @property
    def subscription(self) -> str:
        return self.settings["subscriptionId"]

    @property
    def pid(self) -> int:
        """The process id of the server that runs, or ran last."""
        return int(json.loads((self.data / "server.json").read_text())["pid"])

    def credential(self) -> ClientSecretCredential:
        """azure-identity's credential for the service principal, with the settings a private authority needs."""
        return ClientSecretCredential(
            self.settings["tenantId"],
            self.settings["clientId"],
            self.settings["clientSecret"],
            authority=self.settings["authorityHost"],
            disable_instance_discovery=True,
        )

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """``batchlocal COMMAND ...`` on this server's data folder."""
        return batchlocal_command(*command, "--data", str(self.data))


def batchlocal_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``batchlocal`` as a process of its own."""
    command = [sys.executable, "-m", "batchlocal", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def start_local(data: Path, *options: str) -> Local:
    """Start a server in the background on a data folder and read what it hands to clients."""
    started = batchlocal_command("start", "--detach", "--strict", "--data", str(data), *options)
    assert started.returncode == 0, started.stderr
    settings = json.loads(batchlocal_command("env", "--format", "json", "--data", str(data)).stdout)
    lines = batchlocal_command("env", "--format", "dotenv", "--data", str(data)).stdout.splitlines()
    environment = {name: json.loads(value) for name, value in (line.split("=", 1) for line in lines)}
    return Local(data, settings, environment)


@pytest.fixture(scope="session")
def batchlocal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """The session's server; its variables are in ``os.environ``, so that SDKs find their cloud and their CA."""
    local = start_local(tmp_path_factory.mktemp("batchlocal"))
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(CONTRACT_VARIABLES)]:
        del os.environ[name]
    os.environ.update(local.environment)
    yield local
    os.environ.clear()
    os.environ.update(before)
    stopped = local.run("stop")
    assert stopped.returncode == 0, stopped.stderr


@pytest.fixture
def unique() -> str:
    """Eight characters that no other test uses, fit for account names."""
    return f"t{uuid.uuid4().hex[:7]}"
