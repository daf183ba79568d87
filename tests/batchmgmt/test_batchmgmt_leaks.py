"""No command shows a secret that its format does not ask for: not as output, not in tracebacks, logs or arguments."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from command_cases import CASES, Place

ASKED_FOR = {"endpoint show", "endpoint storage", "keys list"}  # to print a secret is what these are for
STARTED: list[tuple[Any, ...]] = []


def note_processes(event: str, details: tuple[Any, ...]) -> None:
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        STARTED.append((event, *details))


sys.addaudithook(note_processes)


@pytest.fixture
def secrets(account, batchlocal):
    """What must not be seen: keys of the account and its storage, tokens, the client's secret; as they are then."""
    storage = account.management.storage_sdk.storage_accounts

    def now() -> set[str]:
        keys = storage.list_keys(account.resource_group, f"{account.name}st").keys_property or []
        kept = Path(os.environ["BATCHMGMT_CACHE_DIR"]).glob("*")
        return {
            batchlocal.settings["clientSecret"],
            *(key.reveal() for key in account.keys.list()),
            *(str(key.value) for key in keys),
            *(json.loads(file.read_text())["token"] for file in kept),
        }

    return now


def leaks(text: str, secrets: set[str]) -> list[str]:
    """Which secrets stand in the text, by their length only: a failing test must not print them either."""
    found = [f"a secret of {len(each)} characters" for each in secrets if each in text]
    return found + (["a signature of a SAS"] if "sig=" in text.replace("sig=REDACTED", "") else [])


@pytest.mark.parametrize("command", CASES)
def test_neither_output_nor_logs_nor_arguments_hold_a_secret(
    in_process, account, unique, tmp_path, caplog, secrets, command
):
    place, before = Place(account, unique, tmp_path), secrets()
    CASES[command].make(place)
    STARTED.clear()
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        code, out, said = in_process(*command.split(), *CASES[command].words(place))
    CASES[command].done(place)
    assert code == 0, said
    known = before | secrets()
    assert not leaks(said, known)
    assert not leaks(caplog.text, known)
    assert not leaks(repr(STARTED), known)
    if command not in ASKED_FOR:
        assert not leaks(out, known)


@pytest.mark.slow
@pytest.mark.parametrize("command", [each for each in CASES if CASES[each].named and "activity" not in each])
def test_no_traceback_holds_a_secret(in_process, account, unique, tmp_path, secrets, command):
    place = Place(account, unique, tmp_path)
    CASES[command].make(place)
    words = [*command.split(), *CASES[command].words(place)]
    CASES[command].done(place)
    words[-1] = "nosuchaccount"
    code, out, said = in_process("--debug", *words)
    assert code == 1
    assert "Traceback" in said
    assert not leaks(out + said, secrets())


def test_a_wrong_client_secret_is_not_shown(in_process, named, tmp_path, unique):
    env = {"AZURE_CLIENT_SECRET": f"wrong-{unique}", "BATCHMGMT_CACHE_DIR": str(tmp_path)}
    for command in (["endpoint", "show"], ["account", "show"]):
        code, out, said = in_process(*command, *named, env=env)
        assert (code, out) == (1, "")
        assert "invalid_client" in said
        assert unique not in said
