"""A mixed load of writes on both planes, for a server that is killed under it.

Each actor writes to things of its own, one write after another, and remembers what was acknowledged. After a restart it
compares: what was acknowledged is there, a write that was cut off is done whole or not at all, what was owed gets done.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from tests.control.conftest import SERVICE_VERSION, VERSION, Steered
from tests.support.waiting import until

_STORAGE_VERSION, _GROUPS_VERSION = "2023-05-01", "2024-03-01"
_PATIENCE = 90.0  # seconds until what is owed must have been done, on a busy machine


class Died(Exception):
    """The server went away under a request: nobody knows whether it was done."""


class Client:
    """Requests to one server over kept connections; a refusal is a mistake of the test or of the server."""

    def __init__(self, steered: Steered) -> None:
        self.steered = steered
        self._session = requests.Session()
        self._session.verify = steered.local.settings["caFile"]
        self._session.trust_env = False

    def close(self) -> None:
        self._session.close()

    def send(self, method: str, url: str, body: object = None, *, refused: bool = False) -> requests.Response:
        arm = "/subscriptions/" in url
        token = self.steered.tokens[self.steered.origin if arm else "https://batch.core.windows.net/"]
        try:
            headers = {"Authorization": f"Bearer {token}"}
            answer = self._session.request(method, url, json=body, headers=headers, timeout=30)
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            raise Died from None
        assert answer.ok or refused, f"{method} {url}: {answer.status_code} {answer.text}"
        return answer

    def arm(
        self, method: str, path: str, body: object = None, version: str = VERSION, **how: bool
    ) -> requests.Response:
        root = f"{self.steered.origin}/subscriptions/{self.steered.local.subscription}"
        return self.send(method, f"{root}{path}?api-version={version}", body, **how)

    def batch(self, method: str, name: str, path: str = "", body: object = None, **how: bool) -> requests.Response:
        """A Batch account at ARM."""
        root = f"/resourceGroups/{self.steered.group}/providers/Microsoft.Batch/batchAccounts/{name}"
        return self.arm(method, f"{root}{path}", body, **how)

    def service(self, method: str, account: str, path: str, body: object = None, **how: bool) -> requests.Response:
        return self.send(method, f"{self.steered.origin}/{account}/{path}?api-version={SERVICE_VERSION}", body, **how)


class Actor(ABC):
    """One thread's writes."""

    def __init__(self, client: Client, account: str, rng: random.Random) -> None:
        self.client, self.account, self.rng = client, account, rng
        self.acknowledged = 0
        self._numbers = 0

    def fresh(self, prefix: str) -> str:
        self._numbers += 1
        return f"{prefix}{self._numbers}"

    def run(self) -> None:
        """Write until the server dies."""
        with suppress(Died):
            while True:
                self.act()
                self.acknowledged += 1

    @abstractmethod
    def act(self) -> None:
        """One write, or a few that belong together."""

    @abstractmethod
    def check(self) -> None:
        """After a restart: is all as acknowledged?"""


class Counter(Actor):
    """Puts a number that grows; the number seen later is the last acknowledged one, or the one cut off."""

    number = sent = 0

    @abstractmethod
    def write(self, number: int) -> None: ...
    @abstractmethod
    def read(self) -> int: ...

    def act(self) -> None:
        self.sent = self.number + 1
        self.write(self.sent)
        self.number = self.sent

    def check(self) -> None:
        seen = self.read() if self.sent else 0
        assert seen in (self.number, self.sent), f"{type(self).__name__}: {self.number} or {self.sent}, not {seen}"
        self.number = seen


class GroupTags(Counter):
    """A resource group's tags."""

    def write(self, number: int) -> None:
        path = "/resourceGroups/counted"
        self.client.arm("PUT", path, {"location": "westeurope", "tags": {"n": str(number)}}, _GROUPS_VERSION)

    def read(self) -> int:
        answer = self.client.arm("GET", "/resourceGroups/counted", version=_GROUPS_VERSION, refused=True)
        return int(answer.json()["tags"]["n"]) if answer.ok else 0


class Applications(Counter):
    """An application's display name; the application stands on linked storage."""

    def write(self, number: int) -> None:
        body = {"properties": {"displayName": str(number)}}
        self.client.batch("PUT", self.account, "/applications/counted", body)

    def read(self) -> int:
        answer = self.client.batch("GET", self.account, "/applications/counted", refused=True)
        return int(answer.json()["properties"]["displayName"]) if answer.ok else 0


