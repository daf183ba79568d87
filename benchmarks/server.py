"""How fast ARM answers, beside moto's server, in one run on one machine.

Both are local emulators of a cloud's management API. Ours answers over TLS, with a token verified and the body checked;
moto over plain HTTP without either. The same closed loop of 8 connections asks both: a point read (GET of a Batch
account; moto: DescribeJobQueues) and a durable write (PUT of an application; moto: RegisterJobDefinition, in memory).
moto is installed once into a folder that is kept (BENCH_CACHE, else ~/.cache/batchmgmt-bench); without a package index
its columns are left out, which is said.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from _tools import local, token

CONNECTIONS = 8
SECONDS = 4.0
ROUNDS = 3
FEW, MANY = 100, 10_000  # pools
LEAST = {"point read": 8.0, "durable write": 4.0}  # times moto's rate
MOST_P99, MOST_GROWTH = 10.0, 1.5  # ms; the time with MANY pools, of that with FEW
MOTO, MOTO_PORT = "moto[server,batch]==5.2.5", 5123
VERSION = "?api-version=2024-07-01"
MOTO_CALLER = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/batch/aws4_request, SignedHeaders=host, Signature=a"


@dataclass(frozen=True)
class Measured:
    """Requests a second and the 99th percentile in milliseconds: medians over the rounds."""

    rate: float
    p99: float


@dataclass(frozen=True)
class Server:
    """Where requests go, and what stands in each of them."""

    port: int
    authorization: str
    context: ssl.SSLContext | None = None

    def request(self, method: str, path: str, body: object = None) -> bytes:
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\nAuthorization: {self.authorization}\r\n"
        return f"{head}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


def main() -> int:
    moto = installed_moto()
    with tempfile.TemporaryDirectory() as folder:
        local("start", "--detach", folder)
        try:
            local("quota", "set", f"poolQuota={2 * MANY}", "applicationQuota=1000000", folder)
            server, account = prepared(json.loads(local("env", "--format", "json", folder)))
            ours = measure_ours(server, account)
            many = measure_many_pools(server, account)
        finally:
            local("stop", folder)
    over = [*report_many(many), *report(ours, beside(moto) if moto else {})]
    if over:
        print(f"missed: {', '.join(over)}")
    return int(bool(over))


def beside(moto: Path) -> dict[str, Measured]:
    """What moto does on this machine; nothing when it breaks under the load."""
    try:
        return measure_moto(moto)
    except RuntimeError as trouble:
        print(f"moto broke: {trouble}")
        return {}


def report_many(times: dict[str, tuple[Measured, Measured]]) -> list[str]:
    """Print the reads with few and many pools; what has become slower than it may."""
    growth = {name: few.rate / many.rate for name, (few, many) in times.items()}
    for name, (few, many) in times.items():
        rates = f"{FEW} pools {few.rate:6.0f}/s   {MANY} pools {many.rate:6.0f}/s"
        print(f"{name:<24} {rates}   {growth[name]:.2f} x the time (at most {MOST_GROWTH:g})")
    return [name for name, ratio in growth.items() if ratio > MOST_GROWTH]


def report(ours: dict[str, Measured], theirs: dict[str, Measured]) -> list[str]:
    """Print both columns; what is slower than it may be."""
    missed = []
    for name, measured in ours.items():
        line = f"{name:<14} batchlocal {measured.rate:7.0f}/s  p99 {measured.p99:5.1f} ms (at most {MOST_P99:g})"
        if measured.p99 > MOST_P99:
            missed.append(f"{name}, p99")
        if other := theirs.get(name):
            ratio = measured.rate / other.rate
            line += (
                f"   moto {other.rate:6.0f}/s  p99 {other.p99:6.1f} ms   ratio {ratio:.1f} (at least {LEAST[name]:g})"
            )
            if ratio < LEAST[name]:
                missed.append(f"{name}, ratio")
        print(line)
    if not theirs:
        print("there is nothing of moto's to compare with: its columns are left out")
    return missed


def prepared(settings: dict[str, str]) -> tuple[Server, str]:
    """The server, and the path of an account with linked storage."""
    context = ssl.create_default_context(cafile=settings["caFile"])
    server = Server(int(settings["metadataHost"].split(":")[1]), f"Bearer {token(settings, context)}", context)
    root = f"/subscriptions/{settings['subscriptionId']}/resourceGroups/bench"
    account = f"{root}/providers/Microsoft.Batch/batchAccounts/benchaccount"
    storage = f"{root}/providers/Microsoft.Storage/storageAccounts/benchstore"
    where = {"location": "westeurope"}
    sku = {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    for request in (
        server.request("PUT", f"{root}?api-version=2024-03-01", where),
        server.request("PUT", f"{storage}?api-version=2023-05-01", {**where, **sku}),
        server.request(
            "PUT", account + VERSION, {**where, "properties": {"autoStorage": {"storageAccountId": storage}}}
        ),
    ):
        asyncio.run(once(server, request))
    return server, account


def measure_ours(server: Server, account: str) -> dict[str, Measured]:
    return {
        "point read": asyncio.run(load(server, lambda _: server.request("GET", account + VERSION))),
        "durable write": asyncio.run(
            load(server, lambda number: server.request("PUT", f"{account}/applications/a{number}{VERSION}", {}))
        ),
    }


POOL = {
    "vmSize": "Standard_D2s_v3",
    "deploymentConfiguration": {
        "virtualMachineConfiguration": {
            "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
            "nodeAgentSkuId": "batch.node.ubuntu 24.04",
        }
    },
}


def measure_many_pools(server: Server, account: str) -> dict[str, tuple[Measured, Measured]]:
    """Reads with a page of pools stored, and with very many; one page has as many entries either way."""
    reads = {
        "point read of a pool": f"{account}/pools/p0{VERSION}",
        "first page of pools": f"{account}/pools{VERSION}&maxresults={FEW}",
    }

    def measured() -> list[Measured]:
        requests = [server.request("GET", path) for path in reads.values()]
        return [asyncio.run(load(server, lambda _, request=request: request)) for request in requests]

    asyncio.run(stored(server, account, range(FEW)))
    few = measured()
    asyncio.run(stored(server, account, range(FEW, MANY)))
    return dict(zip(reads, zip(few, measured(), strict=True), strict=True))


async def stored(server: Server, account: str, numbers: range) -> None:
    """Make pools over all connections, and give the server a moment to do what it owes them."""
    left = iter(numbers)

    async def make() -> None:
        connection = Connection(server)
        for number in left:
            status = await connection.send(
                server.request("PUT", f"{account}/pools/p{number}{VERSION}", {"properties": POOL})
            )
            if status >= 400:
                raise RuntimeError(f"pool {number} was answered {status}")
        connection.close()

    await asyncio.gather(*(make() for _ in range(CONNECTIONS)))
    probe = server.request("GET", f"{account}/pools{VERSION}&$filter=properties/allocationState%20eq%20'Resizing'")
    connection = Connection(server)
    for _ in range(600):
        if (await connection.read(probe)) == {"value": []}:
            break
        await asyncio.sleep(0.5)
    connection.close()


def measure_moto(program: Path) -> dict[str, Measured]:
    server = Server(MOTO_PORT, MOTO_CALLER)
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([str(program), "-p", str(MOTO_PORT)], stdout=quiet, stderr=quiet)
    read = server.request("POST", "/v1/describejobqueues", {})
    definition = {"type": "container", "containerProperties": {"image": "busybox", "vcpus": 1, "memory": 4}}

    def write(number: int) -> bytes:
        return server.request("POST", "/v1/registerjobdefinition", {**definition, "jobDefinitionName": f"d{number}"})

    try:
        wait_for(server, read)
        return {
            "point read": asyncio.run(load(server, lambda _: read)),
            "durable write": asyncio.run(load(server, write)),
        }
    finally:
        process.terminate()
        process.wait()


def wait_for(server: Server, request: bytes) -> None:
    """Ask until the server answers; the first answers of moto load its services."""
    deadline = time.monotonic() + 30
    while True:
        try:
            asyncio.run(once(server, request))
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class Connection:
    """One HTTP/1.1 connection, opened again whenever the server has closed it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes) -> int:
        """Send, read the answer to its end, and return its status."""
        return (await self._exchange(request))[0]

    async def read(self, request: bytes) -> object:
        """The JSON that a request is answered with."""
        return json.loads((await self._exchange(request))[1])

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("localhost", self._server.port, ssl=self._server.context)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = re.search(r"content-length: *(\d+)", head)
        content = await reader.readexactly(int(length.group(1)) if length else 0)
        if "connection: close" in head:
            self.close()
        return int(head.split(" ", 2)[1]), content

    def close(self) -> None:
        """Close it, if it is open."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def once(server: Server, request: bytes) -> None:
    connection = Connection(server)
    status = await connection.send(request)
    connection.close()
    if status >= 400:
        raise RuntimeError(f"{request.split(b' HTTP')[0]!r} was answered {status}")


async def load(server: Server, request: Callable[[int], bytes]) -> Measured:
    """A closed loop on all connections, some seconds a round."""
    connections = [Connection(server) for _ in range(CONNECTIONS)]
    rates, tails, number = [], [], 0

    async def loop(connection: Connection, until: float, times: list[float]) -> None:
        nonlocal number
        while time.perf_counter() < until:
            number += 1
            began = time.perf_counter()
            status = await connection.send(request(number))
            times.append(time.perf_counter() - began)
            if status >= 400:
                raise RuntimeError(f"request {number} was answered {status}")

    for _ in range(ROUNDS):
        times: list[float] = []
        began = time.perf_counter()
        await asyncio.gather(*(loop(connection, began + SECONDS, times) for connection in connections))
        rates.append(len(times) / (time.perf_counter() - began))
        tails.append(statistics.quantiles(times, n=100)[98] * 1000)
    for connection in connections:
        connection.close()
    return Measured(statistics.median(rates), statistics.median(tails))


def installed_moto() -> Path | None:
    """The program ``moto_server`` of an environment made once; None where it cannot be installed."""
    cache = Path(os.environ.get("BENCH_CACHE") or Path.home() / ".cache" / "batchmgmt-bench")
    folder = cache / "moto"
    if not (folder / "bin" / "moto_server").exists():
        print(f"installing {MOTO} into {folder} (once)", flush=True)
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", MOTO]
        if subprocess.run(pip, capture_output=True, check=False).returncode:
            return None
    return folder / "bin" / "moto_server"


if __name__ == "__main__":
    sys.exit(main())
