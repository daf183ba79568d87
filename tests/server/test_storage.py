"""Storage accounts at the management plane, in step with where the blobs are."""

from __future__ import annotations

from typing import Any

import requests

from tests.server.world import World

VERSION = "2023-05-01"
BLOBS = {"x-ms-version": "2021-12-02"}


def storage(world: World, method: str, path: str, body: Any = None) -> requests.Response:
    return world.send(method, f"{world.storage}/{path}".rstrip("/"), body, version=VERSION)


def origin(world: World) -> str:
    return str(storage(world, "GET", "").json()["properties"]["primaryEndpoints"]["blob"])


def account_sas(world: World, permission: str = "rwdlac") -> str:
    sent = {"signedServices": "b", "signedResourceTypes": "sco", "signedPermission": permission}
    sent["signedExpiry"] = "2099-01-01T00:00:00Z"
    answer = storage(world, "POST", "ListAccountSas", sent)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["accountSasToken"])


def blobs(world: World, method: str, path: str, sas: str, **options: Any) -> requests.Response:
    mark = "&" if "?" in path else "?"
    headers = {**BLOBS, **options.pop("headers", {})}
    url, ca = f"{origin(world)}{path}{mark}{sas}", world.local.settings["caFile"]
    return requests.request(method, url, headers=headers, verify=ca, timeout=10, **options)


def test_containers_are_the_same_whoever_makes_and_deletes_them(world: World) -> None:
    containers = "blobServices/default/containers"
    assert storage(world, "PUT", f"{containers}/byarm", {}).status_code == 201
    assert storage(world, "PUT", f"{containers}/byarm", {}).status_code == 200
    sas = account_sas(world)
    assert blobs(world, "PUT", "byblobs?restype=container", sas).status_code == 201
    names = {one["name"] for one in storage(world, "GET", containers).json()["value"]}
    assert {"byarm", "byblobs"} <= names
    kind = {"x-ms-blob-type": "BlockBlob"}
    assert blobs(world, "PUT", "byarm/one.txt", sas, data=b"1", headers=kind).status_code == 201
    patched = storage(world, "PATCH", f"{containers}/byblobs", {"properties": {"metadata": {"a": "b"}}})
    assert patched.json()["properties"]["metadata"] == {"a": "b"}
    assert storage(world, "DELETE", f"{containers}/byarm").status_code == 200
    assert blobs(world, "GET", "byarm/one.txt", sas).status_code == 404
    assert blobs(world, "DELETE", "byblobs?restype=container", sas).status_code == 202
    assert storage(world, "GET", f"{containers}/byblobs").status_code == 404
    assert storage(world, "DELETE", f"{containers}/byblobs").status_code == 204
    assert storage(world, "PUT", f"{containers}/Not--Valid", {}).status_code == 400


def test_signatures_open_what_they_say_and_a_new_key_ends_them(world: World) -> None:
    sas = account_sas(world)
    blobs(world, "PUT", "signed?restype=container", sas)
    blobs(world, "PUT", "signed/a.txt", sas, data=b"a", headers={"x-ms-blob-type": "BlockBlob"})
    sent = {"canonicalizedResource": "/blob/worldstore/signed/a.txt", "signedResource": "b", "signedPermission": "r"}
    sent |= {"signedExpiry": "2099-01-01T00:00:00Z", "keyToSign": "key2"}
    one = storage(world, "POST", "ListServiceSas", sent).json()["serviceSasToken"]
    assert blobs(world, "GET", "signed/a.txt", one).content == b"a"
    assert blobs(world, "DELETE", "signed/a.txt", one).status_code == 403
    storage(world, "POST", "regenerateKey", {"keyName": "key2"})
    assert blobs(world, "GET", "signed/a.txt", one).status_code == 403
    other = {**sent, "canonicalizedResource": "/blob/elsewhere/signed"}
    assert storage(world, "POST", "ListServiceSas", other).status_code == 400
    assert storage(world, "POST", "ListServiceSas", {**sent, "keyToSign": "key3"}).status_code == 400


def test_services_and_policies_keep_what_they_are_told(world: World) -> None:
    days = {"properties": {"deleteRetentionPolicy": {"enabled": True, "days": 7}}}
    assert storage(world, "PUT", "blobServices/default", days).status_code == 200
    shown = storage(world, "GET", "blobServices/default").json()["properties"]
    assert shown["deleteRetentionPolicy"]["days"] == 7
    rule = {"enabled": True, "name": "old", "type": "Lifecycle"}
    rule["definition"] = {"actions": {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": 30}}}}
    policy = {"properties": {"policy": {"rules": [rule]}}}
    assert storage(world, "PUT", "managementPolicies/default", policy).status_code == 200
    kept = storage(world, "GET", "managementPolicies/default").json()["properties"]["policy"]
    assert kept["rules"][0]["name"] == "old"
    assert storage(world, "DELETE", "managementPolicies/default").status_code == 200
    assert storage(world, "GET", "managementPolicies/default").status_code == 404
