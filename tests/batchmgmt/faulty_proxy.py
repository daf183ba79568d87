"""A proxy in front of a batchlocal that spoils one request: what networks and services do now and then.

Clients meet it as their cloud: its port has as many digits as the server's, so that every address in requests and
answers can be exchanged in place. Blob uploads go past it, straight to storage.
"""

from __future__ import annotations

import http.client
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

# What a client may meet; beside these there are "killed before" and "killed after", which end the ``victim`` itself.
FAULTS = ("429", "500", "dropped before", "dropped after", "time-out")


class FaultyProxy:
    """Spoils the ``number``-th ARM call (from 1) by ``fault``; ``arm_calls`` counts them."""

    victim: subprocess.Popen[str]

    def __init__(self, upstream: str, ca_file: str, folder: Path) -> None:
        self.upstream = upstream
        self.context = ssl.create_default_context(cafile=ca_file)
        authority = trustme.CA()
        self.bundle = folder / "proxy-bundle.pem"
        self.bundle.write_bytes(authority.cert_pem.bytes() + Path(ca_file).read_bytes())
        self.server = self._listen(authority)
        self.port = str(self.server.server_address[1])
        self.spoil("none", 0)

    def spoil(self, fault: str, number: int, retry_after: int = 0) -> None:
        """From now on count calls anew; ``retry_after`` (seconds) is what a 429 or 500 asks for."""
        self.fault, self.number, self.arm_calls, self.spoiled = fault, number, 0, False
        self.retry_after = retry_after
        self.released = threading.Event()

    @contextmanager
    def serving(self) -> Iterator[FaultyProxy]:
        thread = threading.Thread(target=self.server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self.released.set()
            self.server.shutdown()
            self.server.server_close()
            thread.join()

    def due(self, path: str) -> bool:
        """Whether this request is the one to be spoiled."""
        if not path.lower().startswith("/subscriptions/"):
            return False
        self.arm_calls += 1
        self.spoiled |= self.arm_calls == self.number
        return self.arm_calls == self.number

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Status, headers and body of the server's answer."""
        connection = http.client.HTTPSConnection("localhost", int(self.upstream), context=self.context, timeout=30)
        with closing(connection):
            connection.request(method, path, self.swap(body, self.port, self.upstream), headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()

    @staticmethod
    def swap(data: bytes, old: str, new: str) -> bytes:
        for colon in ("%3A", "%3a", ":"):
            data = data.replace(f"localhost{colon}{old}".encode(), f"localhost{colon}{new}".encode())
        return data

    def _listen(self, authority: trustme.CA) -> ThreadingHTTPServer:
        proxy = self

        class Handler(_Handler):
            owner = proxy

        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(tls)
        while True:
            server = _Server(("127.0.0.1", 0), Handler)
            if len(str(server.server_address[1])) == len(self.upstream):
                break
            server.server_close()
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        return server


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that leaves early is what the tests are about, and no news."""


class _Handler(BaseHTTPRequestHandler):
    owner: FaultyProxy
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.owner.due(self.path):
            self.spoil(body)
        else:
            self.pass_on(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815

    def spoil(self, body: bytes) -> None:
        if self.owner.fault in ("429", "500"):
            self.refuse(int(self.owner.fault))
            return
        if self.owner.fault == "dropped after":  # Azure did it; the answer was lost
            self.owner.forward(self.command, self.path, dict(self.headers), body)
        elif self.owner.fault.startswith("killed"):
            if self.owner.fault == "killed after":
                self.owner.forward(self.command, self.path, dict(self.headers), body)
            self.owner.victim.kill()
        elif self.owner.fault == "time-out":
            self.owner.released.wait(5)
        self.close_connection = True

    def refuse(self, status: int) -> None:
        text = b'{"error":{"code":"Spoiled","message":"One request in a thousand ends like this."}}'
        self.send_response(status)
        self.send_header("Retry-After", str(self.owner.retry_after))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def pass_on(self, body: bytes) -> None:
        status, headers, content = self.owner.forward(self.command, self.path, dict(self.headers), body)
        content = self.owner.swap(content, self.owner.upstream, self.owner.port)
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                swapped = self.owner.swap(value.encode("latin-1"), self.owner.upstream, self.owner.port)
                self.send_header(name, swapped.decode("latin-1"))
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