class JobPriority(Counter):
    """A job's priority, patched at the service; it goes round between 0 and 1000."""

    def write(self, number: int) -> None:
        if number == 1:
            self.client.service("POST", self.account, "jobs", {"id": "counted", "priority": 1, "poolInfo": _NOWHERE})
        else:
            self.client.service("PATCH", self.account, "jobs/counted", {"priority": number % 1000})

    def read(self) -> int:
        answer = self.client.service("GET", self.account, "jobs/counted", refused=True)
        seen = int(answer.json()["priority"]) if answer.ok else 0
        return next((n for n in (self.number, self.sent) if n % 1000 == seen), -1)


_NOWHERE = {"poolId": "nowhere"}


class Pools(Actor):
    """Pools made at ARM, changed at the service, deleted at either."""

    pool = ""
    step = ""

    def act(self) -> None:
        self.pool, self.step = self.fresh("p"), "create"
        machine = {
            "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
            "nodeAgentSkuId": "batch.node.ubuntu 24.04",
        }
        scale = {"fixedScale": {"targetDedicatedNodes": self.rng.choice((0, 0, 1))}}
        body = {
            "vmSize": "Standard_D2s_v3",
            "deploymentConfiguration": {"virtualMachineConfiguration": machine},
            "scaleSettings": scale,
        }
        self.client.batch("PUT", self.account, f"/pools/{self.pool}", {"properties": body})
        self.step = "created"
        self.client.service(
            "PATCH", self.account, f"pools/{self.pool}", {"metadata": [{"name": "n", "value": self.pool}]}
        )
        self.step = "delete"
        if self.rng.random() < 0.5:
            self.client.batch("DELETE", self.account, f"/pools/{self.pool}")
        else:
            self.client.service("DELETE", self.account, f"pools/{self.pool}")
        self.step = "deleted"

    def check(self) -> None:
        if not self.pool:
            return
        get = lambda: self.client.service("GET", self.account, f"pools/{self.pool}", refused=True)  # noqa: E731
        there = get().ok
        assert there or self.step != "created", f"pool {self.pool} was acknowledged and is gone"
        if self.step == "deleted" or (there and get().json().get("state") == "deleting"):
            until(lambda: get().status_code == 404, _PATIENCE)
        elif there:
            until(lambda: get().json()["allocationState"] == "steady", _PATIENCE)
            pool = get().json()
            assert pool["currentDedicatedNodes"] == pool["targetDedicatedNodes"], pool
            self.client.service("DELETE", self.account, f"pools/{self.pool}")


class Tasks(Actor):
    """Collections of tasks: a collection is there whole or not at all, and kept counts agree with what is listed."""

    size = 40

    def __init__(self, client: Client, account: str, rng: random.Random) -> None:
        super().__init__(client, account, rng)
        self.job = ""
        self.added = self.sent = 0

    def act(self) -> None:
        if not self.job:
            job = self.fresh("waiting")
            self.client.service("POST", self.account, "jobs", {"id": job, "poolInfo": _NOWHERE})
            self.job = job
        tasks = [{"id": f"t{self.added + n}", "commandLine": "true"} for n in range(self.size)]
        self.sent = self.added + self.size
        answer = self.client.service("POST", self.account, f"jobs/{self.job}/addtaskcollection", {"value": tasks})
        assert {one["status"].lower() for one in answer.json()["value"]} == {"success"}
        self.added = self.sent

    def check(self) -> None:
        if not self.job:
            return
        counts = self.client.service("GET", self.account, f"jobs/{self.job}/taskcounts").json()["taskCounts"]
        assert counts["active"] in (self.added, self.sent), f"{counts}, {self.added} were acknowledged"
        listed = self._listed()
        assert len(listed) == counts["active"], f"{len(listed)} listed, {counts} counted"
        self.client.service("DELETE", self.account, f"jobs/{self.job}")
        self.job, self.added, self.sent = "", 0, 0

    def _listed(self) -> set[str]:
        page = self.client.service("GET", self.account, f"jobs/{self.job}/tasks").json()
        found = {task["id"] for task in page["value"]}
        while link := page.get("odata.nextLink"):
            page = self.client.send("GET", link).json()
            found |= {task["id"] for task in page["value"]}
        return found


