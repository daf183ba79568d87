"""A CI system that gives its jobs tokens of their own, as GitHub Actions does; batchlocal trusts it when told to."""

from __future__ import annotations

import json
import ssl
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.conftest import Local

__all__ = ["AUDIENCE", "SUBJECT", "Issuer", "Requests", "answering"]

AUDIENCE = "api://AzureADTokenExchange"
SUBJECT = "repo:contoso/render:ref:refs/heads/main"


@dataclass
class Issuer:
    """An issuer of tokens, with a key that only it has."""

    url: str = field(default_factory=lambda: f"https://{uuid.uuid4().hex}.ci.example")
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048), repr=False)

    @property
    def keys(self) -> list[dict[str, Any]]:
        public: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return [{**public, "kid": "one", "alg": "RS256", "use": "sig"}]

    def token(self, **claims: Any) -> str:
        known = {"iss": self.url, "sub": SUBJECT, "aud": AUDIENCE, "exp": time.time() + 300}
        return jwt.encode({**known, **claims}, self.key, algorithm="RS256", headers={"kid": "one"})

    def is_trusted_by(self, local: Local, folder: Path) -> None:
        """Hand its keys to a batchlocal."""
        keys = folder / "keys.json"
        keys.write_text(json.dumps({"keys": self.keys}))
        done = local.run("principal", "trust", self.url, str(keys))
        assert done.returncode == 0, done.stderr

    def principal(self, local: Local, name: str, subject: str = SUBJECT) -> dict[str, str]:
        """A principal that its tokens with that subject sign in as; it may do nothing yet."""
        done = local.run("principal", "add", name, "--issuer", self.url, "--subject", subject, "--json")
        assert done.returncode == 0, done.stderr
        made: dict[str, str] = json.loads(done.stdout)
        return made


@dataclass
class Requests:
    """Where a job asks for its token, as at GitHub (GET) and at Azure DevOps (POST), and how often it did."""

    url: str
    bearer: str = field(repr=False)
    bundle: Path
    subject: str = SUBJECT
    asked: int = 0

    @property
    def trusted(self) -> dict[str, str]:
        """What makes a client trust it, beside batchlocal."""
        return {"SSL_CERT_FILE": str(self.bundle), "REQUESTS_CA_BUNDLE": str(self.bundle)}

    @property
    def environment(self) -> dict[str, str]:
        """What a job of GitHub Actions has."""
        asking = {"ACTIONS_ID_TOKEN_REQUEST_URL": self.url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.bearer}
        return {**asking, **self.trusted}


@contextmanager
def answering(issuer: Issuer, local: Local, folder: Path) -> Iterator[Requests]:
    """The issuer's token endpoint, with a CA bundle that has its certificate beside batchlocal's."""
    authority = trustme.CA()
    bundle = folder / "bundle.pem"
    bundle.write_bytes(Path(local.settings["caBundle"]).read_bytes() + authority.cert_pem.bytes())
    requests = Requests("", uuid.uuid4().hex, bundle)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            self.give("value", aud=query.get("audience", [""])[-1], sub=requests.subject)

        def do_POST(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            self.give("oidcToken", sub=f"sc://contoso/render/{query['serviceConnectionId'][0]}")

        def give(self, member: str, **claims: str) -> None:
            allowed = self.headers["Authorization"] == f"Bearer {requests.bearer}"
            requests.asked += allowed
            token = issuer.token(**claims, exp=time.time() + 120)
            body = json.dumps({member: token} if allowed else {"message": "no"}).encode()
            self.send_response(200 if allowed else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    requests.url = f"https://localhost:{server.server_port}/token?api-version=2.0"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
