"""Bodies of every operation, drawn from the tables: good ones get past the check of bodies, wrong ones do not.

They are sent to groups and subscriptions that are not there: a body that is taken is answered with 404.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest

from batchlocal import specs
from tests.server.bodies import broken, sample, with_read_only
from tests.server.world import LATEST, NEWEST, World

STORAGE = "2023-05-01"
# What Azure says of a body (recorded): a value out of bounds, or a body that cannot be read as what it should be.
CODES = dict.fromkeys(("enum", "pattern", "length", "range"), "InvalidPropertyValue")
CODES |= dict.fromkeys(("type", "required", "unknown"), "InvalidRequestBody")


NOT_MODELLED = {"StorageAccounts_RestoreBlobRanges"}  # docs/neighbours.md


def with_bodies(namespace: str, version: str) -> list[specs.Operation]:
    return [one for one in specs.operations(namespace, version) if one.body]


EVERY = [
    pytest.param(namespace, version, one.id, id=f"{one.id}-{version}")
    for namespace, version in (("Microsoft.Batch", LATEST), ("Microsoft.Batch", NEWEST), ("Microsoft.Storage", STORAGE))
    for one in with_bodies(namespace, version)
]


@pytest.mark.parametrize(("namespace", "version", "operation"), EVERY)
def test_bodies_are_taken_and_refused_as_described(world: World, namespace: str, version: str, operation: str) -> None:
    table = specs.table_for(namespace, version)
    described = table.operation(operation)
    schema = table.schema(described.body or "")
    path = re.sub(r"\{\w+\}", "nowhere", described.path)
    for body in (sample(schema), with_read_only(schema)):
        answer = world.send(described.method, path, body, version=version)
        taken = (501, "NotImplemented") if operation in NOT_MODELLED else (404, "SubscriptionNotFound")
        assert (answer.status_code, answer.json()["error"]["code"]) == taken, body
    tried = Counter[str]()
    for body, where, kind in broken(schema):
        answer = world.send(described.method, path, body, version=version)
        error = answer.json()["error"]
        assert answer.status_code == 400, (where, kind, answer.text)
        if namespace == "Microsoft.Batch":
            assert error["code"] == CODES[kind], (where, kind, answer.text)
            assert where.removeprefix("properties.") in str(error["details"]), (where, error)
        tried[kind] += 1
    assert tried
