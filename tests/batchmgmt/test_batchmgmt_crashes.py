"""Rotation that is killed at any moment, before, within and after each of its steps, is begun again and ends well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from faulty_proxy import FaultyProxy

HERE = Path(__file__).parent
MOST = 20


@pytest.fixture(scope="session")
def crashed(make_account):
    return make_account("crashedaccount")


@pytest.fixture(scope="module")
def proxy(batchlocal, tmp_path_factory):
    port = batchlocal.settings["metadataHost"].rpartition(":")[2]
    made = FaultyProxy(port, batchlocal.settings["caBundle"], tmp_path_factory.mktemp("proxy"))
    with made.serving():
        yield made


class Consumers:
    """Files that hold a key of the account, or with ``storage`` of its linked storage."""

    def __init__(self, account, folder: Path, storage: bool) -> None:
        self.account, self.storage = account, storage
        self.files = [folder / "one.env", folder / "two.env"]
        self.old = self.current()[0]
        for path in self.files:
            path.write_text(f"KEY={self.old}\n")

    def current(self) -> list[str]:
        if not self.storage:
            return [key.reveal() for key in self.account.keys.list()]
        accounts = self.account.management.storage_sdk.storage_accounts
        found = accounts.list_keys(self.account.resource_group, f"{self.account.name}st").keys_property
        return [str(each.value) for each in found]

    def arguments(self) -> list[str]:
        named = ["keys", "rotate", "-g", self.account.resource_group, "-n", self.account.name]
        files = [word for path in self.files for word in ("--file", str(path))]
        return [*named, *files, *(["--storage"] if self.storage else [])]

    def held(self) -> set[str]:
        return {path.read_text().removeprefix("KEY=").strip() for path in self.files}


def assert_goes_on(consumers: Consumers, in_process) -> None:
    """Nobody is locked out after the crash; the next run ends the rotation and leaves nothing else behind."""
    assert consumers.held() <= {*consumers.current()}
    code, _, said = in_process(*consumers.arguments())
    assert code == 0, said
    assert consumers.held() == {consumers.current()[1]}
    assert consumers.old not in consumers.current()
    assert {*consumers.files[0].parent.iterdir()} == {*consumers.files}
    assert {path.stat().st_mode & 0o777 for path in consumers.files} == {0o600}


STORAGE = pytest.mark.parametrize(
    "storage", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["batch", "storage"]
)


@STORAGE
def test_killed_before_any_change_to_a_file(crashed, tmp_path, in_process, storage):
    for number in range(1, MOST):
        folder = tmp_path / str(number)
        folder.mkdir()
        consumers = Consumers(crashed, folder, storage)
        command = [sys.executable, str(HERE / "dying.py"), str(number), str(folder), *consumers.arguments()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode in (0, 9), done.stderr
        assert_goes_on(consumers, in_process)
        if done.returncode == 0:
            assert number > 6, "two files, each opened, made private and renamed"
            return
    pytest.fail(f"rotation changes files more than {MOST} times")


@STORAGE
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_before_and_after_azure_did_any_of_its_calls(proxy, crashed, tmp_path, in_process, storage, moment):
    through = {
        "ARM_METADATA_HOSTNAME": f"localhost:{proxy.port}",
        "AZURE_AUTHORITY_HOST": f"https://localhost:{proxy.port}",
        "REQUESTS_CA_BUNDLE": str(proxy.bundle),
        "SSL_CERT_FILE": str(proxy.bundle),
    }
    for number in range(1, MOST):
        folder = tmp_path / str(number)
        folder.mkdir()
        consumers = Consumers(crashed, folder, storage)
        proxy.spoil(f"killed {moment}", number)
        command = [sys.executable, "-m", "batchmgmt", *consumers.arguments()]
        process = subprocess.Popen(command, env={**os.environ, **through}, stderr=subprocess.PIPE, text=True)
        proxy.victim = process
        _, said = process.communicate(timeout=60)
        assert process.returncode == (-9 if proxy.spoiled else 0), said
        assert_goes_on(consumers, in_process)
        if not proxy.spoiled:
            assert number > 2
            return
    pytest.fail(f"rotation makes more than {MOST} calls")
