"""``package upload URL``: what a server does wrong once is tried again, what it means is final, and no SAS shows."""

from __future__ import annotations

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
import trustme

from batchmgmt.downloads import ATTEMPTS, fetched
from batchmgmt.errors import BatchManagementError, ConnectionFailed, UsageError

CONTENT = b"what the package holds " * 1000
SAS = "sv=2024-11-04&sig=c2VjcmV0"


class Server(ThreadingHTTPServer):
    """Answers each request by the next of its ``answers``: a status, or how many bytes of the content to send."""

    answers: ClassVar[list[int | str]] = []
    asked = 0

    def handle_error(self, *_: object) -> None:
        """A client that leaves, or does not trust us, is what the tests are about."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        answer = self.server.answers[min(self.server.asked, len(self.server.answers) - 1)]
        self.server.asked += 1
        if isinstance(answer, int):
            self.send_error(answer)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT if answer == "whole" else CONTENT[:1000])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path, monkeypatch):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with Server(("127.0.0.1", 0), Handler) as made:
        made.socket = context.wrap_socket(made.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def url(server: Server) -> str:
    return f"https://localhost:{server.server_address[1]}/tool.zip?{SAS}"


@pytest.mark.parametrize("wrong", [500, 503, "broken off"])
def test_what_goes_wrong_once_is_tried_again(server, wrong):
    server.answers = [wrong, "whole"]
    with fetched(url(server)) as path:
        assert path.read_bytes() == CONTENT
    assert server.asked == 2
    assert not path.exists()


@pytest.mark.parametrize(
    ("answer", "kind", "asked"),
    [
        (404, BatchManagementError, 1),
        (403, BatchManagementError, 1),
        (503, BatchManagementError, ATTEMPTS),
        ("broken off", ConnectionFailed, ATTEMPTS),
    ],
)
def test_a_refusal_is_final_and_patience_ends(server, answer, kind, asked):
    server.answers = [answer]
    with pytest.raises(kind, match=r"/tool\.zip ") as failure, fetched(url(server)):
        pass
    assert server.asked == asked
    assert "sig=" not in str(failure.value)


def test_a_server_that_is_not_trusted_is_asked_once(server, monkeypatch, tmp_path):
    trustme.CA().cert_pem.write_to_path(tmp_path / "another.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "another.pem"))
    with pytest.raises(ConnectionFailed, match="certificate verify failed"), fetched(url(server)):
        pass
    assert server.asked == 0


def test_only_https_is_fetched():
    with (
        pytest.raises(UsageError, match=r"^http://localhost/tool\.zip is not https$"),
        fetched("http://localhost/tool.zip?x"),
    ):
        pass
