"""An account with pools, met by plain requests: what a client library would hide is seen."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from tests.conftest import Local
from tests.support.waiting import until

VERSION = "2024-07-01.20.0"
JSON = "application/json; odata=minimalmetadata"
UBUNTU = {
    "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
    "nodeAgentSKUId": "batch.node.ubuntu 24.04",
}


@dataclass(frozen=True)
class Service:
    """One account's Batch service, asked with an Entra token or another one."""

    local: Local
    account: str
    token: str = field(repr=False)

    @property
    def url(self) -> str:
        return f"{self.local.settings['armEndpoint']}/{self.account}"

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        data: str | bytes | None = None,
        version: str = VERSION,
        token: str | None = None,
        **headers: str,
    ) -> requests.Response:
        """One request; ``headers`` with underscores for hyphens."""
        joint = "&" if "?" in path else "?"
        sent = {"Authorization": f"Bearer {token or self.token}"}
        if body is not None or data is not None:
            sent["Content-Type"] = JSON
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.request(
            method, f"{self.url}{path}{joint}api-version={version}", json=body, data=data, headers=sent, timeout=30
        )

    def get(self, path: str, **options: Any) -> Any:
        """The JSON of a successful GET."""
        answer = self.send("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def new_job(self, pool: str = "main", **properties: object) -> str:
        """A new job's id."""
        job = f"job-{uuid.uuid4().hex[:8]}"
        made = self.send("POST", "/jobs", {"id": job, "poolInfo": {"poolId": pool}, **properties})
        assert made.status_code == 201, made.text
        return job

    def add(self, job: str, task: str, command: str = "/bin/true", **properties: object) -> requests.Response:
        """Ask for a task."""
        return self.send("POST", f"/jobs/{job}/tasks", {"id": task, "commandLine": command, **properties})

    def run(self, job: str, task: str, command: str = "/bin/true", **properties: object) -> Any:
        """Add a task and wait for its end; the task."""
        added = self.add(job, task, command, **properties)
        assert added.status_code == 201, added.text
        return self.ended(job, task)

    def ended(self, job: str, task: str) -> Any:
        """The task, once it has completed."""
        return self.in_state(f"/jobs/{job}/tasks/{task}", "completed")

    def in_state(self, path: str, *states: str, seconds: float = 30.0) -> Any:
        """What is under the path, once it is in one of the states."""
        found: dict[str, Any] = {}

        def arrived() -> bool:
            found.update(self.get(path))
            return found["state"] in states

        until(arrived, seconds)
        return found

    def stdout(self, job: str, task: str) -> str:
        answer = self.send("GET", f"/jobs/{job}/tasks/{task}/files/stdout.txt")
        assert answer.status_code == 200, answer.text
        return answer.text

    def is_gone(self, path: str) -> bool:
        return self.send("GET", path).status_code == 404


def code(answer: requests.Response, status: int) -> str:
    """The error code of a refusal with this status."""
    assert answer.status_code == status, answer.text
    found: str = answer.json()["code"]
    return found


def values(answer: requests.Response) -> dict[str, str]:
    """The key-value pairs of an error."""
    return {pair["key"]: pair["value"] for pair in answer.json().get("values", [])}


@pytest.fixture(scope="session")
def service(batchlocal: Local) -> Service:
    """An account with pools: two nodes of four slots, three nodes for multi-instance tasks, and one for containers."""
    account = f"s{uuid.uuid4().hex[:9]}"
    with batchlocal.credential() as credential:
        arm = credential.get_token(f"{batchlocal.settings['armEndpoint']}/.default").token
        batch = credential.get_token("https://batch.core.windows.net//.default").token
    group = f"/subscriptions/{batchlocal.subscription}/resourceGroups/{account}"

    def put(path: str, version: str, body: object) -> None:
        url = f"{batchlocal.settings['armEndpoint']}{group}{path}?api-version={version}"
        made = requests.put(url, json=body, headers={"Authorization": f"Bearer {arm}"}, timeout=30)
        assert made.ok, made.text

    put("", "2024-03-01", {"location": "westeurope"})
    put(f"/providers/Microsoft.Batch/batchAccounts/{account}", "2024-07-01", {"location": "westeurope"})
    made = Service(batchlocal, account, batch)
    until(lambda: made.send("GET", "/pools").status_code == 200)
    _add_pools(made)
    return made


def _add_pools(service: Service) -> None:
    containers = {"containerConfiguration": {"type": "dockerCompatible"}}
    pools: list[dict[str, Any]] = [
        {"id": "main", "targetDedicatedNodes": 2, "taskSlotsPerNode": 4},
        {"id": "gang", "targetDedicatedNodes": 3, "enableInterNodeCommunication": True},
        {"id": "containers", "virtualMachineConfiguration": {**UBUNTU, **containers}},
    ]
    for pool in pools:
        body = {"vmSize": "Standard_D2s_v3", "virtualMachineConfiguration": UBUNTU, **pool}
        assert service.send("POST", "/pools", body).status_code == 201
    for pool in pools[:2]:
        path = f"/pools/{pool['id']}/nodes?$filter=state eq 'idle'"
        until(lambda path=path, pool=pool: len(service.get(path)["value"]) == pool["targetDedicatedNodes"])


@pytest.fixture
def job(service: Service) -> Iterator[str]:
    """A job on the pool of two nodes, deleted afterwards."""
    made = service.new_job()
    yield made
    service.send("DELETE", f"/jobs/{made}")
