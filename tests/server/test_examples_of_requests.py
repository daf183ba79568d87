"""The examples of requests beside Microsoft's descriptions, sent to a server: each is answered as it says.

The descriptions are not part of this repository: BATCHLOCAL_SPECS names their folder, by default beside the project.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.stand_ins import Example, stand_ins, with_stand_ins
from tests.server.world import POOL, WHERE, World, upload
from tests.support.waiting import until

DESCRIPTIONS = Path(os.environ.get("BATCHLOCAL_SPECS", Path(__file__).resolve().parents[3] / "shared" / "specs"))
DOCUMENTS = {
    "Microsoft.Batch": ["mgmt/2024-07-01/BatchManagement.json"],
    "Microsoft.Storage": [f"storage/2023-05-01/{name}.json" for name in ("storage", "blob", "file", "queue", "table")],
}
VERSIONS = {"Microsoft.Batch": "2024-07-01", "Microsoft.Storage": "2023-05-01"}
pytestmark = pytest.mark.skipif(not DESCRIPTIONS.is_dir(), reason="the API descriptions are not beside the project")

LEFT_OUT = {
    "StorageAccountRegenerateKerbKey": "no file here is reached by Kerberos, so accounts join no domain",
    "BlobRangesRestore": "501, told in docs/neighbours.md: Azurite keeps no earlier states of blobs",
}


def examples() -> Iterator[Example]:
    for namespace, documents in DOCUMENTS.items():
        for document in (DESCRIPTIONS / name for name in documents):
            for path, methods in json.loads(document.read_text("utf-8"))["paths"].items():
                for method, operation in methods.items():
                    named = [one["name"] for one in operation["parameters"] if one.get("in") == "body"]
                    for reference in operation.get("x-ms-examples", {}).values() if named else ():
                        file = document.parent / reference["$ref"]
                        told = json.loads(file.read_text("utf-8"))
                        body = told["parameters"].get(named[0])
                        statuses = {int(status) for status in told["responses"]}
                        where = (namespace, method.upper(), path, told["parameters"])
                        yield Example(file.stem, *where, body, statuses)


EVERY = list(examples()) if DESCRIPTIONS.is_dir() else []


def test_the_examples_of_requests_are_answered_as_they_say(world: World) -> None:
    neighbours = prepare(world)
    wrong, tried = [], 0
    for at, example in enumerate(one for one in EVERY if one.name not in LEFT_OUT):
        own = names(world, example, at)
        path = re.sub(r"\{(\w+)\}", lambda found, own=own: own[found[1]], example.path)
        version = VERSIONS[example.namespace]
        make_parents(world, path, example, version)
        texts = stand_ins(world, example, path, version)
        for old, new in texts.items():
            path = path.replace(old, new)
        body = with_stand_ins(placed(example.body, neighbours), texts)
        answer = world.send(example.method, path, body, version=version)
        tried += 1
        if answer.status_code not in example.statuses:
            wrong.append((example.name, answer.status_code, answer.text[:300]))
    assert not wrong, "\n".join(map(str, wrong))
    assert tried == len(EVERY) - len(LEFT_OUT) > 100
    assert {one.name for one in EVERY} >= LEFT_OUT.keys()


def names(world: World, example: Example, at: int) -> dict[str, str]:
    """What the path's parameters are here; accounts and what lies in them are an example's own."""
    own = {name: re.sub(r"[^\w.-]", "", str(value)) for name, value in example.parameters.items()}
    account = "worldaccount" if example.namespace == "Microsoft.Batch" else f"example{at}"
    if re.search(r"/(batchAccounts|storageAccounts)/\{accountName\}$", example.path):
        account = f"example{at}"
    own |= {"subscriptionId": world.local.subscription, "resourceGroupName": "world", "accountName": account}
    if "poolName" in own:
        own["poolName"] = f"example{at}"
    if "encryptionScopeName" in own:
        own["encryptionScopeName"] = f"scope{at}"
    return {name: own.get(name, "default") for name in re.findall(r"\{(\w+)\}", example.path)}


def make_parents(world: World, path: str, example: Example, version: str) -> None:
    """What the request changes or lies in, as far as it is not there."""
    if example.namespace == "Microsoft.Batch":
        make_batch_parents(world, path, example)
        return
    account, _, below = path.partition("/storageAccounts/")[2].partition("/")
    if account and (below or example.method == "PATCH"):
        whole = f"{path.partition('/storageAccounts/')[0]}/storageAccounts/{account}"
        body = {**WHERE, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
        world.done("PUT", whole, {**body, "properties": {"allowBlobPublicAccess": True}}, version=version)
    if example.method == "POST" and re.search("(lease|hold|extend|lock)$", path, re.IGNORECASE):
        container = re.sub(r"/(immutabilityPolicies/default/)?\w+$", "", path)
        world.done("PUT", container, {}, version=version)
        if "/immutabilityPolicies/" in path:
            policy = path.rpartition("/")[0]
            days = {"properties": {"immutabilityPeriodSinceCreationInDays": 3}}
            world.done("PUT", policy, days, version=version)
            world.done("POST", f"{policy}/lock", version=version)
    elif "/immutabilityPolicies/" in path:
        world.done("PUT", path.partition("/immutabilityPolicies/")[0], {}, version=version)
    elif example.method == "PATCH" and below:
        world.done("PUT", path, {}, version=version)


def make_batch_parents(world: World, path: str, example: Example) -> None:
    if "/applications/" in path:
        application = re.sub(r"/versions/.*", "", path)
        world.done("PUT", application, {})
        if example.method == "PATCH" or path.endswith("/activate"):
            version = re.search(r"/versions/[^/]+", path)
            package = f"{application}{version[0] if version else '/versions/2'}"
            upload(world, world.done("PUT", package, {}).json()["properties"]["storageUrl"])
            world.done("POST", f"{package}/activate", {"format": "zip"})
    elif example.method == "PATCH" and "/pools/" in path:
        world.done("PUT", path, {"properties": POOL})  # it is resizing at first, even to no nodes
        until(lambda: world.done("GET", path).json()["properties"]["allocationState"] == "Steady")
    elif example.method == "PATCH" and example.path.endswith("/{accountName}"):
        world.done("PUT", path, WHERE)


def prepare(world: World) -> dict[str, str]:
    """Neighbours that examples refer to: by the type in their ids, the id of one that is there."""
    root = f"{world.root}/resourceGroups/world/providers"
    network, version = f"{root}/Microsoft.Network", "2024-05-01"
    made = {
        "Microsoft.ManagedIdentity/userAssignedIdentities/id1": {},
        "Microsoft.ManagedIdentity/userAssignedIdentities/id2": {},
        "Microsoft.Network/publicIPAddresses/ip": {"sku": {"name": "Standard"}},
        "Microsoft.KeyVault/vaults/examplevault": {
            "properties": {"tenantId": world.local.settings["tenantId"], "sku": {"family": "A", "name": "standard"}}
        },
    }
    for path, body in made.items():
        world.done("PUT", f"{root}/{path}", {**WHERE, **body}, version=version)
    return {
        "storageAccounts": world.storage,
        "subnets": f"{network}/virtualNetworks/net/subnets/default",
        "publicIPAddresses": f"{network}/publicIPAddresses/ip",
        "userAssignedIdentities": f"{root}/Microsoft.ManagedIdentity/userAssignedIdentities/id1",
        "vaults": f"{root}/Microsoft.KeyVault/vaults/examplevault",
    }


def placed(body: Any, neighbours: dict[str, str]) -> Any:
    """A body with the ids of what is there in place of the example's."""
    if isinstance(body, dict):
        return {placed(name, neighbours): placed(value, neighbours) for name, value in body.items()}
    if isinstance(body, list):
        return [placed(value, neighbours) for value in body]
    found = re.fullmatch(r"/subscriptions/.*/(\w+)/[^/]+", body, re.IGNORECASE) if isinstance(body, str) else None
    return neighbours.get(found[1], body) if found else body
