"""The web pages, as a browser asks for them: who may look, what is there, what is never there."""

from __future__ import annotations

import uuid

import pytest
import requests
from azure.batch import BatchClient
from azure.batch.models import BatchJobCreateOptions, BatchPoolInfo, BatchTaskCreateOptions

from tests.clients.conftest import Account, Arm, account, arm, batch  # noqa: F401
from tests.conftest import Local
from tests.support.waiting import until


def link(local: Local) -> str:
    printed = local.run("portal", "--no-open")
    assert printed.returncode == 0, printed.stderr
    return printed.stdout.splitlines()[0]


@pytest.fixture
def browser(batchlocal: Local) -> requests.Session:
    """A browser that has opened a link of ``batchlocal portal``."""
    session = requests.Session()
    assert session.get(link(batchlocal), timeout=10).status_code == 200
    return session


def test_without_a_link_there_is_only_a_page_that_says_how_to_get_one(batchlocal: Local) -> None:
    for path in ("/portal/", "/portal/api/overview", "/portal/portal.js", "/portal/?code=1.2.3"):
        answer = requests.get(batchlocal.settings["armEndpoint"] + path, timeout=10)
        assert (answer.status_code, "batchlocal portal" in answer.text) == (401, True)


def test_a_link_opens_once(batchlocal: Local) -> None:
    once = link(batchlocal)
    assert requests.get(once, timeout=10, allow_redirects=False).status_code == 303
    assert requests.get(once, timeout=10, allow_redirects=False).status_code == 401


def test_the_page_takes_nothing_from_elsewhere_and_cannot_be_framed(
    batchlocal: Local, browser: requests.Session
) -> None:
    page = browser.get(f"{batchlocal.settings['armEndpoint']}/portal/", timeout=10)
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert page.headers["X-Frame-Options"] == "DENY"
    assert browser.post(f"{batchlocal.settings['armEndpoint']}/portal/", timeout=10).status_code == 405


def test_a_task_is_seen_with_its_output(
    batchlocal: Local,
    browser: requests.Session,
    arm: Arm,  # noqa: F811
    account: Account,  # noqa: F811
    batch: BatchClient,  # noqa: F811
) -> None:
    def ask(view: str, **query: str) -> dict[str, object]:
        answer = browser.get(f"{batchlocal.settings['armEndpoint']}/portal/api/{view}", params=query, timeout=10)
        assert answer.status_code == 200
        assert account.key not in answer.text
        assert account.storage_key not in answer.text
        return dict(answer.json())

    job = f"seen-{uuid.uuid4().hex[:6]}"
    batch.create_job(BatchJobCreateOptions(id=job, pool_info=BatchPoolInfo(pool_id=account.pool)))
    batch.create_task(job, BatchTaskCreateOptions(id="t", command_line="/bin/sh -c 'echo hello; exit 3'"))
    until(lambda: batch.get_task(job, "t").state == "completed")

    shown = next(one for one in ask("overview")["accounts"] if one["name"] == account.name)  # type: ignore[attr-defined]
    whole = ask("account", id=shown["id"])
    [pool] = [one for one in whole["pools"] if one["id"] == account.pool]  # type: ignore[attr-defined]
    assert len(pool["nodes"]) == 2
    [seen] = [one for one in whole["jobs"] if one["id"] == job]  # type: ignore[attr-defined]
    assert seen["counts"]["failed"] == 1
    assert [one["exitCode"] for one in ask("tasks", job=seen["key"])["tasks"]] == [3]  # type: ignore[attr-defined]
    task = ask("task", job=seen["key"], id="t")
    assert (task["stdout"], task["stderr"]) == ("hello\n", "")
    trap = "rm ../stdout.txt ../stderr.txt; mkfifo ../stdout.txt; ln -s /etc/passwd ../stderr.txt"
    batch.create_task(job, BatchTaskCreateOptions(id="trap", command_line=f"/bin/sh -c '{trap}'"))
    until(lambda: batch.get_task(job, "trap").state == "completed")
    task = ask("task", job=seen["key"], id="trap")
    assert (task["exitCode"], task["stdout"], task["stderr"]) == (0, None, None)


def test_what_is_not_there_is_404(batchlocal: Local, browser: requests.Session) -> None:
    for view in ("account?id=/nothing", "tasks?job=/nothing", "task?job=/nothing&id=t", "secrets"):
        answer = browser.get(f"{batchlocal.settings['armEndpoint']}/portal/api/{view}", timeout=10)
        assert answer.status_code == 404


def test_a_call_stands_on_the_side_of_its_level(
    batchlocal: Local,
    browser: requests.Session,
    account: Account,  # noqa: F811
    batch: BatchClient,  # noqa: F811
) -> None:
    assert [pool.id for pool in batch.list_pools()]
    calls = browser.get(f"{batchlocal.settings['armEndpoint']}/portal/api/calls", timeout=10).json()
    assert {"operation": "Pool_List", "resource": f"/{account.name}/pools"}.items() <= calls["service"][0].items()
    assert any(call["resource"].endswith(f"/{account.name}") for call in calls["management"])
    assert all(call["operation"].startswith("Microsoft.") for call in calls["management"])
