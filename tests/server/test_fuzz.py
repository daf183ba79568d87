"""Every operation of ARM with paths, queries and bodies that nobody thought of: refused or done, never broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchlocal import specs
from batchlocal.arm.providers import providers
from batchlocal.specs import Schema
from tests.conftest import Local, batchlocal_command, start_local
from tests.server.test_server import token_for
from tests.server.world import POOL, WHERE
from tests.support.waiting import until

TARGETS = [(provider, operation) for provider in providers() for operation in provider.operations.values()]
NAMED = {
    "subscriptionId": "",
    "resourceGroupName": "fuzz",
    "accountName": "fuzzaccount",
    "poolName": "fuzzpool",
    "applicationName": "fuzzapp",
    "versionName": "1",
    "containerName": "fuzzbox",
    "shareName": "fuzzshare",
    "queueName": "fuzzqueue",
    "tableName": "fuzztable",
    "username": "fuzzuser",
    "encryptionScopeName": "fuzzscope",
    "managementPolicyName": "default",
    "immutabilityPolicyName": "default",
    "locationName": "westeurope",
    "location": "westeurope",
}
ODD = st.sampled_from(
    [
        "",
        ".",
        "..",
        "a",
        "A" * 300,
        "%",
        "%00",
        "a b",
        "\u00e9\u4e2d",
        "a'b",
        "$top",
        "-1",
        "sha1-ab",
        "a/b",
        "null",
        "{x}",
    ]
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20), ODD, st.sampled_from(["Succeeded", "PT5M", "2020-01-01T00:00:00Z", "x" * 5000, "westeurope"]),
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Local, requests.Session]]:
    """A server of its own with something of everything: whatever happens to it, no other test minds."""
    local = start_local(tmp_path_factory.mktemp("fuzz") / "data")
    NAMED["subscriptionId"] = local.subscription
    with requests.Session() as http:
        http.trust_env = False
        http.verify = local.settings["caFile"]
        http.headers["Authorization"] = f"Bearer {token_for(local, local.settings['armEndpoint'])}"
        assert all(answer.ok for answer in fill(local, http))
        yield local, http
    batchlocal_command("stop", "--data", str(local.data))


def fill(local: Local, http: requests.Session) -> Iterator[requests.Response]:
    """Make what is named; as it was deleted, or is locked by now, some of it may not be made again."""
    group = f"{local.settings['armEndpoint']}/subscriptions/{local.subscription}/resourceGroups/fuzz"
    account = f"{group}/providers/Microsoft.Batch/batchAccounts/fuzzaccount"
    storage = f"{group}/providers/Microsoft.Storage/storageAccounts/fuzzaccount"
    linked = {"autoStorage": {"storageAccountId": storage.removeprefix(local.settings["armEndpoint"])}}
    made: dict[str, Any] = {
        group: WHERE,
        storage: {**WHERE, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"},
        account: {**WHERE, "properties": linked},
        f"{account}/pools/fuzzpool": {"properties": POOL},
        f"{account}/applications/fuzzapp": {},
        f"{account}/applications/fuzzapp/versions/1": {},
        f"{storage}/blobServices/default/containers/fuzzbox": {},
        f"{storage}/fileServices/default/shares/fuzzshare": {},
        f"{storage}/queueServices/default/queues/fuzzqueue": {},
        f"{storage}/tableServices/default/tables/fuzztable": {},
        f"{storage}/localUsers/fuzzuser": {"properties": {}},
        f"{storage}/encryptionScopes/fuzzscope": {},
    }
    for url, body in made.items():
        version = "2023-05-01" if "/Microsoft.Storage/" in url else "2024-07-01"
        answer = http.put(f"{url}?api-version={version}", json=body, timeout=30)
        if answer.status_code == 202:
            until(lambda url=answer.headers["Location"]: http.get(url, timeout=30).status_code != 202)
        yield answer


def value_of(draw: Any, schema: Schema, depth: int = 0) -> Any:
    """Mostly what a schema asks for, sometimes anything."""
    if depth > 6 or draw(st.integers(0, 11)) == 0:
        return draw(ANYTHING)
    if schema.type == "object" and schema.properties:
        chosen = [one for one in schema.properties.values() if one.required or draw(st.integers(0, 3)) == 0]
        made = {one.name: value_of(draw, one.schema, depth + 1) for one in chosen}
        return {**made, **(draw(st.dictionaries(ODD, ANYTHING, max_size=1)) if draw(st.integers(0, 9)) == 0 else {})}
    if schema.type == "array" and schema.items is not None:
        return [value_of(draw, schema.items, depth + 1) for _ in range(draw(st.integers(0, 2)))]
    if schema.constraints.enum:
        return draw(st.sampled_from(schema.constraints.enum))
    kinds = {"boolean": st.booleans(), "integer": st.integers(-2, 2**33), "number": st.floats(-1, 1e9)}
    return draw(kinds.get(schema.type, ANYTHING if schema.type in ("any", "object") else ODD | st.text(max_size=30)))


@st.composite
def requests_to_arm(draw: Any) -> tuple[str, str, dict[str, str], Any]:
    """Method, path, query and body."""
    provider, operation = draw(st.sampled_from(TARGETS))
    template = operation.path.replace(
        "/{scope}/", "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/"
    )

    def filled(found: re.Match[str]) -> str:
        known = NAMED.get(found[1])
        if known is not None and draw(st.integers(0, 7)):
            return known
        return requests.utils.quote(draw(ODD | st.text(min_size=1, max_size=12)), safe="")

    path = re.sub(r"\{(\w+)\}", filled, template)
    versions = provider.versions or ("2021-04-01",)
    query = {"api-version": draw(st.sampled_from(versions)) if draw(st.integers(0, 19)) else draw(ODD)}
    for name in ("$filter", "$top", "$select", "$expand", "maxresults", "$skiptoken"):
        if draw(st.integers(0, 9)) == 0:
            query[name] = draw(ODD | st.sampled_from(["name eq 'a'", "startswith(name,'a')", "1", "properties/vmSize"]))
    return operation.method, path, query, body_of(draw, provider, operation.id, query["api-version"])


def body_of(draw: Any, provider: Any, operation_id: str, version: str) -> Any:
    described = None
    if version in provider.versions:
        table = specs.table_for(provider.namespace, version)
        described = next((one for one in table.operations if one.id == operation_id), None)
    if described is not None and described.body:
        return value_of(draw, table.schema(described.body))
    shape = {"location": st.just("westeurope") | ANYTHING, "tags": ANYTHING, "properties": ANYTHING, "sku": ANYTHING}
    return draw(st.none() | ANYTHING | st.fixed_dictionaries({}, optional=shape))


def check(fuzzed: tuple[Local, requests.Session], request: tuple[str, str, dict[str, str], Any]) -> None:
    local, http = fuzzed
    method, path, query, body = request
    url = f"{local.settings['armEndpoint']}{path}"
    answer = http.request(method, url, params=query, json=body, timeout=60)
    assert answer.status_code != 500, (method, url, query, body, answer.text)
    if method == "DELETE" and answer.status_code in (200, 202):
        assert all(made.status_code != 500 for made in fill(local, http))


LEAST: list[Any] = [None, {}, [], "text", {"properties": None}, {"properties": {}}, {**WHERE, "properties": {}}]


@pytest.mark.parametrize("body", LEAST, ids=str)
def test_nothing_breaks_by_the_least_of_bodies(fuzzed: tuple[Local, requests.Session], body: Any) -> None:
    """At what is there, as far as it is named."""
    for provider, operation in TARGETS:
        if operation.method in ("PUT", "PATCH", "POST"):
            path = re.sub(r"\{(\w+)\}", lambda found: NAMED.get(found[1], "default"), operation.path)
            version = "2024-07-01" if "2024-07-01" in provider.versions else [*provider.versions, "2023-05-01"][0]
            check(fuzzed, (operation.method, path, {"api-version": version}, body))


QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None, "derandomize": True}


@settings(max_examples=120, **QUIET)
@given(request=requests_to_arm())
def test_nothing_breaks(fuzzed: tuple[Local, requests.Session], request: Any) -> None:
    check(fuzzed, request)


@pytest.mark.slow
@settings(max_examples=5000, **QUIET)
@given(request=requests_to_arm())
def test_nothing_breaks_in_a_long_run(fuzzed: tuple[Local, requests.Session], request: Any) -> None:
    check(fuzzed, request)
