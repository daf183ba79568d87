"""A Batch account with something of everything, and requests to it: shared by tests that go through all operations."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests

from tests.conftest import Local, batchlocal_command, start_local
from tests.server.described import Seen, problems
from tests.server.test_server import token_for
from tests.support.waiting import until

LATEST, NEWEST = "2024-07-01", "2025-06-01"
WHERE = {"location": "westeurope"}
POOL = {
    "vmSize": "Standard_D2s_v3",
    "deploymentConfiguration": {
        "virtualMachineConfiguration": {
            "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
            "nodeAgentSkuId": "batch.node.ubuntu 24.04",
        }
    },
    "scaleSettings": {"fixedScale": {"targetDedicatedNodes": 0}},
}


@dataclass
class World:
    """A server of its own. Paths given to ``send`` are below the account unless they begin with a slash.

    ``connection`` and ``configuration`` name a private endpoint connection and a perimeter configuration. Every answer
    is held against the description of its operation, where there is one; ``seen`` remembers what was there.
    """

    local: Local
    connection: str = ""
    configuration: str = ""
    http: requests.Session = field(default_factory=requests.Session)
    version: str = LATEST
    seen: Seen = field(default_factory=Seen)

    @property
    def root(self) -> str:
        return f"/subscriptions/{self.local.subscription}"

    @property
    def account(self) -> str:
        return f"{self.root}/resourceGroups/world/providers/Microsoft.Batch/batchAccounts/worldaccount"

    @property
    def storage(self) -> str:
        return f"{self.root}/resourceGroups/world/providers/Microsoft.Storage/storageAccounts/worldstore"

    def url(self, path: str, version: str | None = None) -> str:
        whole = path if path.startswith("/") else f"{self.account}/{path}".rstrip("/")
        mark = "&" if "?" in whole else "?"
        return f"{self.local.settings['armEndpoint']}{whole}{mark}api-version={version or self.version}"

    def send(
        self, method: str, path: str, body: Any = None, *, version: str | None = None, **headers: str
    ) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = self.url(path, version)
        answer = self.http.request(method, url, json=body, headers=named, timeout=30)
        where = unquote(urlsplit(url).path)
        wrong = problems(answer, method, where, version or self.version, self.seen)
        assert wrong == [], f"{method} {where}: {wrong}"
        return answer

    def get(self, path: str, **options: Any) -> Any:
        answer = self.send("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def done(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """A request whose operation, if it starts one, is followed to its end; that end's answer."""
        answer = self.send(method, path, body, **options)
        assert answer.status_code < 400, answer.text
        if url := answer.headers.get("Azure-AsyncOperation"):
            until(lambda: self.http.get(url, timeout=30).json()["status"] != "InProgress")
            return self.http.get(url, timeout=30)
        url = answer.headers.get("Location") if answer.status_code == 202 else None
        if url:
            until(lambda: self.http.get(url, timeout=30).status_code != 202)
            return self.http.get(url, timeout=30)
        return answer


def package() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("tool.sh", "echo tool")
    return content.getvalue()


@contextmanager
def a_world(data: Path, version: str = LATEST) -> Iterator[World]:
    """Start a server, fill it, give it, stop it; ``version`` is the api-version of Microsoft.Batch."""
    local = start_local(data)
    world = World(local, version=version)
    try:
        token = token_for(local, local.settings["armEndpoint"])
        world.http.trust_env = False  # REQUESTS_CA_BUNDLE would go before verify
        world.http.verify = local.settings["caFile"]
        world.http.headers["Authorization"] = f"Bearer {token}"
        fill(world)
        yield world
    finally:
        world.http.close()
        batchlocal_command("stop", "--data", str(data))


def fill(world: World) -> None:
    world.send("PUT", f"{world.root}/resourceGroups/world", WHERE)
    sku = {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    world.done("PUT", world.storage, {**WHERE, **sku}, version="2023-05-01")
    linked = {"properties": {"autoStorage": {"storageAccountId": world.storage}}}
    world.done("PUT", "", {**WHERE, **linked})
    world.done("PUT", "applications/tool", {})
    made = world.done("PUT", "applications/tool/versions/1.0", {}).json()
    upload(world, made["properties"]["storageUrl"])
    world.done("POST", "applications/tool/versions/1.0/activate", {"format": "zip"})
    world.done("PUT", "pools/pool", {"properties": POOL})
    world.connection, world.configuration = connect(world, "door"), associate(world)


def upload(world: World, url: str) -> None:
    headers = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-12-02"}
    sent = requests.put(url, data=package(), headers=headers, verify=world.local.settings["caFile"], timeout=30)
    assert sent.status_code == 201, sent.text


def connect(world: World, name: str, target: str = "", group: str = "batchAccount", version: str | None = None) -> str:
    """A private endpoint that asks to be let in, by default to the account; the connection's name."""
    target = target or world.account
    network = f"{world.root}/resourceGroups/world/providers/Microsoft.Network"
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    subnets = {"subnets": [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}]}
    asked = {"privateLinkServiceId": target, "groupIds": [group], "requestMessage": "please"}
    endpoint = {
        "subnet": {"id": f"{network}/virtualNetworks/net/subnets/default"},
        "manualPrivateLinkServiceConnections": [{"name": name, "properties": asked}],
    }
    for path, properties in (("virtualNetworks/net", {**space, **subnets}), (f"privateEndpoints/{name}", endpoint)):
        world.done("PUT", f"{network}/{path}", {**WHERE, "properties": properties}, version="2024-05-01")
    listed = world.get(f"{target}/privateEndpointConnections", version=version)["value"]
    return next(str(one["name"]) for one in listed if one["name"].startswith(f"{name}."))


def associate(world: World) -> str:
    """A perimeter that the account is within; the configuration's name."""
    version = "2024-07-01"
    perimeter = f"{world.root}/resourceGroups/world/providers/Microsoft.Network/networkSecurityPerimeters/wall"
    world.done("PUT", perimeter, WHERE, version=version)
    world.done("PUT", f"{perimeter}/profiles/usual", {"properties": {}}, version=version)
    member = {"privateLinkResource": {"id": world.account}, "profile": {"id": f"{perimeter}/profiles/usual"}}
    world.done("PUT", f"{perimeter}/resourceAssociations/inside", {"properties": member}, version=version)
    return str(world.get("networkSecurityPerimeterConfigurations")["value"][0]["name"])
