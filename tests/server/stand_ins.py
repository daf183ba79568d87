"""What stands here for the placeholders in Microsoft's examples of requests, made first where it must be there."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from tests.server.world import WHERE, World, connect, upload
from tests.support.certificates import PASSWORD, new_certificate

__all__ = ["Example", "stand_ins", "with_stand_ins"]


class Example(NamedTuple):
    """An example of a request with a body; ``statuses`` are those that it says."""

    name: str
    namespace: str
    method: str
    path: str
    parameters: dict[str, Any]
    body: Any
    statuses: set[int]


Texts = dict[str, str]
Prepare = Callable[[World, Example, str, str], Texts]
_PREPARE: dict[str, Prepare] = {}


def _for(*patterns: str) -> Callable[[Prepare], Prepare]:
    """Register how examples are prepared: it gets the world, the example, its path here and the api-version."""

    def register(prepare: Prepare) -> Prepare:
        _PREPARE.update(dict.fromkeys(patterns, prepare))
        return prepare

    return register


def stand_ins(world: World, example: Example, path: str, version: str) -> Texts:
    """What stands for the example's texts, in its path and its body."""
    found = [prepare for pattern, prepare in _PREPARE.items() if fnmatchcase(example.name, pattern)]
    return found[0](world, example, path, version) if found else {}


def with_stand_ins(body: Any, texts: Texts) -> Any:
    """A body with each text of the example that is a placeholder replaced."""
    if isinstance(body, dict):
        return {name: with_stand_ins(value, texts) for name, value in body.items()}
    if isinstance(body, list):
        return [with_stand_ins(value, texts) for value in body]
    return texts.get(body, body) if isinstance(body, str) else body


@_for("CertificateCreate_*", "CertificateUpdate")
def _certificate(world: World, example: Example, path: str, _: str) -> Texts:
    """The data is cut, and thumbprint and password belong to it."""
    made, sent = new_certificate(example.name), example.body["properties"]
    thumbprint = example.parameters["certificateName"].partition("-")[2]
    data = made.cer if sent.get("format") == "Cer" else made.pfx
    if example.method == "PATCH":
        body = {"properties": {"data": made.pfx, "password": PASSWORD}}
        world.done("PUT", path.replace(thumbprint, made.thumbprint), body)
    return {thumbprint: made.thumbprint, sent["data"]: data, "<ExamplePassword>": PASSWORD}


@_for("PoolUpdate_OtherProperties")
def _packages(world: World, example: Example, *_: str) -> Texts:
    """The packages that the pool references, active; one without a version is its application's default."""
    for reference in example.body["properties"]["applicationPackages"]:
        application, version = reference["id"].rpartition("/")[2], reference.get("version", "1.0")
        world.done("PUT", f"applications/{application}", {})
        package = f"applications/{application}/versions/{version}"
        upload(world, world.done("PUT", package, {}).json()["properties"]["storageUrl"])
        world.done("POST", f"{package}/activate", {"format": "zip"})
        world.done("PATCH", f"applications/{application}", {"properties": {"defaultVersion": version}})
    return {}


@_for("PrivateEndpointConnectionUpdate")
def _connection(world: World, example: Example, *_: str) -> Texts:
    return {example.parameters["privateEndpointConnectionName"]: world.connection}


@_for("StorageAccountPutPrivateEndpointConnection")
def _storage_connection(world: World, _: Example, path: str, version: str) -> Texts:
    account, _, name = path.partition("/privateEndpointConnections/")
    return {f"/{name}": f"/{connect(world, 'tostorage', account, 'blob', version)}"}


@_for("StorageAccount*ObjectReplicationPolicyOn*")
def _replicated(world: World, example: Example, path: str, version: str) -> Texts:
    """Both accounts of the example, under names that are free."""
    sides = {"sourceAccount": "replicafrom", "destinationAccount": "replicato"}
    names = {example.body["properties"][side]: name for side, name in sides.items()}
    root, _, rest = path.partition("/storageAccounts/")
    body = {**WHERE, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    for name in names.values():
        world.done("PUT", f"{root}/storageAccounts/{name}", body, version=version)
    return {rest.partition("/")[0]: names[example.parameters["accountName"]], **names}


@_for("StorageAccountListServiceSAS")
def _signed(_: World, example: Example, path: str, __: str) -> Texts:
    account = path.split("/storageAccounts/")[1].partition("/")[0]
    resource = str(example.body["canonicalizedResource"])
    return {resource: resource.replace(example.parameters["accountName"], account)}


@_for("*Lease_Break")
def _leased(world: World, example: Example, path: str, version: str) -> Texts:
    body = {"action": "Acquire", "leaseDuration": -1, "proposedLeaseId": example.body["leaseId"]}
    assert world.done("POST", path, body, version=version).status_code == 200
    return {}


@_for("FileSharesRestore")
def _deleted_share(world: World, example: Example, path: str, version: str) -> Texts:
    share = path.rpartition("/")[0]
    world.done("PUT", share, {}, version=version)
    world.done("DELETE", share, version=version)
    (gone,) = world.get(f"{share.rpartition('/')[0]}?$expand=deleted", version=version)["value"]
    return {example.body["deletedShareVersion"]: gone["properties"]["version"]}
