"""At level DEBUG no secret is logged, by the command line or by programs with the library; nor do errors show one."""

from __future__ import annotations

import json
import socket
import socketserver
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from batchmgmt.secret import masked

KEY = "A" * 86 + "=="
JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln"
PUBLISH = """
import logging, sys
logging.basicConfig(level=logging.DEBUG)
from datetime import timedelta
from azure.storage.blob import ContainerClient
from batchmgmt import BatchManagement
with BatchManagement.from_env() as management:
    account = management.account(*sys.argv[1:3])
    account.applications.ensure(sys.argv[3])
    account.packages.publish(sys.argv[3], "1.0", sys.argv[4])
    account.keys.list()
    list(account.client().list_pools())
    access = account.container_access(sys.argv[3], ttl=timedelta(minutes=5))
    with ContainerClient.from_container_url(access.url.reveal()) as container:
        list(container.list_blobs())
"""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://h/c?sv=1&sig=a%2Fb%3D&se=2", "https://h/c?sv=1&sig=REDACTED&se=2"),
        ("url: /c/b?sig=abc (Caused by x)", "url: /c/b?sig=REDACTED (Caused by x)"),
        ("AccountName=a;AccountKey=abc==;EndpointSuffix=e", "AccountName=a;AccountKey=REDACTED;EndpointSuffix=e"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer REDACTED"),
        ("'Authorization': 'SharedKey acct:c2ln'", "'Authorization': 'SharedKey REDACTED'"),
        ("client_id=1&client_secret=abc&scope=s", "client_id=1&client_secret=REDACTED&scope=s"),
        (f'{{"primary": "{KEY}"}}', '{"primary": "REDACTED"}'),
        (f"token {JWT}!", "token REDACTED!"),
        ("design=plain, signature of 88 bytes", "design=plain, signature of 88 bytes"),
    ],
)
def test_what_is_masked(text, shown):
    assert masked(text) == shown
    assert masked(shown) == shown


def test_the_environments_own_secret_is_masked(monkeypatch):
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "correct horse")
    assert masked("it was 'correct horse'") == "it was 'REDACTED'"


@pytest.fixture
def secrets(account, batchlocal):
    storage = account.management.storage_sdk.storage_accounts
    keys = storage.list_keys(account.resource_group, f"{account.name}st").keys_property or []
    return [
        batchlocal.settings["clientSecret"],
        *(key.reveal() for key in account.keys.list()),
        *(str(key.value) for key in keys),
    ]


def assert_clean(text: str, secrets: list[str]) -> None:
    assert "sig=" not in text.replace("sig=REDACTED", "")
    assert "eyJ" not in text
    assert not any(each in text for each in secrets)


def test_debug_shows_requests_without_their_secrets(cli, named, tool, unique, secrets):
    done = cli("--debug", "package", "upload", str(tool), "-a", unique, "-v", "1.0", *named)
    assert done.returncode == 0, done.stderr
    assert "DEBUG batchmgmt: PUT https://" in done.stderr
    assert "sig=REDACTED" in done.stderr
    assert_clean(done.stderr, secrets)
    assert unique in done.stdout


def test_debug_shows_the_lean_requests_too_and_the_result_apart_from_them(cli, named):
    for command in (["endpoint", "show"], ["pool", "list", "--format", "json"]):
        done = cli("--debug", *command, *named)
        assert done.returncode == 0, done.stderr
        assert "DEBUG batchmgmt: GET https://" in done.stderr
        assert json.loads(done.stdout) is not None


def test_a_program_that_logs_everything_logs_no_secret(account, tool, unique, secrets):
    words = [account.resource_group, account.name, unique, str(tool)]
    done = subprocess.run([sys.executable, "-c", PUBLISH, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for logger in ("urllib3.connectionpool:", "batchmgmt:"):
        shown = [line for line in done.stderr.splitlines() if logger in line]
        assert any("sig=REDACTED" in line for line in shown), logger
    assert_clean(done.stderr, secrets)


class OneWay(socketserver.ThreadingTCPServer):
    """A proxy that lets through to ``port`` only."""

    daemon_threads = True
    port = ""


class Tunnel(socketserver.StreamRequestHandler):
    server: OneWay

    def handle(self) -> None:
        target = self.rfile.readline().split()[1].decode()
        while self.rfile.readline().strip():
            pass
        if not target.endswith(f":{self.server.port}"):
            self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            return
        with socket.create_connection(("localhost", int(self.server.port))) as there:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=copy, args=(there, self.connection), daemon=True)
            back.start()
            copy(self.connection, there)
            back.join()


def copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def without_storage(batchlocal):
    """Variables with which ARM is reached, and storage is not."""
    with OneWay(("127.0.0.1", 0), Tunnel) as proxy:
        proxy.port = batchlocal.settings["metadataHost"].rpartition(":")[2]
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        yield {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.server_address[1]}", "NO_PROXY": "", "no_proxy": ""}
        proxy.shutdown()
        thread.join()


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_a_storage_that_cannot_be_reached_is_named_without_its_sas(
    cli, named, tool, unique, secrets, without_storage, debug
):
    done = cli(*debug, "package", "upload", str(tool), "-a", unique, "-v", "1.0", *named, env=without_storage)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"batchmgmt: uploading package '{unique}' 1.0 of account ")
    assert_clean(done.stderr, secrets)
    assert ("Traceback" in done.stderr) == bool(debug)
