"""Which user a task runs as."""

from __future__ import annotations

from typing import Any

from batchlocal.domain import pool as pools
from batchlocal.domain.task_user import user_id

USERS = [{"name": "plain", "password": "x"}, {"name": "boss", "password": "x", "elevationLevel": "admin"}]
POOL = pools.create("account", "render", {"vmSize": "Standard_D2s_v3", "userAccounts": USERS}, now=1)


def of(task: str, node: str = "node", **identity: Any) -> int | None:
    return user_id(POOL, node, task, identity)


def test_tasks_of_a_node_share_its_automatic_user() -> None:
    assert of("one") == of("two") != of("one", node="other")


def test_a_task_can_have_an_automatic_user_of_its_own() -> None:
    scope = {"autoUser": {"scope": "Task"}}
    assert of("one", **scope) == of("one", node="other", **scope) != of("two", **scope)


def test_an_elevated_user_is_the_servers() -> None:
    assert of("one", autoUser={"elevationLevel": "admin"}) is None
    assert of("one", username="boss") is None


def test_a_named_user_is_neither_automatic_nor_another() -> None:
    assert of("one", username="plain") == of("two", username="plain") != of("one")
