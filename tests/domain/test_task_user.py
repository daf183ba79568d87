"""Which user a task runs as."""

from __future__ import annotations

from typing import Any

from batchlocal.domain import pool as pools
from batchlocal.domain.task_user import TaskUser, user_of

USERS = [{"name": "plain", "password": "x"}, {"name": "boss", "password": "x", "elevationLevel": "admin"}]
POOL = pools.create("account", "render", {"vmSize": "Standard_D2s_v3", "userAccounts": USERS}, now=1)


def of(task: str, node: str = "node", **identity: Any) -> TaskUser:
    return user_of(POOL, node, task, identity)


def test_tasks_of_a_node_share_its_automatic_user() -> None:
    assert of("one") == of("two") != of("one", node="other")
    assert (of("one").name, of("one").identity) == ("_azbatch", "PoolNonAdmin")


def test_a_task_can_have_an_automatic_user_of_its_own() -> None:
    scope = {"autoUser": {"scope": "Task"}}
    assert of("one", **scope).number not in (of("two", **scope).number, of("one").number)
    assert of("one", **scope).identity == "TaskNonAdmin"
    assert of("node/startup", **scope).name == "_azbatchtask_start"


def test_users_of_a_node_are_of_one_group() -> None:
    named = of("one", username="plain")
    assert named.group == of("two").group == of("two", autoUser={"scope": "task"}).group != of("two", "other").group


def test_an_elevated_user_is_root() -> None:
    elevated = of("one", autoUser={"elevationLevel": "Admin"})
    assert (elevated.number, elevated.identity) == (None, "PoolAdmin")
    assert of("one", username="boss").number is None


def test_a_named_user_is_neither_automatic_nor_another() -> None:
    assert of("one", username="plain") == of("two", username="plain") != of("one")
    assert of("one", username="plain").name == "plain"
