"""Azurite under our supervision, through azure-storage-blob and through signals."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError
from azure.storage.blob import BlobServiceClient

from batchlocal.blobs import AzuriteMissing, BlobServer
from tests.support.waiting import until

ACCOUNT = "blobtests"
HOST = Path(__file__).with_name("host.py")


@dataclass(frozen=True)
class Place:
    """A data folder for blobs with the certificate to serve them with."""

    root: Path

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    def server(self) -> BlobServer:
        return BlobServer(self.blobs, self.root / "cert.pem", self.root / "key.pem")

    def client(self, port: int, key: str) -> BlobServiceClient:
        return BlobServiceClient(
            f"https://localhost:{port}/{ACCOUNT}",
            credential={"account_name": ACCOUNT, "account_key": key},
            connection_verify=str(self.root / "ca.pem"),
            retry_total=0,
        )

    @contextmanager
    def host(self, accounts: dict[str, list[str]]) -> Iterator[tuple[subprocess.Popen[str], int]]:
        """A process that runs a blob server, and its port."""
        command = [sys.executable, str(HOST), str(self.blobs)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(accounts) + "\n")
            process.stdin.flush()
            yield process, int(process.stdout.readline())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    for part in certificate.cert_chain_pems:
        part.write_to_path(str(tmp_path / "cert.pem"), append=True)
    return Place(tmp_path)


def new_key() -> str:
    return base64.b64encode(secrets.token_bytes(64)).decode()


def children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(word) for word in found.split()]


def is_running(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def test_accounts_appear_and_rotate_their_keys_while_it_runs(place: Place) -> None:
    async def story() -> None:
        server = place.server()
        await server.start()
        try:
            first, second, fresh = new_key(), new_key(), new_key()
            with place.client(server.port, first) as old, place.client(server.port, fresh) as new:
                await server.set_accounts({ACCOUNT: [first, second]})
                old.create_container("box")
                await server.set_accounts({ACCOUNT: [fresh, second]})
                with pytest.raises(HttpResponseError, match="failed to authenticate"):
                    list(old.list_containers())
                assert [box.name for box in new.list_containers()] == ["box"]
        finally:
            await server.stop()

    asyncio.run(story())


def test_accounts_are_in_force_for_each_of_those_who_set_them_at_once(place: Place) -> None:
    async def story() -> None:
        server, key = place.server(), new_key()
        many = {f"other{number}": [key] for number in range(300)}
        await server.start()
        try:
            sets = [server.set_accounts(many) for _ in range(60)]
            await asyncio.gather(*sets, server.set_accounts({**many, ACCOUNT: [key]}))
            with place.client(server.port, key) as client:
                client.create_container("box")
        finally:
            await server.stop()

    asyncio.run(story())


def test_a_port_that_was_half_written_is_drawn_again(place: Place) -> None:
    place.blobs.mkdir()
    (place.blobs / "port").write_text("")
    assert place.server().port > 0


def test_what_was_acknowledged_outlives_a_killed_parent_and_no_node_is_left(place: Place) -> None:
    key = new_key()
    with place.host({ACCOUNT: [key]}) as (host, port):
        [node] = children(host.pid)
        with place.client(port, key) as client:
            box = client.create_container("box")
            for number in range(20):
                box.upload_blob(f"blob-{number}", f"content {number}")
        host.kill()
        host.wait()
        # at once, while the old one may still be writing: the new one has to wait for it, not we
        with place.host({ACCOUNT: [key]}) as (_, again), place.client(again, key) as client:
            assert again == port
            assert not is_running(node)
            last = client.get_blob_client("box", "blob-19")
            assert last.download_blob().readall() == b"content 19"
            assert len(list(client.get_container_client("box").list_blobs())) == 20


def test_it_comes_back_on_its_port_with_its_accounts_after_a_crash(place: Place) -> None:
    key = new_key()
    with place.host({ACCOUNT: [key]}) as (host, port), place.client(port, key) as client:
        client.create_container("before")
        [node] = children(host.pid)
        until(lambda: (place.blobs / "data" / "__azurite_db_blob__.json").exists())
        os.kill(node, signal.SIGKILL)

        def answers() -> bool:
            try:
                client.get_account_information()
            except (ServiceRequestError, ServiceResponseError):
                return False
            return True

        until(lambda: not is_running(node))
        until(answers)
        assert children(host.pid) != [node]


def test_it_keeps_its_port_over_restarts_and_moves_only_when_another_program_took_it(place: Place) -> None:
    key = new_key()
    with place.host({ACCOUNT: [key]}) as (_, port):
        pass
    with place.host({ACCOUNT: [key]}) as (_, again):
        assert again == port
    with socket.create_server(("127.0.0.1", port)), place.host({ACCOUNT: [key]}) as (_, moved):
        assert moved != port
        with place.client(moved, key) as client:
            client.create_container("moved")


def test_keys_are_in_no_argument_and_no_file(place: Place) -> None:
    key = new_key()
    with place.host({ACCOUNT: [key]}) as (host, port), place.client(port, key) as client:
        client.create_container("box").upload_blob("blob", b"content")
        [node] = children(host.pid)
        shown = subprocess.run(
            ["ps", "eww", "-o", "args=", "-p", str(node)], capture_output=True, text=True, check=True
        )
        assert key not in shown.stdout
    files = [file for file in place.blobs.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if key.encode() in file.read_bytes()]


def test_missing_azurite_is_one_sentence_with_the_mend(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCHLOCAL_TOOLS", str(place.root))

    async def start() -> None:
        await place.server().start()

    with pytest.raises(AzuriteMissing, match="run `make setup`"):
        asyncio.run(start())
