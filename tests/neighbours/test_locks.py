"""Locks hold (Azure documentation, "Lock your resources to protect your infrastructure")."""

from __future__ import annotations

import pytest

from tests.neighbours.conftest import WHERE, Caller

LOGS = "Microsoft.OperationalInsights/workspaces/logs"


def lock(owner: Caller, scope: str, level: str) -> str:
    path = f"{scope}/providers/Microsoft.Authorization/locks/hold"
    owner.put(path, {"properties": {"level": level}})
    return path


@pytest.mark.parametrize("at", ["the resource", "its group"])
@pytest.mark.parametrize("level", ["CanNotDelete", "ReadOnly"])
def test_a_locked_resource_is_not_deleted_until_the_lock_is_gone(owner: Caller, at: str, level: str) -> None:
    owner.put(LOGS)
    held = lock(owner, owner.path(LOGS) if at == "the resource" else owner.scope, level)
    answer = owner.send("DELETE", LOGS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "ScopeLocked")
    assert owner.path(LOGS) in answer.json()["error"]["message"]
    assert owner.send("GET", LOGS).ok
    assert owner.send("DELETE", held).status_code == 200
    assert owner.send("DELETE", LOGS).status_code == 200


def test_a_group_with_a_locked_resource_is_not_deleted(owner: Caller) -> None:
    owner.put(LOGS)
    held = lock(owner, owner.path(LOGS), "CanNotDelete")
    assert owner.refused("DELETE", owner.scope, version="2024-03-01") == (409, "ScopeLocked")
    owner.send("DELETE", held)
    assert owner.send("DELETE", owner.scope, version="2024-03-01").status_code == 202


def test_what_is_only_locked_against_deletion_still_changes(owner: Caller) -> None:
    owner.put(LOGS)
    lock(owner, owner.path(LOGS), "CanNotDelete")
    assert owner.send("PATCH", LOGS, {"tags": {"a": "b"}}).ok
    assert owner.send("POST", f"{LOGS}/sharedKeys").ok


def test_what_is_read_only_neither_changes_nor_shows_its_keys_nor_gets_children(owner: Caller) -> None:
    account = owner.account()
    lock(owner, account, "ReadOnly")
    batch = {"version": "2024-07-01"}
    assert owner.refused("PATCH", account, {"tags": {"a": "b"}}, **batch) == (409, "ScopeLocked")
    assert owner.refused("POST", f"{account}/listKeys", **batch) == (409, "ScopeLocked")
    assert owner.refused("PUT", f"{account}/applications/a", {}, **batch) == (409, "ScopeLocked")
    assert owner.send("GET", account, **batch).ok
    assert owner.send("PUT", LOGS, WHERE).ok


def test_a_lock_of_an_unknown_level_is_refused(owner: Caller) -> None:
    path = f"{owner.scope}/providers/Microsoft.Authorization/locks/hold"
    assert owner.refused("PUT", path, {"properties": {"level": "Strong"}}) == (400, "InvalidRequestContent")
