"""What the repository of resources promises beyond keeping them: children are found and counted by their parent."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from batchlocal.store import Store
from batchlocal.store.migrations import STEPS
from batchlocal.store.resources import Resource

ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/a"
APPLICATIONS, VERSIONS = "Microsoft.Batch/batchAccounts/applications", "Microsoft.Batch/batchAccounts/applications/v"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "store.db")
    yield made
    made.close()


def child(parent: str, kind: str, name: str) -> Resource:
    return Resource(f"{parent}/{kind.rsplit('/', 1)[-1]}/{name}", kind, "s", "g", name, parent, {"n": name})


def counted(store: Store, parent: str, kind: str) -> int:
    there = len(list(store.read.resources.children(parent, kind)))
    assert store.read.resources.count_children(parent, kind) == there
    return there


def test_children_are_counted_as_they_come_change_and_go(store: Store) -> None:
    one, other = (child(ACCOUNT, APPLICATIONS, name) for name in ("one", "other"))
    with store.write() as tx:
        for resource in (one, other, child(one.id, VERSIONS, "1"), child(one.id, VERSIONS, "2")):
            tx.resources.put(resource)
            tx.resources.put(resource)  # a change is none more
    assert counted(store, ACCOUNT.upper(), APPLICATIONS) == 2
    assert counted(store, one.id, VERSIONS) == 2
    with store.write() as tx:
        tx.resources.remove(one.id)
    assert counted(store, ACCOUNT, APPLICATIONS) == 1
    assert counted(store, one.id, VERSIONS) == 0, "what lies below goes with it"


def test_what_a_transaction_undoes_is_not_counted(store: Store) -> None:
    def put_and_fail() -> None:
        with store.write() as tx:
            tx.resources.put(child(ACCOUNT, APPLICATIONS, "one"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        put_and_fail()
    assert counted(store, ACCOUNT, APPLICATIONS) == 0


def test_children_of_an_older_store_are_counted_when_it_is_opened(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    old = sqlite3.connect(file, isolation_level=None)
    before = next(number for number, (_, sql) in enumerate(STEPS) if "child_count" in sql)
    for _, sql in STEPS[:before]:
        old.executescript(sql)
    old.execute(f"PRAGMA user_version = {before}")
    columns = "key, id, type, subscription, resource_group, parent, name, body, hidden, created, modified"
    values = (APPLICATIONS.lower(), "s", "g", ACCOUNT.lower(), "one", "{}", "{}", 1, 1)
    old.execute(f"INSERT INTO resource ({columns}) VALUES (?,?,?,?,?,?,?,?,?,?,?)", ("k", "K", *values))
    old.close()
    store = Store(file)
    assert counted(store, ACCOUNT, APPLICATIONS) == 1
    store.close()


def test_a_parent_with_many_children_is_asked_for_them_by_an_index(store: Store) -> None:
    asked: list[str] = []
    connection = store.read.connection
    connection.set_trace_callback(asked.append)
    list(store.read.resources.children(ACCOUNT, APPLICATIONS))
    connection.set_trace_callback(None)
    (plan,) = connection.execute(f"EXPLAIN QUERY PLAN {asked[0]}").fetchall()
    assert "resource_by_parent" in plan[3]


def test_an_older_stores_resources_stay_and_are_found_in_their_group(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    before = next(number for number, (name, _) in enumerate(STEPS) if name.startswith("0016"))
    old = sqlite3.connect(file, isolation_level=None)
    for _, sql in STEPS[:before]:
        old.executescript(sql)
    old.execute(f"PRAGMA user_version = {before}")
    group = "/subscriptions/s/resourceGroups/g"
    columns = "key, id, type, subscription, resource_group, parent, name, body, hidden, created, modified"
    for number, identity in enumerate((group, ACCOUNT, f"{group}2", f"{group}2/providers/n/t/other")):
        kind = "microsoft.resources/resourcegroups" if identity.count("/") == 4 else "n/t"
        values = (identity.lower(), identity, kind, "s", "g", "", identity.rsplit("/", 1)[-1], "{}", "{}", number, 1)
        old.execute(f"INSERT INTO resource ({columns}) VALUES (?,?,?,?,?,?,?,?,?,?,?)", values)
    old.close()
    store = Store(file)
    assert [resource.id for resource in store.read.resources.in_group("S", "G")] == [ACCOUNT]
    assert store.read.resources.named("n/t", "OTHER") is not None
    store.close()