class RunningTasks(Actor):
    """Tasks that really run: each acknowledged one completes, whatever happened to the server meanwhile."""

    def __init__(self, client: Client, account: str, rng: random.Random) -> None:
        super().__init__(client, account, rng)
        self.client.service("POST", account, "jobs", {"id": "running", "poolInfo": {"poolId": "main"}})
        self.added: list[str] = []

    def act(self) -> None:
        task = self.fresh("t")
        self.client.service("POST", self.account, "jobs/running/tasks", {"id": task, "commandLine": "true"})
        self.added.append(task)

    def check(self) -> None:
        for task in self.added:
            path = f"jobs/running/tasks/{task}"
            until(lambda path=path: self._state(path) == "completed", _PATIENCE)  # type: ignore[misc]
            ended = self.client.service("GET", self.account, path).json()["executionInfo"]
            assert ended["result"].lower() == "success", ended
        self.added = []

    def _state(self, path: str) -> str:
        return str(self.client.service("GET", self.account, path).json()["state"])


class Accounts(Actor):
    """Batch accounts made and deleted, each a long-running operation that must end."""

    name = step = location = ""

    def act(self) -> None:
        self.name, self.step = f"k{self.rng.randrange(10**9)}x", "create"
        accepted = self.client.batch("PUT", self.name, body={"location": "swedencentral"})
        self.location, self.step = accepted.headers["Location"], "created"
        self.acknowledged += 1
        until(lambda: self.client.send("GET", self.location).status_code == 200, _PATIENCE)
        self.step = "delete"
        accepted = self.client.batch("DELETE", self.name)
        self.location, self.step = accepted.headers["Location"], "deleted"
        until(lambda: self.client.send("GET", self.location).status_code == 200, _PATIENCE)

    def check(self) -> None:
        if not self.name:
            return
        if self.step in ("created", "deleted"):
            until(lambda: self.client.send("GET", self.location).status_code == 200, _PATIENCE)
        found = self.client.batch("GET", self.name, refused=True)
        assert found.ok or self.step != "created", f"account {self.name} was acknowledged and is gone"
        assert self.step != "deleted" or found.status_code == 404
        if found.ok:
            settled: Callable[[], bool] = lambda: self._state() in ("Succeeded", "gone")  # noqa: E731
            until(settled, _PATIENCE)
            if self._state() == "Succeeded":
                self.client.batch("DELETE", self.name)
                until(lambda: self._state() == "gone", _PATIENCE)

    def _state(self) -> str:
        found = self.client.batch("GET", self.name, refused=True)
        return str(found.json()["properties"]["provisioningState"]) if found.ok else "gone"


ACTORS: tuple[type[Actor], ...] = (GroupTags, Applications, JobPriority, Pools, Tasks, RunningTasks, Accounts)


class Killed:
    """A server under load that is killed and started again, round by round."""

    def __init__(self, steered: Steered, seed: int) -> None:
        self._steered = steered
        self._rng = random.Random(seed)
        account = self._account_with_storage()
        self.actors = [kind(Client(steered), account, random.Random(seed + n)) for n, kind in enumerate(ACTORS)]

    def close(self) -> None:
        """Close all connections."""
        for actor in self.actors:
            actor.client.close()

    def _account_with_storage(self) -> str:
        steered = self._steered
        storage = f"/resourceGroups/{steered.group}/providers/Microsoft.Storage/storageAccounts/killedstorage"
        body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
        assert steered.arm("PUT", storage, body, _STORAGE_VERSION).ok
        linked = f"/subscriptions/{steered.local.subscription}{storage}"
        account = steered.new_account({"autoStorage": {"storageAccountId": linked}})
        steered.new_pool(account, "main", nodes=1, taskSlotsPerNode=4)
        until(lambda: steered.node_states(account, "main") == ["idle"], _PATIENCE)
        return account

    def round(self) -> None:
        """Load, kill, perhaps kill again while it recovers, start, check."""
        threads = [threading.Thread(target=actor.run) for actor in self.actors]
        failures: list[Any] = []
        threading.excepthook = failures.append
        for thread in threads:
            thread.start()
        threading.Event().wait(self._rng.uniform(0.02, 1.2))
        self._kill()
        for thread in threads:
            thread.join(60)
        assert not failures, failures[0].exc_value
        _check_store(self._steered.local.data / "batchlocal.sqlite")
        self._start()
        if self._rng.random() < 0.2:
            self._kill()
            self._start()
        for actor in self.actors:
            actor.check()

    def _kill(self) -> None:
        os.kill(self._steered.local.pid, signal.SIGKILL)

    def _start(self) -> None:
        started = self._steered.local.run("start", "--detach", "--strict")
        assert started.returncode == 0, started.stderr


def _check_store(file: Path) -> None:
    """The file is sound, and no row points at what is not there."""
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        orphans = connection.execute("SELECT count(*) FROM task WHERE job NOT IN (SELECT key FROM job)").fetchone()
        assert orphans == (0,)
    connection.close()
