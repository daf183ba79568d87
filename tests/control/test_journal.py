"""The journal of requests."""

from __future__ import annotations

from tests.control.conftest import Steered


def test_the_journal_tells_what_was_asked_by_whom_and_how_it_ended(steered: Steered) -> None:
    account = steered.new_account()
    assert steered.control("DELETE", "/journal").status_code == 204
    steered.account("GET", account)
    steered.service("GET", account, "jobs/none")
    steered.service("POST", account, "jobs", {"id": "j", "poolInfo": {"poolId": "p"}})
    newest, missing, read = steered.control("GET", "/journal").json()["value"]
    assert (read["plane"], read["operation"], read["status"]) == ("arm", "BatchAccount_Get", 200)
    assert (missing["plane"], missing["operation"], missing["status"]) == ("service", "Job_Get", 404)
    assert (newest["method"], newest["path"], newest["status"]) == ("POST", f"/{account}/jobs", 201)
    assert {entry["caller"] for entry in (newest, missing, read)} == {read["caller"]}
    assert len(read["caller"]) == 36
    assert 0 < read["milliseconds"] < 10_000


def test_the_journal_is_filtered_and_cut(steered: Steered) -> None:
    account = steered.new_account()
    steered.control("DELETE", "/journal")
    for path in ("jobs", "pools", "jobs/none"):
        steered.service("GET", account, path)
    found = steered.control("GET", "/journal?operation=Job_*&status=4*").json()["value"]
    assert [entry["operation"] for entry in found] == ["Job_Get"]
    assert len(steered.control("GET", "/journal?limit=2").json()["value"]) == 2
    for query in ("colour=red", "limit=some"):
        assert steered.control("GET", f"/journal?{query}").status_code == 400


def test_no_secret_reaches_the_journal(steered: Steered) -> None:
    """A key that was asked for, a token and a password in a body are in no entry."""
    account = steered.new_account()
    key = steered.account("POST", account, "/listKeys").json()["primary"]
    user = {"name": "worker", "password": "Pa55word-of-no-one"}
    steered.new_pool(account, userAccounts=[user])
    text = steered.control("GET", "/journal?limit=5000").text
    assert "BatchAccount_GetKeys" in text
    for secret in (key, "Pa55word-of-no-one", *steered.tokens.values(), steered.local.settings["clientSecret"]):
        assert secret not in text


def test_the_command_shows_a_table(steered: Steered) -> None:
    account = steered.new_account()
    steered.service("GET", account, "jobs/none")
    shown = steered.local.run("journal", "show", "--operation", "Job_Get", "--limit", "1").stdout.splitlines()
    assert shown[0].split() == ["TIME", "PLANE", "STATUS", "MILLISECONDS", "OPERATION", "METHOD", "PATH", "CALLER"]
    assert f"/{account}/jobs/none" in shown[1]
