"""Secrets do not print; errors say what was done, what Azure said, and what helps."""

from __future__ import annotations

import pickle
import re
import stat
import time

import pytest
from command_cases import commands

from batchmgmt import Secret
from batchmgmt.endpoint import KeyAuthentication, ServiceEndpoint
from batchmgmt.errors import NEXT_STEPS, Conflict, NotAuthenticated, ServiceFault, azure_error
from batchmgmt.files import write_private
from batchmgmt.keys import AccountKeys
from batchmgmt.lean import Answer
from batchmgmt.tokens import Token, TokenCache

KEY = "c2VjcmV0LWtleQ=="


def test_a_secret_prints_nowhere_and_is_not_pickled():
    secret = Secret(KEY)
    endpoint = ServiceEndpoint("a", "g", "s", "https://h", KeyAuthentication("primary", secret), "", "")
    shown = [secret, [secret], endpoint, AccountKeys(secret, secret), Token(secret, 1), Answer(200, {}, KEY.encode())]
    for each in shown:
        assert KEY not in f"{each!r} {each!s} {each}"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)
    assert secret.reveal() == KEY
    assert secret == Secret(KEY)
    assert secret != Secret("other")


def test_an_error_keeps_all_that_azure_said_and_names_the_next_step():
    body = {
        "error": {
            "code": "ApplicationPackagesNotEmpty",
            "message": "All packages must go first.\nRequestId:1\nTime:2",
            "target": "BatchAccount",
            "details": [{"code": "Reason", "message": "two packages"}],
        }
    }
    error = azure_error("deleting application 'a' of account 'b'", 409, body, "request-1")
    assert isinstance(error, Conflict)
    assert (error.code, error.message, error.target) == (
        "ApplicationPackagesNotEmpty",
        "All packages must go first.",
        "BatchAccount",
    )
    assert error.details[0].message == "two packages"
    assert str(error) == (
        "deleting application 'a' of account 'b': ApplicationPackagesNotEmpty: All packages must go first."
        " [Reason: two packages] (request request-1);"
        f" {NEXT_STEPS['applicationpackagesnotempty']}"
    )


def test_the_batch_service_entra_and_answers_without_a_body_are_understood_too():
    service = {"code": "PoolNotFound", "message": {"lang": "en-US", "value": "No pool.\nRequestId:1"}}
    assert azure_error("x", 404, service).code == "PoolNotFound"
    assert azure_error("x", 404, service).message == "No pool."
    entra = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret."}
    assert isinstance(azure_error("x", 401, entra), NotAuthenticated)
    assert azure_error("x", 401, entra).code == "invalid_client"
    assert isinstance(azure_error("x", 502, None), ServiceFault)
    assert azure_error("x", 502, None).code == "HTTP502"


def test_next_steps_cover_the_commonest_codes_and_are_found_without_regard_to_case():
    assert len(NEXT_STEPS) >= 15
    assert all(code == code.lower() for code in NEXT_STEPS)
    assert azure_error("x", 409, {"error": {"code": "AllocationTimedout", "message": ""}}).next_step


def test_next_steps_name_commands_that_there_are():
    named = [each for step in NEXT_STEPS.values() for each in re.findall(r"`batchmgmt ([a-z -]+)`", step)]
    assert named
    assert {*named} <= commands().keys()


def test_a_file_with_a_secret_is_readable_by_its_owner_only_even_where_an_open_one_stood(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, KEY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == KEY
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_token_cache_that_others_could_have_written_is_not_trusted(tmp_path):
    cache = TokenCache(tmp_path / "cache")
    cache.put("name", Token(Secret(KEY), 4_000_000_000))
    kept = tmp_path / "cache" / "name"
    assert cache.get("name") == Token(Secret(KEY), 4_000_000_000)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    kept.chmod(0o644)
    assert cache.get("name") is None


def test_a_token_about_to_end_a_broken_file_and_a_cache_that_is_off_give_nothing(tmp_path):
    cache = TokenCache(tmp_path)
    cache.put("ending", Token(Secret(KEY), int(time.time()) + 60))
    write_private(tmp_path / "broken", "{")
    off = TokenCache(tmp_path / "off", enabled=False)
    off.put("name", Token(Secret(KEY), 4_000_000_000))
    assert (cache.get("ending"), cache.get("broken"), off.get("name")) == (None, None, None)
    assert not (tmp_path / "off").exists()
