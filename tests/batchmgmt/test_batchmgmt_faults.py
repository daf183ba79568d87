"""Each command, with each of its ARM calls spoiled in turn: done by a retry, or one clear message and run again."""

from __future__ import annotations

import sys
import time

import pytest
from command_cases import CASES, NO_CALLS, Case, Place, commands
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
    """Sends commands that run in this process by way of the proxy; what the test itself asks goes past it."""

    def send(wanted: bool) -> None:
        for name, value in addresses.items():
            monkeypatch.setenv(name, value if wanted else direct[name])

    from os import environ

    addresses = {
        "ARM_METADATA_HOSTNAME": f"localhost:{proxy.port}",
        "AZURE_AUTHORITY_HOST": f"https://localhost:{proxy.port}",
        "REQUESTS_CA_BUNDLE": str(proxy.bundle),
        "SSL_CERT_FILE": str(proxy.bundle),
        "BATCHMGMT_TIMEOUT": "1",
    }
    direct = {name: environ.get(name, "60") for name in addresses}
    proxy.send = send
    return proxy


@pytest.fixture
def run(monkeypatch, capsys, through_proxy):
    def run(words: list[str]) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["batchmgmt", *words])
        through_proxy.send(True)
        code = main()
        through_proxy.send(False)
        return code, capsys.readouterr().err

    return run


def fault_runs():
    for command, case in CASES.items():
        for fault in FAULTS:
            slow = fault == "time-out" if not case.costly else fault != "dropped after"
            yield pytest.param(command, case, fault, marks=[pytest.mark.slow] if slow else [], id=f"{command}-{fault}")


@pytest.mark.parametrize(("command", "case", "fault"), [*fault_runs()])
def test_a_command_survives_a_fault_at_any_of_its_calls(
    through_proxy, run, account, tmp_path, command, case: Case, fault, unique
):
    for number in range(1, MOST_CALLS):
        folder = tmp_path / str(number)
        folder.mkdir()
        place = Place(account, f"{unique}{number}", folder)
        case.make(place)
        words = [*command.split(), *case.words(place)]
        through_proxy.spoil(fault, number)
        code, said = run(words)
        spoiled = through_proxy.spoiled
        assert_done_or_clear(code, said)
        assert spoiled or code == 0, said
        if code:
            again, said = run(words)
            assert again == 0, said
        assert case.done(place)
        if not spoiled:
            assert number > 1
            return
    pytest.fail(f"{command} makes more than {MOST_CALLS} calls")


def test_every_command_is_in_the_table_of_those_that_call_azure_or_of_those_that_do_not():
    assert CASES.keys() | NO_CALLS | ELSEWHERE.keys() == commands().keys()
    assert not CASES.keys() & NO_CALLS


ELSEWHERE = {
    "activity follow": "test_following_goes_on_after_a_fault",
    "account detectors": "",
    "private-endpoint-connection show": "",
    "private-endpoint-connection approve": "",
    "private-endpoint-connection reject": "",
    "private-endpoint-connection delete": "",
}


@pytest.mark.parametrize("command", ["endpoint show", "keys list"])
def test_retry_after_is_waited_for(through_proxy, run, account, named, command):
    through_proxy.spoil("429", 1, retry_after=1)
    started = time.monotonic()
    code, said = run([*command.split(), *named])
    assert code == 0, said
    assert time.monotonic() - started >= 1


def assert_done_or_clear(code: int, said: str) -> None:
    assert code in (0, 1), said
    assert "Traceback" not in said
    if code == 1:
        last = said.splitlines()[-1]  # steps that were told before the fault stand above
        assert last.startswith("batchmgmt: ")
        assert said.count("batchmgmt: ") == 1
