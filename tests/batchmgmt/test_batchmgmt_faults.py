"""Each command, with each of its ARM calls spoiled in turn: done by a retry, or one clear message and run again."""

from __future__ import annotations

import sys
import time

import pytest
from command_cases import CASES, NO_CALLS, Place, commands, covered
from faulty_proxy import FAULTS, FaultyProxy

from batchmgmt.__main__ import main

MOST_CALLS = 20
QUICK = [fault for fault in FAULTS if fault != "time-out"]


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


@pytest.mark.parametrize("number", range(len(CASES)), ids=[*CASES])
def test_a_command_survives_faults_that_take_turns(through_proxy, run, account, tmp_path, unique, number):
    """The quick matrix: each call of each command meets one fault; which one, goes by turns."""
    survives(
        through_proxy, run, Place(account, unique, tmp_path), [*CASES][number], lambda call: QUICK[(number + call) % 4]
    )


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("command", CASES)
def test_a_command_survives_each_fault_at_any_of_its_calls(
    through_proxy, run, account, tmp_path, unique, command, fault
):
    survives(through_proxy, run, Place(account, unique, tmp_path), command, lambda _call: fault)


def survives(through_proxy, run, where: Place, command: str, fault_of) -> None:
    """Run the command anew for each of its calls, with that call spoiled, until there is none left to be spoiled."""
    case = CASES[command]
    for number in range(1, MOST_CALLS):
        place = Place(where.account, f"{where.name}{number}", where.folder / str(number))
        place.folder.mkdir()
        case.make(place)
        words = [*command.split(), *case.words(place)]
        through_proxy.spoil(fault_of(number), number)
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
    assert covered() | NO_CALLS == commands().keys()
    assert not covered() & NO_CALLS


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
