"""A cloud that answers as a test says, over HTTPS with a CA of its own: for what batchlocal has no reason to answer."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

Values = dict[str, Any]


@dataclass
class Cloud:
    """``answers`` by method and path are taken in turn, the last one stays; ``requests`` are those that came to ARM."""

    url: str = ""
    answers: dict[tuple[str, str], list[tuple[int, Values, Values]]] = field(default_factory=dict)
    requests: list[tuple[str, str, Values]] = field(default_factory=list)

    def on(self, method: str, path: str, status: int, body: Values | None = None, **headers: str) -> None:
        """One more answer; headers' names have underscores for dashes, and ``{url}`` stands for the cloud's address."""
        named = {name.replace("_", "-"): value.replace("{url}", self.url) for name, value in headers.items()}
        self.answers.setdefault((method, path), []).append((status, body or {}, named))

    def bodies(self, method: str) -> list[Values]:
        return [body for one, _, body in self.requests if one == method]

    def answer(self, method: str, path: str, body: Values) -> tuple[int, Values, Values]:
        if path == "/metadata/endpoints":
            login = {"loginEndpoint": self.url, "audiences": [self.url]}
            return 200, {"resourceManager": self.url, "authentication": login}, {}
        if path.endswith("/oauth2/v2.0/token"):
            return 200, {"access_token": "token-of-a-test", "expires_in": 3600}, {}
        self.requests.append((method, path, body))
        left = self.answers.get((method, path), [])
        if not left:
            return 404, {"error": {"code": "NotFound", "message": f"no {path}"}}, {}
        return left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def running_cloud(folder: Path) -> Iterator[tuple[Cloud, dict[str, str]]]:
    """A cloud and the environment that leads a plugin to it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    cloud = Cloud()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            given = self.rfile.read(length)
            is_json = "json" in self.headers.get("Content-Type", "")
            status, body, headers = cloud.answer(
                self.command, self.path.split("?")[0], json.loads(given) if given and is_json else {}
            )
            content = json.dumps(body).encode() if body else b""
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - the base class looks for these names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    host = f"localhost:{server.server_port}"
    cloud.url = f"https://{host}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield (
        cloud,
        {
            "SSL_CERT_FILE": str(folder / "ca.pem"),
            "ARM_METADATA_HOSTNAME": host,
            "ARM_SUBSCRIPTION_ID": "sub",
            "ARM_TENANT_ID": "tenant",
            "ARM_CLIENT_ID": "client",
            "ARM_CLIENT_SECRET": "hidden-word",
        },
    )
    server.shutdown()
    thread.join()
    server.server_close()
