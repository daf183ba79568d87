"""A server of these tests' own, steered through its control API."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import Local, batchlocal_command, start_local
from tests.support.waiting import until

VERSION = "2024-07-01"
SERVICE_VERSION = "2024-07-01.20.0"
MACHINE = {
    "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
    "nodeAgentSkuId": "batch.node.ubuntu 24.04",
}


@dataclass
class Steered:
    """A server, and plain requests to its three surfaces."""

    local: Local
    group: str = "steered"
    tokens: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def origin(self) -> str:
        return self.local.settings["armEndpoint"]

    def control(self, method: str, path: str, body: object = None) -> requests.Response:
        """One request to the control API, with its token."""
        token = (self.local.data / "identity" / "control.token").read_text()
        return self._send(method, f"{self.local.settings['controlEndpoint']}{path}", token, body)

    def arm(self, method: str, path: str, body: object = None, version: str = VERSION) -> requests.Response:
        """One request to ARM; ``path`` is below the subscription."""
        return self.raw(
            method, f"{self.origin}/subscriptions/{self.local.subscription}{path}?api-version={version}", body
        )

    def raw(self, method: str, url: str, body: object = None) -> requests.Response:
        """One request to ARM, by its whole URL."""
        return self._send(method, url, self._token(self.origin), body)

    def account(self, method: str, name: str, path: str = "", body: object = None) -> requests.Response:
        """One request to ARM about a Batch account of the group."""
        whole = f"/resourceGroups/{self.group}/providers/Microsoft.Batch/batchAccounts/{name}{path}"
        return self.arm(method, whole, body)

    def service(self, method: str, account: str, path: str, body: object = None) -> requests.Response:
        """One request to the Batch service."""
        url = f"{self.origin}/{account}/{path}?api-version={SERVICE_VERSION}"
        return self._send(method, url, self._token("https://batch.core.windows.net/"), body)

    def new_account(self, properties: dict[str, Any] | None = None, **body: object) -> str:
        """A new Batch account, ready."""
        name = f"c{uuid.uuid4().hex[:9]}"
        sent = {"location": "westeurope", "properties": properties or {}, **body}
        assert self.account("PUT", name, body=sent).ok
        until(lambda: self.account("GET", name).json()["properties"]["provisioningState"] == "Succeeded")
        return name

    def new_pool(self, account: str, pool: str = "pool", nodes: int = 1, **properties: object) -> requests.Response:
        """Ask ARM for a pool of dedicated nodes."""
        wanted = {
            "vmSize": "Standard_D2s_v3",
            "deploymentConfiguration": {"virtualMachineConfiguration": MACHINE},
            "scaleSettings": {"fixedScale": {"targetDedicatedNodes": nodes}},
            **properties,
        }
        return self.account("PUT", account, f"/pools/{pool}", {"properties": wanted})

    def settled_pool(self, account: str, pool: str = "pool") -> dict[str, Any]:
        """The pool, once its resize has ended."""
        until(lambda: self.service("GET", account, f"pools/{pool}").json()["allocationState"] == "steady")
        found: dict[str, Any] = self.service("GET", account, f"pools/{pool}").json()
        return found

    def node_states(self, account: str, pool: str = "pool") -> list[str]:
        """The states of the pool's nodes."""
        return [node["state"] for node in self.service("GET", account, f"pools/{pool}/nodes").json()["value"]]

    def _token(self, resource: str) -> str:
        if resource not in self.tokens:
            with self.local.credential() as credential:
                self.tokens[resource] = credential.get_token(f"{resource}/.default").token
        return self.tokens[resource]

    def _send(self, method: str, url: str, token: str, body: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        ca = self.local.settings["caFile"]
        return requests.request(method, url, json=body, headers=headers, verify=ca, timeout=30)


def start_steered(data: Path) -> Steered:
    """A server with a resource group to work in; its tokens are asked for with its own CA."""
    steered = Steered(start_local(data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", steered.local.settings["caFile"])
        for resource in (steered.origin, "https://batch.core.windows.net/"):
            steered._token(resource)
    assert steered.arm("PUT", f"/resourceGroups/{steered.group}", {"location": "westeurope"}, "2024-03-01").ok
    return steered


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steered]:
    """One server for all of these tests."""
    steered = start_steered(tmp_path_factory.mktemp("steered") / "data")
    yield steered
    batchlocal_command("stop", "--data", str(steered.local.data))


@pytest.fixture
def steered(shared: Steered) -> Iterator[Steered]:
    """The shared server, with nothing set when the test begins and nothing left when it ends."""
    quotas = f"/quotas/subscriptions/{shared.local.subscription}"
    before = shared.control("GET", quotas).json()
    shared.control("DELETE", "/faults")
    yield shared
    shared.control("DELETE", "/faults")
    shared.control("PATCH", quotas, before)
