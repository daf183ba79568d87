"""What a task costs in a job of many: added by addtaskcollection, read, listed, counted.

    python benchmarks/tasks.py [--tasks 1000000] [--nodes 4]

Tasks go into one job a hundred a request, over one connection, each with a command line and two environment settings.
Simulated nodes of four slots take tasks and end them meanwhile, each after a second of Azure's time; with --nodes 0
none begins. Printed are tasks a second in each tenth, the server's memory, how many tasks had ended, and how long three
reads take beside the same reads of a job with 1,000 tasks.
"""

from __future__ import annotations

import argparse
import http.client
import json
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from _tools import local, token

A_REQUEST = 100
SMALL = 1_000
READS = 200
ACTIVE = "state%20eq%20%27active%27"
SERVICE = "2024-07-01.20.0"
UBUNTU = {
    "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
    "nodeAgentSKUId": "batch.node.ubuntu 24.04",
}


class Client:
    """One connection to a server."""

    def __init__(self, settings: dict[str, str]) -> None:
        context = ssl.create_default_context(cafile=settings["caFile"])
        self._settings = settings
        self._connection = http.client.HTTPSConnection(settings["metadataHost"], context=context)
        self._tokens = {
            scope: token(settings, context, scope)
            for scope in (settings["armEndpoint"], "https://batch.core.windows.net")
        }

    def arm(self, method: str, path: str, version: str, body: object = None) -> Any:
        url = f"/subscriptions/{self._settings['subscriptionId']}/resourceGroups/bench{path}?api-version={version}"
        return self._send(method, url, self._tokens[self._settings["armEndpoint"]], body)

    def batch(self, method: str, path: str, body: object = None) -> Any:
        joint = "&" if "?" in path else "?"
        url = f"/benchaccount{path}{joint}api-version={SERVICE}"
        return self._send(method, url, self._tokens["https://batch.core.windows.net"], body)

    def _send(self, method: str, url: str, token: str, body: object) -> Any:
        content = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._connection.request(method, url, content, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {url} was answered {answer.status}: {text.decode()[:500]}")
        return json.loads(text) if text else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=50_000, help="how many tasks the large job gets (50,000)")
    parser.add_argument("--nodes", type=int, default=4, help="simulated nodes that run tasks meanwhile (4)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        local("start", "--detach", folder)
        try:
            settings = json.loads(local("env", "--format", "json", folder))
            pid = json.loads((Path(folder) / "server.json").read_text())["pid"]
            measure(Client(settings), pid, options.tasks, options.nodes)
        finally:
            local("stop", folder)
    return 0


def measure(client: Client, pid: int, tasks: int, nodes: int) -> None:
    prepare(client, nodes)
    for _ in add(client, "small", SMALL):
        pass
    print(f"{tasks:,} tasks by addtaskcollection into one job, {A_REQUEST} a request, {nodes} simulated nodes")
    rates, memory = [], [resident(pid)]
    for rate in add(client, "large", tasks):
        rates.append(rate)
        memory.append(resident(pid))
    print("tasks/s by tenth:    " + "  ".join(f"{rate:6,.0f}" for rate in rates))
    print(f"first / last tenth:  {rates[0] / rates[-1]:.2f}   (goal: at most 1.3)")
    print("memory by tenth, MB: " + "  ".join(f"{used:4.0f}" for used in memory))
    print(f"ended meanwhile:     {client.batch('GET', '/jobs/large/taskcounts')['taskCounts']['completed']:,}")
    reads = {
        "GET task": "/jobs/{job}/tasks/t500",
        "first page, state filter": f"/jobs/{{job}}/tasks?maxresults=100&$select=id,state&$filter={ACTIVE}",
        "taskcounts": "/jobs/{job}/taskcounts",
    }
    for name, path in reads.items():
        small, large = medians(client, path)
        ratio = large / small
        print(f"{name:<25} {large * 1000:6.2f} ms, of {SMALL:,} tasks {small * 1000:6.2f} ms, ratio {ratio:.2f}")


def prepare(client: Client, nodes: int) -> None:
    """A group, an account, a pool and two jobs; the small job's tasks wait for a pool that is not there."""
    client.arm("PUT", "", "2024-03-01", {"location": "westeurope"})
    account = "/providers/Microsoft.Batch/batchAccounts/benchaccount"
    client.arm("PUT", account, "2024-07-01", {"location": "westeurope"})
    deadline = time.monotonic() + 30
    while client.arm("GET", account, "2024-07-01")["properties"]["provisioningState"] != "Succeeded":
        assert time.monotonic() < deadline, "the account did not get ready"
        time.sleep(0.1)
    pool = {
        "id": "pool",
        "vmSize": "Standard_D2s_v3",
        "virtualMachineConfiguration": UBUNTU,
        "taskSlotsPerNode": 4,
        "targetDedicatedNodes": nodes,
        "metadata": [{"name": "batchlocal.nodes", "value": "simulated seconds=1"}],
    }
    client.batch("POST", "/pools", pool)
    idle = "/pools/pool/nodes?$filter=state%20eq%20%27idle%27&$select=id"
    while len(client.batch("GET", idle)["value"]) < nodes:
        assert time.monotonic() < deadline, "the nodes did not come up"
        time.sleep(0.1)
    client.batch("POST", "/jobs", {"id": "large", "poolInfo": {"poolId": "pool"}})
    client.batch("POST", "/jobs", {"id": "small", "poolInfo": {"poolId": "none"}})


def add(client: Client, job: str, number: int) -> Iterator[float]:
    """Add tasks, and tell tasks a second after each tenth."""
    settings = [{"name": "INPUT", "value": "frame"}, {"name": "SCENE", "value": "north"}]
    began, told = time.perf_counter(), 0
    for start in range(0, number, A_REQUEST):
        sent = [
            {"id": f"t{one}", "commandLine": f"/bin/sh -c 'render {one}'", "environmentSettings": settings}
            for one in range(start, min(start + A_REQUEST, number))
        ]
        results = client.batch("POST", f"/jobs/{job}/addtaskcollection", {"value": sent})["value"]
        assert all(result["status"] == "Success" for result in results)
        added = start + len(sent)
        if added - told >= number / 10:
            now = time.perf_counter()
            yield (added - told) / (now - began)
            began, told = now, added


def medians(client: Client, path: str) -> tuple[float, float]:
    """Seconds that a read takes in the small and in the large job, asked in turn."""
    times: dict[str, list[float]] = {"small": [], "large": []}
    for _ in range(READS):
        for job, taken in times.items():
            began = time.perf_counter()
            client.batch("GET", path.format(job=job))
            taken.append(time.perf_counter() - began)
    return statistics.median(times["small"]), statistics.median(times["large"])


def resident(pid: int) -> float:
    """Megabytes of memory that a process has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    sys.exit(main())
