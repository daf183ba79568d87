"""Each command, with each of its ARM calls spoiled in turn: done by a retry, or one clear message and run again."""

from __future__ import annotations

import sys

import pytest
from faulty_proxy import FAULTS, FaultyProxy

from batchmgmt.__main__ import main

MOST_CALLS = 20


@pytest.fixture(scope="module")
def proxy(batchlocal, tmp_path_factory):
    port = batchlocal.settings["metadataHost"].rpartition(":")[2]
    made = FaultyProxy(port, batchlocal.settings["caBundle"], tmp_path_factory.mktemp("proxy"))
    with made.serving():
        yield made


@pytest.fixture
def through_proxy(proxy, monkeypatch):
    monkeypatch.setenv("ARM_METADATA_HOSTNAME", f"localhost:{proxy.port}")
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", f"https://localhost:{proxy.port}")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(proxy.bundle))
    monkeypatch.setenv("SSL_CERT_FILE", str(proxy.bundle))
    monkeypatch.setenv("BATCHMGMT_TIMEOUT", "0.5")
    return proxy


@pytest.fixture
def run(monkeypatch, capsys):
    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["batchmgmt", *arguments])
        code = main()
        return code, capsys.readouterr().err

    return run


COMMANDS = {
    "endpoint show": ["endpoint", "show", "--details"],
    "account show": ["account", "show"],
    "account list": ["account", "list"],
    "keys list": ["keys", "list"],
    "keys sync-storage": ["keys", "sync-storage"],
    "pool list": ["pool", "list"],
    "application create": ["application", "create", "NAME"],
    "application set": ["application", "set", "faulty", "--display-name", "NAME"],
    "package list": ["package", "list", "-a", "faulty"],
    "package prune": ["package", "prune", "-a", "faulty", "--dry-run"],
    "location quota": ["location", "quota"],
    "activity list": ["activity", "list"],
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_survives_a_fault_at_any_of_its_calls(through_proxy, run, account, named, command, fault, unique):
    account.applications.ensure("faulty")
    for number in range(1, MOST_CALLS):
        arguments = [f"{unique}{number}" if word == "NAME" else word for word in COMMANDS[command]]
        place = [] if command == "account list" else named
        through_proxy.spoil(fault, number)
        code, said = run(*arguments, *place)
        if not through_proxy.spoiled:
            assert code == 0, said
            assert number > 1
            return
        assert_done_or_clear(code, said)
        if code:
            assert run(*arguments, *place)[0] == 0
    pytest.fail(f"{command} makes more than {MOST_CALLS} calls")


@pytest.mark.parametrize("fault", FAULTS)
def test_an_upload_survives_a_fault_at_any_of_its_calls_with_nothing_doubled_or_lost(
    through_proxy, run, account, named, tool, fault, unique
):
    for number in range(1, MOST_CALLS):
        (tool / "lib" / "data.txt").write_text(f"{fault} {number}\n")
        arguments = ["package", "upload", str(tool), *named, "-a", unique, "-v", f"1.{number}", "--default"]
        through_proxy.spoil(fault, number)
        code, said = run(*arguments)
        spoiled = through_proxy.spoiled
        assert_done_or_clear(code, said)
        if code:
            assert run(*arguments)[0] == 0
        assert account.packages.find(unique, f"1.{number}").state == "Active"
        assert account.applications.get(unique).properties.default_version == f"1.{number}"
        assert len(account.packages.list(unique)) == number
        if not spoiled:
            return
    pytest.fail(f"an upload makes more than {MOST_CALLS} calls")


def assert_done_or_clear(code: int, said: str) -> None:
    assert code in (0, 1)
    assert "Traceback" not in said
    if code == 1:
        assert said.startswith("batchmgmt: ")
        assert said.count("\n") == 1
